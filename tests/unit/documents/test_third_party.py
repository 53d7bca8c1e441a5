"""docs/third-party.md names everything that package-lock.json and requirements.in bring in, and nothing else."""

import json
import re

from tests.unit.documents.faces import ROOT

LOCK = json.loads((ROOT / "package-lock.json").read_text())["packages"]
PAGE = (ROOT / "docs" / "third-party.md").read_text()


def rows(heading):
    section = PAGE.split(f"## {heading}")[1].split("\n## ")[0]
    return {tuple(cell.strip() for cell in line.strip("|").split("|")) for line in section.splitlines() if "|" in line}


def test_every_npm_package_is_listed_with_version_and_licence():
    locked = {(k.removeprefix("node_modules/"), v["version"], v["license"]) for k, v in LOCK.items() if k}
    listed = {row[:3] for row in rows("Fonts and scripts (npm)")} - {("package", "version", "licence"), ("---",) * 3}
    assert listed == locked


def test_every_direct_python_package_is_listed():
    lines = (ROOT / "requirements.in").read_text().splitlines()
    wanted = {re.match(r"[\w-]+", line)[0] for line in lines if line and not line.startswith("#")}
    assert {row[0] for row in rows("Python packages")} - {"package", "---"} == wanted


def test_the_lock_pins_by_digest_and_names_no_host():
    for place, package in LOCK.items():
        assert not place or package["integrity"].startswith("sha512-")
        assert "resolved" not in package
