"""The public licence record (双公示) of 信用广东 and of the national publicity system (domain facts, 2.6).

What is not for display (XK_FR_ZJLX, XK_FR_ZJHM and those of natural persons) is not held and not sent.
"""

from collections.abc import Mapping
from datetime import date, timedelta

from gateway.domain.applications import Application
from gateway.domain.status import LicenceStatus

WITHIN = timedelta(days=7)
"""A decision is published within seven calendar days; deliveries go out at once."""
LONG_TERM_DAY = date(2099, 12, 31)
"""What stands for 长期 in a field that wants a day."""
IN_FORCE, NOT_IN_FORCE = "1", "2"
ORGANISATION, SOLE_TRADER = "法人及非法人组织", "个体工商户"
_SOLE_TRADER_PREFIX = "92"
"""First characters of the credit code of 个体工商户 (GB 32100)."""
DEFAULT_CATEGORY = "01"
"""普通; an option of the receiver says otherwise."""
CATEGORIES = frozenset({"01", "02", "03", "04", "05", "06"})
_REPRESENTATIVES = ("法定代表人", "法定代表人（负责人）", "法定代表人(负责人)", "负责人")
_EMPTY = ("XK_XDR_GSZC", "XK_XDR_ZZJG", "XK_XDR_SWDJ", "XK_XDR_SYDW", "XK_XDR_SHZZ", "BZ")
_LONGEST_CONTENT = 4000
KEY = ("XK_XKJGDM", "XK_XKZS", "XK_XKBH")
"""What names a record: authority, title and number."""


def publicity_record(application: Application, status: str, options: Mapping[str, str]) -> dict[str, str]:
    """The record of a licence as it stands. Options: ``category`` (XK_XKLB), ``source`` and ``source_code`` (XK_LYDW)."""
    kind, authority, until = application.licence_type, application.authority, application.valid_until
    items = {label: value for label, value in application.items if label not in kind.sensitive_labels}
    return {
        "XK_XDR_MC": application.holder_name,
        "XK_XDR_LB": SOLE_TRADER if application.holder_code.startswith(_SOLE_TRADER_PREFIX) else ORGANISATION,
        "XK_XDR_SHXYM": application.holder_code,
        "XK_FRDB": next((items[label] for label in _REPRESENTATIVES if label in items), ""),
        # The licence is the document of the decision (行政许可法, 39).
        "XK_XKWS": kind.name,
        "XK_WSH": application.licence_number,
        "XK_XKLB": options.get("category", DEFAULT_CATEGORY),
        "XK_XKZS": kind.name,
        "XK_XKBH": application.licence_number,
        "XK_NR": "；".join(f"{label}：{value}" for label, value in items.items())[:_LONGEST_CONTENT],
        "XK_JDRQ": application.issued_on.isoformat(),
        "XK_YXQZ": application.valid_from.isoformat(),
        "XK_YXQZI": (LONG_TERM_DAY if until is None else until).isoformat(),
        "XK_XKJG": authority.name,
        "XK_XKJGDM": authority.code,
        "XK_ZT": IN_FORCE if status == LicenceStatus.VALID else NOT_IN_FORCE,
        "XK_LYDW": options.get("source", authority.name),
        "XK_LYDWDM": options.get("source_code", authority.code),
        **dict.fromkeys(_EMPTY, ""),
    }


def record_key(record: Mapping[str, str]) -> tuple[str, ...]:
    """What names a record at the receiver."""
    return tuple(record.get(name, "") for name in KEY)
