"""The form of an application, generated from the licence type, and the application that it says."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from flask_babel import lazy_gettext as _l

from gateway.console.forms import Field, Form, Group
from gateway.domain.basis import Basis, ObligationKind, ObligationSpec
from gateway.domain.catalogue import Forms, IssuingAuthority, LicenceType
from gateway.domain.orders import MOST_DUPLICATES
from gateway.domain.status import CHINA_STANDARD_TIME
from gateway.errors import FieldError, ValidationFailedError
from gateway.services.dossiers import Dossier

_LONG_AREA = 200
"""Items that may be longer than this get several lines."""
_PLACES = {
    "ZZHM": "number",
    "FZRQ": "issued_on",
    "YXQKSRQ": "valid_from",
    "YXQJSRQ": "valid_until",
    "duplicates": "duplicates",
    "reason": "reason",
    "takes_effect_at": "takes_effect_on",
}
"""Names of the Guangdong vocabulary and of services, by field of the form."""
_OBLIGATIONS = {
    ObligationKind.COMMITMENT_CHECK: ("commitments", "check_on"),
    ObligationKind.MISSING_PAPERS: ("missing_papers", "papers_by"),
}
_REGISTERED_ADDRESS = "住所"


def application_groups(licence_type: LicenceType, *, is_change: bool = False) -> tuple[Group, ...]:
    """The fields of an application for one type; a change of a licence has a reason, and keeps its number."""
    own = Group(_l("证照内容"), (*(() if is_change else (_NUMBER,)), *_faces(licence_type)))
    head = (Group(_l("变更事由"), _CHANGE),) if is_change else ()
    papers = () if licence_type.forms is Forms.ELECTRONIC_ONLY else (_PAPERS,)
    return (*head, own, _VALIDITY, _OBLIGATION_GROUP, *papers)


def first_values(licence_type: LicenceType, address: str, today: date) -> dict[str, str]:
    """What a new application says before anyone typed: today, the type's usual term, the registered address."""
    values = {"issued_on": today.isoformat(), "valid_from": today.isoformat(), "duplicates": "1"}
    if licence_type.validity_years is not None:
        values["valid_until"] = _years_later(today, licence_type.validity_years).isoformat()
    for index, rule in enumerate(licence_type.face_items):
        if rule.label == _REGISTERED_ADDRESS:
            values[f"item_{index}"] = address
    return values


def values_of(dossier: Dossier, today: date) -> dict[str, str]:
    """What a change starts from: the licence as it reads now, issued today."""
    face = dict(dossier.face)
    values = {f"item_{index}": face.get(rule.label, "") for index, rule in enumerate(dossier.licence_type.face_items)}
    values |= {
        "issued_on": today.isoformat(),
        "valid_from": dossier.valid_from.isoformat(),
        "number": dossier.licence_number,
    }
    values["duplicates"] = str(max(0, len(dossier.papers) - 1))
    if dossier.valid_until is None:
        values["long_term"] = "1"
    else:
        values["valid_until"] = dossier.valid_until.isoformat()
    return values


def record_of(
    form: Form, licence_type: LicenceType, authority: IssuingAuthority, holder_name: str, holder_code: str
) -> dict[str, str]:
    """The application in the Guangdong vocabulary."""
    record = {
        "ZZMC": licence_type.name,
        "ZZHM": form["number"],
        "CYRMC": holder_name,
        "CYRSFZJHM": holder_code,
        "FZJGMC": authority.name,
        "FZRQ": form["issued_on"],
        "YXQKSRQ": form["valid_from"],
        "YXQJSRQ": "长期" if form["long_term"] else form["valid_until"],
    }
    items = {rule.label: form[f"item_{index}"] for index, rule in enumerate(licence_type.face_items)}
    return record | {label: value for label, value in items.items() if value}


