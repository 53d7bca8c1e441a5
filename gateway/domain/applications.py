"""One application for a licence: read from a department's export, checked against the catalogue. Never guesses."""

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from gateway.domain.basis import ORDINARY, Basis
from gateway.domain.catalogue import Catalogue, IssuingAuthority, LicenceType
from gateway.domain.identifiers import CodeError, check_unified_social_credit_code
from gateway.errors import FieldError, ValidationFailedError

VOCABULARIES = {
    "guangdong": {
        "type": "ZZMC",
        "number": "ZZHM",
        "holder_name": "CYRMC",
        "holder_code_type": "CYRSFZJLX",
        "holder_code": "CYRSFZJHM",
        "authority": "FZJGMC",
        "authority_code": "FZJGZZJGDM",
        "authority_area": "FZJGSSXZQHDM",
        "issued_on": "FZRQ",
        "valid_from": "YXQKSRQ",
        "valid_until": "YXQJSRQ",
    },
    "national": {
        "type": "ZZMC",
        "type_code": "ZZLXDM",
        "number": "ZZBH",
        "holder_name": "CZZT",
        "holder_code_type": "CZZTDMLX",
        "holder_code_type_code": "CZZTDMLXDM",
        "holder_code": "CZZTDM",
        "authority": "ZZBFJG",
        "authority_code": "ZZBFJGDM",
        "issued_on": "ZZBFRQ",
        "valid_from": "ZZYXQQSRQ",
        "valid_until": "ZZYXQJZRQ",
    },
}
"""Field names of the Guangdong system and of the national metadata (GB/T 36903), by meaning."""

_OPTIONAL = frozenset({"type_code", "holder_code_type", "holder_code_type_code", "authority_code", "authority_area"})
_CREDIT_CODE_TYPES = frozenset({"", "统一社会信用代码", "001"})
"""001 is the national code for it (domain facts, 1.3)."""
LONG_TERM = "长期"
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})|([0-9]{4})([0-9]{2})([0-9]{2})")
_MAX_NAME, _MAX_NUMBER = 120, 64
_SHOWN = 40
"""Characters of a refused name that its error repeats."""

_EARLIEST = date(1949, 10, 1)
_LATEST = date(2200, 1, 1)
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Unicode categories that no licence can show: controls, marks that reorder text, halves, private characters."""


@dataclass(frozen=True)
class Application:
    """An application that passed every check."""

    licence_type: LicenceType
    authority: IssuingAuthority
    licence_number: str
    holder_name: str
    holder_code: str
    issued_on: date
    valid_from: date
    valid_until: date | None
    """None means 长期."""
    items: tuple[tuple[str, str], ...]
    """Label and value in the order of the type's face."""
    basis: Basis = ORDINARY

    def digest(self) -> str:
        """SHA-256 over the content, hexadecimal: the same application gives the same digest in either vocabulary."""
        content: list[object] = [
            self.licence_type.local_type_code,
            self.authority.code,
            self.licence_number,
            self.holder_name,
            self.holder_code,
            self.issued_on.isoformat(),
            self.valid_from.isoformat(),
            self.valid_until.isoformat() if self.valid_until else None,
            self.items,
        ]
        if self.basis != ORDINARY:
            content.append(self.basis.to_json())
        return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()


def vocabulary_of(record: Mapping[str, object]) -> str:
    """The vocabulary that a record uses most."""
    return max(VOCABULARIES, key=lambda each: sum(name in record for name in VOCABULARIES[each].values()))


class _Reader:
    """Reads fields of one record and collects every error."""

    def __init__(self, record: Mapping[str, object]) -> None:
        self.record = record
        self.errors: list[FieldError] = []
        # A field of the other vocabulary is then an unknown item.
        self.names = VOCABULARIES[vocabulary_of(record)]

    def fail(self, field: str, code: str, message: str) -> None:
        """Note one broken field under the sender's name."""
        name = self.names.get(field, field)
        # Requests carry the record under this name (api/schemas), beside what is said about it.
        self.errors.append(FieldError(name, code, message, ("record", name)))

    def text(self, field: str, max_length: int = _MAX_NAME, *, required: bool = True) -> str:
        """The trimmed text of a field; errors for missing (unless optional), over-long, or wrong kind."""
        value = self.record.get(self.names.get(field, field), "")
        if not isinstance(value, str):
            self.fail(field, "NOT_TEXT", "应为文本。Must be text.")
            return ""
        value = value.strip()
        if not value and required and field not in _OPTIONAL:
            self.fail(field, "MISSING", "必填项缺失。Required, but missing.")
        elif len(value) > max_length:
            self.fail(field, "TOO_LONG", f"超过 {max_length} 字。Longer than {max_length} characters.")
        elif not value.isprintable() and any(unicodedata.category(each) in _UNPRINTABLE for each in value):
            self.fail(field, "CONTROL_CHARACTER", "含有无法印在证照上的字符。Has characters that cannot be printed.")
        return value

    def day(self, field: str) -> date | None:
        """A date, or None with an error noted."""
        text = self.text(field)
        match = _DATE.fullmatch(text)
        try:
            found = date(*(int(group) for group in match.groups() if group)) if match else None
        except ValueError:
            found = None
        if found is not None and _EARLIEST <= found < _LATEST:
            return found
        if text:
            self.fail(field, "NOT_A_DATE", "应为日期，如 2024-05-25。Must be a date such as 2024-05-25.")
        return None


