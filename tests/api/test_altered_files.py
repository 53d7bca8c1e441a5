"""An altered list, QR payload or PDF is refused by the command line and by the API with one reason code.

The browser's column of the same table: tests/browser/test_altered_files.py.
"""

import io
import json

import pytest

from gateway.cli import app as commands
from tests.alterations import REFUSED, ROWS, altered, code_text, genuine

EXIT = {"no": 1, "unknown": 2, None: 4}
"""Exit status by the verdict; None: it cannot be processed."""


def by_api(gallery, form, data):
    """Verdict and reason code."""
    client = gallery.app().test_client()
    if form == "code":
        found = client.post("/api/v1/resolutions", json={"text": code_text(data)}).json
        return None, found["reasons"][0]["code"]
    upload = {"file": (io.BytesIO(data), "list.cbor" if form == "list" else "licence.pdf")}
    told = client.post("/api/v1/verifications", data=upload)
    if told.status_code == 422:
        return None, told.json["code"]
    return told.json["answer"]["genuine"], told.json["answer"]["reasons"][0]["code"]


def by_command(gallery, form, data, path, capsys):
    """Verdict, reason code and exit status."""
    path.write_bytes(code_text(data).encode() if form == "code" else data)
    home = str(gallery.container.settings.data_dir)
    status = commands(["verify", str(path), "--data-dir", home, "--offline", "--json"], standalone_mode=False)
    printed = json.loads(capsys.readouterr().out)
    if "error" in printed:
        return None, printed["error"]["code"], status
    return printed["answer"]["genuine"], printed["answer"]["reasons"][0]["code"], status


@pytest.mark.parametrize("form", ["list", "code", "pdf"])
def test_what_is_not_altered_is_not_refused(gallery, tmp_path, capsys, form):
    data = genuine(gallery, form)
    assert by_command(gallery, form, data, tmp_path / "file", capsys) == ("yes", "GENUINE", 0)
    assert by_api(gallery, form, data)[1] == "GENUINE"


@pytest.mark.parametrize(("form", "kind"), ROWS)
def test_the_command_line_and_the_api_give_one_reason(gallery, tmp_path, capsys, form, kind):
    data, expected = altered(gallery, form, kind), REFUSED[form, kind]
    assert data != genuine(gallery, form)
    verdict, code, status = by_command(gallery, form, data, tmp_path / "file", capsys)
    assert (code, status) == (expected, EXIT[verdict])
    told, told_code = by_api(gallery, form, data)
    assert told_code == expected
    # Of a code the API says what came of it, and no verdict beside the reason.
    assert told == (None if form == "code" else verdict)


def test_the_table_is_whole():
    assert {form for form, _ in ROWS} == {"list", "code", "pdf"}
    assert len(ROWS) == 9
