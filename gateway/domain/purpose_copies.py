"""Purpose copies (加注件): a copy of a licence for one purpose, one user and a limited time."""

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from gateway.domain.instants import instant
from gateway.domain.status import china_day
from gateway.errors import FieldError, ValidationFailedError

ATTACHMENT = "purpose-copy.json"
"""Name of what a copy carries for machines; a file with it says that it is a copy."""
_SCHEMA = "licence-gateway/purpose-copy/1"
LONGEST_PURPOSE, LONGEST_USER = 60, 60
"""Characters, so that the watermark stays legible."""
MOST_DAYS = 366
"""A copy that serves longer is a licence in disguise."""


@dataclass(frozen=True)
class CopyRequest:
    """What somebody asks a copy for."""

    purpose: str
    user_name: str
    """Who may use it: a person or an organisation."""
    expires_on: date
    """The last day in China on which it may be used."""

    def check(self, today: date) -> None:
        """ValidationFailedError names what is missing, too long, past or too far off. ``today`` is the day in China."""
        errors = []
        for name, longest in (("purpose", LONGEST_PURPOSE), ("user_name", LONGEST_USER)):
            value = getattr(self, name)
            if not 0 < len(value.strip()) <= longest or not value.isprintable():
                message = f"必填，至多 {longest} 字，不含控制字符。Required, up to {longest} printable characters."
                errors.append(FieldError(name, "TEXT_INVALID", message))
        if not today <= self.expires_on <= today + timedelta(days=MOST_DAYS):
            message = f"应在今天起 {MOST_DAYS} 天之内。Within {MOST_DAYS} days from today."
            errors.append(FieldError("expires_on", "OUT_OF_RANGE", message))
        if errors:
            raise ValidationFailedError(errors)


@dataclass(frozen=True)
class CopyTerms:
    """What a copy says of itself in its attachment, which its signature covers."""

    copy_id: str
    licence_identifier: str
    """Of the original."""
    original_sm3: str
    """SM3 over the original's PDF, lower-case hexadecimal."""
    purpose: str
    user_name: str
    expires_on: date
    made_at: datetime

    def is_expired(self, at: datetime) -> bool:
        """Whether its last day is over in China."""
        return china_day(at) > self.expires_on

    def to_json(self) -> dict[str, str | None]:
        """For the attachment and for answers."""
        return {
            "copy_id": self.copy_id,
            "licence_identifier": self.licence_identifier,
            "original_sm3": self.original_sm3,
            "purpose": self.purpose,
            "user_name": self.user_name,
            "expires_on": self.expires_on.isoformat(),
            "made_at": instant(self.made_at),
        }

    def attachment(self) -> bytes:
        """UTF-8 JSON with sorted keys."""
        document = {"schema": _SCHEMA, **self.to_json()}
        return json.dumps(document, ensure_ascii=False, sort_keys=True, indent=1).encode()

    @classmethod
    def parse(cls, content: bytes) -> "CopyTerms | None":
        """The terms in an attachment; None when it is not one of ours."""
        try:
            document: dict[str, Any] = json.loads(content)
            if document.pop("schema") != _SCHEMA or not all(isinstance(value, str) for value in document.values()):
                return None
            made_at = datetime.fromisoformat(document.pop("made_at"))
            expires_on = date.fromisoformat(document.pop("expires_on"))
            return None if made_at.tzinfo is None else cls(**document, expires_on=expires_on, made_at=made_at)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None


@dataclass(frozen=True)
class PurposeCopyView:
    """One recorded copy, for the holder and for who made it."""

    terms: CopyTerms
    licence_type_name: str
    licence_number: str
    copy_sm3: str
    requested_by: str
    """Name of the client, the member of staff or the operator."""
    is_expired: bool

    def to_json(self) -> dict[str, Any]:
        """For answers."""
        return {
            **self.terms.to_json(),
            "licence_type_name": self.licence_type_name,
            "licence_number": self.licence_number,
            "copy_sm3": self.copy_sm3,
            "requested_by": self.requested_by,
            "is_expired": self.is_expired,
        }
