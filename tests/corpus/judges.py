"""Two judges of a file: the library in this process, and the command in a process of its own, as a counterparty runs it."""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from gateway.domain.conclusion import conclude, is_unsigned
from gateway.domain.parties import parties_of
from gateway.domain.verification import RegistryFinding, RegistryStatus
from gateway.services.file_validation import attached_licence, attachments_of
from signing.errors import MalformedDataError, ResourceLimitError, UnsupportedFormatError
from signing.validation.process import validate_pdf
from tests.corpus.case import REFUSED, Judgement

ROOT = Path(__file__).resolve().parents[2]
WEIGHED = ROOT / "tests" / "corpus" / "weighed.py"
UNSIGNED, UNPROCESSABLE = "3", "4"
_STATUSES = {"yes": "0", "no": "1", "unknown": "2"}


class _Here:
    """Reads in this process, where the gateway has workers."""

    @staticmethod
    def run(function, *arguments):
        return function(*arguments)


def by_library(data, policy, at):
    """The judgement of the library, joined to an answer by the rules of the gateway. Unexpected errors pass through."""
    try:
        signatures = validate_pdf(data, policy, at=at).signatures
    except (MalformedDataError, UnsupportedFormatError, ResourceLimitError) as error:
        return Judgement(REFUSED, UNPROCESSABLE, (error.code,))
    licence = attached_licence(attachments_of(data, _Here()))
    parties = None if licence is None else parties_of(signatures, licence)
    answer = conclude(signatures, RegistryFinding(RegistryStatus.NOT_CHECKED), at, parties=parties)
    return Judgement(
        genuine=str(answer.genuine),
        exit=UNSIGNED if is_unsigned(signatures) else _STATUSES[answer.genuine],
        reasons=tuple(reason.code for reason in answer.reasons),
        signatures=tuple(
            (
                str(s.indication),
                str(s.sub_indication or ""),
                s.level,
                str(s.coverage),
                str(s.changes_after_signing),
            )
            for s in signatures
        ),
    )


@dataclass(frozen=True)
class Run:
    """One run of the command over several files."""

    status: int
    judgements: dict[str, Judgement]
    """By file name."""
    complaints: str
    """What was written to standard error."""
    peak_kib: int
    """Of memory, of the largest of its processes."""


def by_command(files, trust, at, *, home, revocation="required", timeout=280):
    """``licence-gateway verify --json --offline`` over the files."""
    command = [sys.executable, "-m", "gateway.cli", "verify", "--json", "--offline", "--trust-anchors", str(trust)]
    with tempfile.NamedTemporaryFile("r") as peak:
        done = subprocess.run(
            [sys.executable, WEIGHED, peak.name, *command, "--at", at.isoformat(), *map(str, files)],
            env={
                "PATH": os.environ["PATH"],
                "LANG": "C.UTF-8",
                "GATEWAY_DATA_DIR": str(home),
                "GATEWAY_REVOCATION": revocation,
            },
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )
        peak_kib = int(peak.read())
    try:
        said = json.loads(done.stdout)
    except ValueError:
        raise AssertionError(f"no JSON; exit status {done.returncode}: {done.stderr[-2000:]}") from None
    reports = said if isinstance(said, list) else [said]
    found = {report["document"]["file_name"]: judgement_of_report(report) for report in reports}
    return Run(done.returncode, found, done.stderr, peak_kib)


def judgement_of_report(report):
    """The judgement in the JSON of the command or the service; ``error`` stands for a refused file."""
    if "error" in report:
        return Judgement(REFUSED, UNPROCESSABLE, (report["error"]["code"],))
    signatures = report["signatures"]
    return Judgement(
        genuine=report["answer"]["genuine"],
        exit=_exit_of(report),
        reasons=tuple(reason["code"] for reason in report["answer"]["reasons"]),
        signatures=tuple(
            (
                s["indication"],
                s["sub_indication"] or "",
                s["level"],
                s["coverage"],
                s["changes_after_signing"],
            )
            for s in signatures
        ),
    )


def _exit_of(report):
    """The status of one file among several: 3 where the command says that nobody signed."""
    codes = {reason["code"] for reason in report["answer"]["reasons"]}
    return UNSIGNED if "NO_SIGNATURE" in codes else _STATUSES[report["answer"]["genuine"]]
