"""A calendar of expiries (RFC 5545), for whoever has to renew."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlsplit

from gateway.domain.answers import Genuine, ListedLicence

MEDIA_TYPE = "text/calendar; charset=utf-8"
_LONGEST_LINE = 75
"""Octets of a content line without its line break (RFC 5545, 3.1)."""
_RUNNING = frozenset({"valid", "suspended", "not_yet_valid"})
"""Statuses under which the end of the term is still to come."""


def expiry_calendar(name: str, licences: Iterable[ListedLicence], *, base_url: str, now: datetime) -> bytes:
    """A day-long event at each licence's last day, with an alarm 30 days before; what has no last day is left out."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//licence-gateway//expiries//ZH",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"NAME:{_text(name)}",
        f"X-WR-CALNAME:{_text(name)}",
    ]
    for licence in sorted(licences, key=lambda one: (one.valid_until or date.max, one.licence_number)):
        if licence.valid_until is not None and licence.status in _RUNNING and licence.genuine is Genuine.YES:
            lines += _event(licence, base_url.rstrip("/"), now)
    folded = (part for line in (*lines, "END:VCALENDAR") for part in _folded(line))
    return ("\r\n".join(folded) + "\r\n").encode()


def _event(licence: ListedLicence, base_url: str, now: datetime) -> Iterator[str]:
    last = licence.valid_until
    if last is None:
        return
    summary = _text(f"{licence.licence_type_name} 到期 expires ({licence.licence_number})")
    yield "BEGIN:VEVENT"
    yield f"UID:{licence.licence_identifier}@{urlsplit(base_url).hostname}"
    yield f"DTSTAMP:{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    yield f"DTSTART;VALUE=DATE:{last:%Y%m%d}"
    yield f"DTEND;VALUE=DATE:{last + timedelta(days=1):%Y%m%d}"
    yield f"SUMMARY:{summary}"
    yield f"DESCRIPTION:{_text(f'{licence.holder_name}，{licence.issuing_authority}')}"
    yield f"URL:{base_url}/l/{licence.licence_identifier}"
    yield "TRANSP:TRANSPARENT"
    yield from ("BEGIN:VALARM", "ACTION:DISPLAY", f"DESCRIPTION:{summary}", "TRIGGER:-P30D", "END:VALARM")
    yield "END:VEVENT"


def _text(value: str) -> str:
    """A TEXT value (RFC 5545, 3.3.11)."""
    escaped = value.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return "\\n".join(escaped.splitlines())


def _folded(line: str) -> Iterator[str]:
    """A content line in parts of 75 octets at most, cut between characters."""
    part, room = "", _LONGEST_LINE
    for character in line:
        octets = len(character.encode())
        if octets > room:
            yield part
            part, room = " ", _LONGEST_LINE - 1
        part, room = part + character, room - octets
    yield part