def parse_application(record: Mapping[str, object], catalogue: Catalogue, *, today: date | None = None) -> Application:
    """The application in ``record``. ValidationFailedError names every broken field by the sender's own name.

    ``today``: the day in China; a licence dated after it is refused. None leaves that out, for records of the past.
    """
    reader = _Reader(record)
    licence_type, authority = _type_and_authority(reader, catalogue)
    holder_code = _holder_code(reader)
    number, holder_name = reader.text("number", _MAX_NUMBER), reader.text("holder_name")
    issued_on, valid_from, valid_until = _days(reader, today)
    items = _items(reader, licence_type)
    if reader.errors or licence_type is None or authority is None or issued_on is None or valid_from is None:
        raise ValidationFailedError(reader.errors)
    return Application(
        licence_type, authority, number, holder_name, holder_code, issued_on, valid_from, valid_until, items
    )


def _days(reader: _Reader, today: date | None) -> tuple[date | None, date | None, date | None]:
    """Day of issue, first and last day; what is None without an error is 长期."""
    issued_on, valid_from = reader.day("issued_on"), reader.day("valid_from")
    is_long_term = reader.record.get(reader.names["valid_until"]) == LONG_TERM
    valid_until = None if is_long_term else reader.day("valid_until")
    if issued_on and today and issued_on > today:
        reader.fail("issued_on", "ISSUED_IN_FUTURE", "发证日期晚于今天。Dated after today.")
    if valid_from and valid_until and valid_until < valid_from:
        reader.fail("valid_until", "ENDS_BEFORE_START", "有效期止早于有效期起。Ends before it starts.")
    if issued_on and valid_until and valid_until < issued_on:
        reader.fail("valid_until", "ENDS_BEFORE_ISSUE", "有效期止早于发证日期。Ends before it was issued.")
    return issued_on, valid_from, valid_until


def _type_and_authority(reader: _Reader, catalogue: Catalogue) -> tuple[LicenceType | None, IssuingAuthority | None]:
    licence_type, authority = _type(reader, catalogue), _authority(reader, catalogue)
    if licence_type and authority and not authority.may_issue(licence_type):
        reader.fail(
            "authority",
            "AUTHORITY_NOT_COMPETENT",
            f"“{authority.name}”无权颁发“{licence_type.name}”。The authority may not issue this type.",
        )
    return licence_type, authority


def _type(reader: _Reader, catalogue: Catalogue) -> LicenceType | None:
    name, code = reader.text("type"), reader.text("type_code")
    found = catalogue.types_by_name.get(name)
    if name and found is None:
        message = f"目录中没有“{name[:_SHOWN]}”。The catalogue has no such licence type."
        reader.fail("type", "TYPE_UNKNOWN", message)
    if code and found and code != found.identifier_type_code:
        reader.fail("type_code", "TYPE_CODE_DIFFERS", "证照类型代码与目录不符。Not the code that the catalogue has.")
    return found


def _authority(reader: _Reader, catalogue: Catalogue) -> IssuingAuthority | None:
    name, code, area = reader.text("authority"), reader.text("authority_code"), reader.text("authority_area")
    found = catalogue.authorities_by_name.get(name)
    if name and found is None:
        message = f"未登记的发证机关“{name[:_SHOWN]}”。No such issuing authority."
        reader.fail("authority", "AUTHORITY_UNKNOWN", message)
    if code and found and code != found.code:
        reader.fail("authority_code", "AUTHORITY_CODE_DIFFERS", "发证机关代码与名称不符。Code and name do not match.")
    if area and found and area != found.area_code:
        reader.fail("authority_area", "AUTHORITY_AREA_DIFFERS", "发证机关区划与名称不符。Area and name do not match.")
    return found


def _holder_code(reader: _Reader) -> str:
    for field in ("holder_code_type", "holder_code_type_code"):
        if reader.text(field) not in _CREDIT_CODE_TYPES:
            message = "仅支持统一社会信用代码。Only credit codes are supported."
            reader.fail(field, "CODE_TYPE_UNSUPPORTED", message)
    text = reader.text("holder_code")
    if not text:
        return ""
    try:
        return check_unified_social_credit_code(text).code
    except CodeError as error:
        reader.fail("holder_code", "CREDIT_CODE_INVALID", str(error))
        return text


def _items(reader: _Reader, licence_type: LicenceType | None) -> tuple[tuple[str, str], ...]:
    if licence_type is None:
        return ()
    allowed = {item.label for item in licence_type.face_items} | set(reader.names.values())
    for name in sorted(set(reader.record) - allowed):
        reader.fail(name, "ITEM_UNKNOWN", f"“{licence_type.name}”没有此项。The type has no such item.")
    found = []
    for item in licence_type.face_items:
        value = reader.text(item.label, item.max_length, required=item.required)
        if value:
            found.append((item.label, value))
    return tuple(found)