def basis_of(form: Form) -> Basis:
    """The obligations and the time of the application that were typed.

    ValidationFailedError for a list without its day, a day without its list, or what is no time.
    """
    specs, errors = [], []
    applied_at = moment_of(form["applied_at"])
    if form["applied_at"] and applied_at is None:
        errors.append(FieldError("applied_at", "NOT_AN_INSTANT", "请填写日期和时间。Give day and time."))
    for kind, (items_field, day_field) in _OBLIGATIONS.items():
        items = tuple(line.strip() for line in form[items_field].splitlines() if line.strip())
        if not items and not form[day_field]:
            continue
        due_on = day_of(form[day_field])
        if due_on is None:
            errors.append(FieldError(day_field, "NOT_A_DATE", "请填写期限。Give the day."))
        elif not items:
            errors.append(FieldError(items_field, "MISSING", "请填写内容，每行一条。Say what, one a line."))
        else:
            specs.append(ObligationSpec(kind, items, due_on))
    if errors:
        raise ValidationFailedError(errors)
    return Basis(tuple(specs), applied_at)


def duplicates_of(form: Form) -> int:
    """How many 副本. ValidationFailedError when that is no number in bounds."""
    text = form["duplicates"] or "0"
    if not text.isascii() or not text.isdecimal() or int(text[:4]) > MOST_DUPLICATES:
        message = f"应为 0 至 {MOST_DUPLICATES}。From 0 to {MOST_DUPLICATES}."
        raise ValidationFailedError([FieldError("duplicates", "OUT_OF_RANGE", message)])
    return int(text)


def place_of(form: Form, licence_type: LicenceType) -> Mapping[str, str]:
    """Where errors of services stand in the form, by the name that services use."""
    labels = {rule.label: f"item_{index}" for index, rule in enumerate(licence_type.face_items)}
    given = [names for names in _OBLIGATIONS.values() if form[names[0]] or form[names[1]]]
    # Several obligations share their field names; the pointer says which one is meant.
    nested = {
        f"/obligations/{number}/{name}": place
        for number, names in enumerate(given)
        for name, place in zip(("items", "due_on"), names, strict=True)
    }
    return labels | _PLACES | nested


def day_of(text: str) -> date | None:
    """A date as the browser sends it, or None."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def moment_of(text: str) -> datetime | None:
    """An instant as the browser sends it, which is one in China, or None."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=CHINA_STANDARD_TIME).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _years_later(day: date, years: int) -> date:
    """The last day of so many years that begin with ``day``."""
    try:
        return day.replace(year=day.year + years) - timedelta(days=1)
    except ValueError:  # 29 February
        return day.replace(year=day.year + years, day=28)


def _faces(licence_type: LicenceType) -> tuple[Field, ...]:
    return tuple(
        Field(
            f"item_{index}",
            rule.label,
            kind="area" if rule.max_length > _LONG_AREA else "text",
            required=rule.required,
            max_length=rule.max_length,
            is_chinese=True,
        )
        for index, rule in enumerate(licence_type.face_items)
    )


_NUMBER = Field("number", _l("证照编号"), max_length=64, focus=True)
_CHANGE = (
    Field(
        "reason",
        _l("事由"),
        max_length=500,
        focus=True,
        hint=_l("印在登记簿中，不印在证照上"),
    ),
    Field(
        "takes_effect_on",
        _l("自何日起生效"),
        kind="date",
        required=False,
        hint=_l("留空为立即生效"),
    ),
)
_VALIDITY = Group(
    _l("日期"),
    (
        Field(
            "applied_at",
            _l("申请时间"),
            kind="moment",
            required=False,
            hint=_l("北京时间，只用于统计办理时长，不印在证照上"),
        ),
        Field("issued_on", _l("发证日期"), kind="date"),
        Field("valid_from", _l("有效期起"), kind="date"),
        Field("valid_until", _l("有效期至"), kind="date", required=False),
        Field("long_term", _l("长期有效"), kind="check", required=False),
    ),
)
_OBLIGATION_GROUP = Group(
    _l("告知承诺与容缺"),
    (
        Field("commitments", _l("承诺事项"), kind="area", required=False, max_length=4000),
        Field("check_on", _l("后续核查日期"), kind="date", required=False),
        Field("missing_papers", _l("容缺材料"), kind="area", required=False, max_length=4000),
        Field("papers_by", _l("补正期限"), kind="date", required=False),
    ),
    hint=_l("普通办理不用填。每行一条，会印在证照上。"),
)
_PAPERS = Group(_l("纸质证照"), (Field("duplicates", _l("副本数"), kind="number", required=False, max_length=2),))
