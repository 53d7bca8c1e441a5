"""The code of before goes on working on a database that a newer one migrated, as it must while processes are replaced.

The code of before is that of the commit before the newest migration, or of the commit that GATEWAY_UPGRADE_FROM names. It issues,
changes and answers on its own schema, then on the migrated one; the code of now must find all of it whole.
"""

import json
import os
import subprocess
import sys
from contextlib import nullcontext

from tests.faults.gateway import APPLICATIONS, BASE_URL, ROOT, VECTORS, records
from tests.faults.result import FaultResult
from tools.check_migrations import postgresql

LICENCES = 20
"""Of each step."""
PROGRAM = """
import json, secrets, sys
from pathlib import Path
from gateway.app import create_app
from gateway.container import Container
from gateway.domain.status import LicenceStatus
from gateway.services.status_changes import StatusDecision
from gateway.settings import read_settings

asked = json.load(sys.stdin)
settings = dict(data_dir=Path(asked["home"]), key_iterations=1000, public_base_url=asked["base_url"], log_level="ERROR")
gateway = Container(read_settings({}, database_url=asked["url"], **settings))
if asked["initialise"]:
    gateway.installation.initialise()
if asked["enterprises"]:
    gateway.installation.register_samples(asked["enterprises"])
client, issued = create_app(gateway).test_client(), []
for record in asked["records"]:
    licence = gateway.licences.issue(record)
    for status in (LicenceStatus.SUSPENDED, LicenceStatus.VALID):
        gateway.status_changes.record(licence.licence_identifier, StatusDecision(status, "《某法》第一条", "整改"))
    answer = client.get(f"/api/v1/enterprises/{record['CYRSFZJHM']}/licences")
    assert answer.status_code == 200 and licence.licence_identifier in answer.text, answer.text
    issued.append(licence.licence_identifier)
gateway.log.sequence()
gateway.couriers.round()
gateway.retention.purge()
listed = set()
for code in asked["holders"]:
    found = client.get(f"/api/v1/enterprises/{code}/licences").get_json()
    listed |= {line["licence_identifier"] for line in found["licences"]}
print(json.dumps({"issued": issued, "listed": sorted(listed), "is_whole": gateway.log_audit.verify().is_whole}))
"""


def run(folder):
    """Once on each engine."""
    before = folder / "before"
    commit = os.environ.get("GATEWAY_UPGRADE_FROM") or newest_before_a_migration()
    unpack(commit, before)
    results = []
    for name, server in (("SQLite", nullcontext()), ("PostgreSQL", postgresql(folder / "server"))):
        with server as url:
            results.append(
                upgraded(f"schema migrated under the code of before, {name}", folder / name, url, before, commit)
            )
    return results


def newest_before_a_migration():
    """The newest commit of the main line whose chain of migrations is a whole one, and ends before ours does."""
    for commit in git("log", "--first-parent", "-m", "--format=%H", "--", "gateway/migrations").split():
        lines = git("grep", "-hE", "^(down_)?revision = ", f"{commit}^", "--", "gateway/migrations").splitlines()
        revisions, before = (
            {line.split(" = ")[1] for line in lines if line.startswith(name)} for name in ("rev", "down")
        )
        if len(revisions - before) == 1:
            return git("rev-parse", f"{commit}^").strip()
    raise AssertionError("the history does not reach so far: fetch more of it, or set GATEWAY_UPGRADE_FROM")


def unpack(commit, folder):
    """Its files, and what `make setup` puts beside them."""
    folder.mkdir(parents=True)
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=True).stdout
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive, check=True)
    (folder / "build").symlink_to(ROOT / "build")
    environment = os.environ | {"PYTHONPATH": str(folder)}
    subprocess.run(
        [sys.executable, "tools/translations.py"], cwd=folder, env=environment, capture_output=True, check=True
    )


def upgraded(name, home, url, before, commit):
    """Old code on its own schema, new code migrates, old code again, new code looks."""
    applications = records(APPLICATIONS)[: 3 * LICENCES]
    holders = sorted({application["CYRSFZJHM"] for application in applications})
    shares = [applications[n : n + LICENCES] for n in range(0, 3 * LICENCES, LICENCES)]

    def step(code, share=(), *, initialise=False, enterprises=()):
        asked = {"home": str(home), "url": url, "base_url": BASE_URL, "records": share, "holders": holders}
        asked |= {"initialise": initialise, "enterprises": enterprises}
        return said_by(code, asked)

    told = [
        step(before, shares[0], initialise=True, enterprises=records(VECTORS / "registry" / "enterprises.jsonl")),
        step(ROOT, initialise=True),
        step(before, shares[1]),
        step(ROOT, shares[2]),
    ]
    broken = [one["error"] for one in told if "error" in one]
    issued = [identifier for one in told for identifier in one.get("issued", ())]
    listed = told[-1].get("listed", ())
    survived = sum("error" not in one and one["is_whole"] for one in told)
    lost = len(applications) - len(set(issued) & set(listed))
    said = f"{len(issued)} licences; before: {commit[:7]}" + (f"; BREACH: {broken[:2]}" if broken else "")
    return FaultResult(name, len(told), survived, said, lost=lost, doubled=len(listed) - len(set(issued)))


def said_by(code, asked):
    """What the program says when it runs in the code of a folder."""
    environment = os.environ | {"PYTHONPATH": str(code)}
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(
        command, input=json.dumps(asked), cwd=code, env=environment, capture_output=True, text=True, check=False
    )
    return json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else {"error": done.stderr[-800:]}


def git(*words):
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout
