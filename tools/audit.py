"""Asks the package index for known vulnerabilities of the pinned packages.

An index that does not answer is said so (exit status 75, not checked) and never taken for good news.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FOUND, NOT_CHECKED = 1, 75
_SECONDS = 180
_COMMAND = ["-m", "pip_audit", "--disable-pip", "--require-hashes", "--progress-spinner", "off", "--timeout", "15"]


def ask() -> list[dict[str, Any]]:
    """One entry a package: with ``vulns``, or with ``skip_reason`` where the index knew nothing. Empty: no answer."""
    command = [sys.executable, *_COMMAND, "--format", "json", "--requirement", "requirements.lock"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=_SECONDS)
        answer: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        return []
    return answer


def main() -> None:
    """Exit status 0: all asked, none known to be vulnerable; 1: some are; 75: some or all could not be asked."""
    answers = ask()
    vulnerable = {entry["name"]: [v["id"] for v in entry["vulns"]] for entry in answers if entry.get("vulns")}
    unasked = [entry["name"] for entry in answers if "vulns" not in entry]
    for name, identifiers in vulnerable.items():
        print(f"{name}: {', '.join(identifiers)}")
    if vulnerable:
        sys.exit(FOUND)
    if unasked or not answers:
        print(
            f"The index gave no advisories for {len(unasked) or 'any'} of {len(answers) or 'the'} packages: not checked."
        )
        sys.exit(NOT_CHECKED)
    print(f"{len(answers)} packages, none known to be vulnerable")


if __name__ == "__main__":
    main()
