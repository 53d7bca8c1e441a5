"""The commands of the register of seals."""

import json
from datetime import timedelta

from gateway.domain.status import china_day


def test_a_seal_from_the_list_to_its_successor(run, fresh, tmp_path):
    last = (china_day(fresh.clock()) + timedelta(days=30)).isoformat()
    first = json.loads(run("seal", "list", "--json"))[0]
    key_id, authority = first["key_id"], first["authority_code"]
    assert key_id in run("seal", "list") and "未备案" in run("seal", "list")
    assert "已停用 suspended" in run("seal", "suspend", key_id, "--reason", "核查")
    assert json.loads(run("seal", "resume", key_id, "--reason", "核实", "--json"))["state"] == "in_use"
    assert "已销毁 destroyed" in run("seal", "destroy", key_id, "--reason", "损坏")
    picture = tmp_path / "seal.png"
    run("seal", "show", key_id, "--picture", picture)
    made = json.loads(
        run(
            *("seal", "make", authority, "--name", "证照专用章", "--filing-number", "4417020000001"),
            *("--picture", picture, "--valid-until", last, "--json"),
        )
    )
    assert (made["state"], made["valid_until"]) == ("in_use", f"{last}T15:59:59Z")
    shown = run("seal", "show", made["key_id"])
    assert "制作 made" in shown and "4417020000001" in shown
