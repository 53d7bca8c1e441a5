"""Faults that the suite does already: its tests are run again for the record, and counted."""

import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

from tests.faults.gateway import ROOT
from tests.faults.result import FaultResult

SECONDS = 3600


def of_suite(name, *files):
    """One row: each test of the files is a round, and one that fails is an answer that should not have been given."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", *files]
        environment = os.environ | {"PYTHONPATH": str(ROOT), "CI": "1"}
        subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, timeout=SECONDS, check=False)
        cases = list(ET.parse(report).getroot().iter("testcase"))
    broken = [case for case in cases if any(case.find(kind) is not None for kind in ("failure", "error", "skipped"))]
    said = f"{len(cases) - len(broken)} of {len(cases)} tests of {', '.join(files)} passed"
    if broken:
        said += "; BREACH: " + ", ".join(case.get("name") for case in broken[:3])
    return FaultResult(name, len(cases), len(cases) - len(broken), said, wrong=len(broken))
