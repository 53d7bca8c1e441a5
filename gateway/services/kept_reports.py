"""Reports as rows: their numbers, and the form from which exactly the same report is made again."""

import secrets
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError

from gateway.domain.status import CHINA_STANDARD_TIME
from gateway.domain.verification import VerificationReport
from gateway.errors import NotFoundError

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: nothing that is misread when it is copied by hand."""

_RANDOM_CHARACTERS, _DIGEST_CHARACTERS = 16, 12
"""80 bits that no one guesses: who has the number was given the report."""

_RESTORABLE = "restorable"

_reports = TypeAdapter(tuple[VerificationReport], config=ConfigDict(ser_json_bytes="base64", val_json_bytes="base64"))


def new_report_number(report: VerificationReport) -> str:
    """Day in China, start of the file's SM3 digest, and a random part, such as 20260101-674B96A68492-7QK3M2P5X4RT9VBC."""
    day = report.answer.checked_at.astimezone(CHINA_STANDARD_TIME).strftime("%Y%m%d")
    chance = "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_CHARACTERS))
    return f"{day}-{report.document.sm3[:_DIGEST_CHARACTERS].upper()}-{chance}"


def keep_report(report: VerificationReport) -> dict[str, Any]:
    """The row's JSON: the public form, and beside it the form that can be restored."""
    (restorable,) = _reports.dump_python((report,), mode="json")
    return {**report.to_json(), _RESTORABLE: restorable}


def restore_report(kept: dict[str, Any]) -> VerificationReport:
    """The report as it was. NotFoundError for a row of an older release, which kept less."""
    try:
        (report,) = _reports.validate_python((kept.get(_RESTORABLE),))
    except ValidationError as error:
        raise NotFoundError(
            "这份核验报告由旧版软件留存，不能再次生成。This report was kept by an older release and cannot be made again.",
            hint="Verify the file once more.",
        ) from error
    return report
