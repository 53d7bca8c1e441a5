"""The life of an electronic seal (电子印章): what may follow what, and whether it may sign at an instant."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from gateway.domain.instants import instant
from gateway.errors import TransitionRefusedError


class SealStatus(StrEnum):
    """Statuses that are stored."""

    IN_USE = "in_use"
    SUSPENDED = "suspended"
    DESTROYED = "destroyed"
    REPLACED = "replaced"
    """Its key was rotated: the seal goes on under the next key."""


EXPIRED, NOT_YET_VALID = "expired", "not_yet_valid"
"""What follows from the calendar alone, and is never stored."""


class SealAct(StrEnum):
    """What is done to a seal."""

    MAKE = "make"
    SUSPEND = "suspend"
    RESUME = "resume"
    DESTROY = "destroy"
    REPLACE = "replace"


SEAL_WORDS: dict[str, tuple[str, str]] = {
    SealStatus.IN_USE: ("在用", "in use"),
    SealStatus.SUSPENDED: ("已停用", "suspended"),
    SealStatus.DESTROYED: ("已销毁", "destroyed"),
    SealStatus.REPLACED: ("已换钥", "replaced by its next key"),
    EXPIRED: ("已过期", "expired"),
    NOT_YET_VALID: ("尚未生效", "not yet valid"),
}
ACT_WORDS: dict[SealAct, tuple[str, str]] = {
    SealAct.MAKE: ("制作", "made"),
    SealAct.SUSPEND: ("停用", "suspended"),
    SealAct.RESUME: ("恢复使用", "resumed"),
    SealAct.DESTROY: ("销毁", "destroyed"),
    SealAct.REPLACE: ("换钥", "key replaced"),
}
_FROM: dict[SealAct, frozenset[SealStatus]] = {
    SealAct.SUSPEND: frozenset({SealStatus.IN_USE}),
    SealAct.RESUME: frozenset({SealStatus.SUSPENDED}),
    SealAct.DESTROY: frozenset({SealStatus.IN_USE, SealStatus.SUSPENDED}),
}
_TO = {
    SealAct.SUSPEND: SealStatus.SUSPENDED,
    SealAct.RESUME: SealStatus.IN_USE,
    SealAct.DESTROY: SealStatus.DESTROYED,
}


def status_after(status: str, act: SealAct) -> SealStatus:
    """The status that an act leads to. TransitionRefusedError when it does not fit the present one."""
    if act not in _FROM or status not in _FROM[act]:
        now, wanted = SEAL_WORDS[status], ACT_WORDS[act]
        raise TransitionRefusedError(f"印章{now[0]}，不能{wanted[0]}。The seal is {now[1]}; it cannot be {wanted[1]}.")
    return _TO[act]


def standing(status: str, valid_from: datetime, valid_until: datetime, at: datetime) -> str:
    """How a seal stands at an instant: its stored status, or what the calendar says of one in use."""
    if status != SealStatus.IN_USE:
        return status
    if at < valid_from:
        return NOT_YET_VALID
    return EXPIRED if at > valid_until else SealStatus.IN_USE


@dataclass(frozen=True)
class SealEventView:
    """Something that was done to a seal."""

    act: SealAct
    occurred_at: datetime
    reason: str
    actor_name: str


@dataclass(frozen=True)
class RegisteredSeal:
    """One seal of the register."""

    key_id: str
    authority_code: str
    authority_name: str
    name: str
    filing_number: str | None
    """Its number at the public security organs (备案编号); None for one that is not filed, as a test seal."""
    key_name: str
    valid_from: datetime
    valid_until: datetime
    state: str
    """A ``SealStatus``, ``expired`` or ``not_yet_valid``."""
    width_mm: float
    height_mm: float
    events: tuple[SealEventView, ...]

    def to_json(self) -> dict[str, Any]:
        """The form in API answers; who acted and the name of the key stay inside."""
        return {
            "key_id": self.key_id,
            "authority_code": self.authority_code,
            "authority_name": self.authority_name,
            "name": self.name,
            "filing_number": self.filing_number,
            "valid_from": instant(self.valid_from),
            "valid_until": instant(self.valid_until),
            "state": self.state,
            "width_mm": self.width_mm,
            "height_mm": self.height_mm,
            "events": [
                {"act": event.act, "occurred_at": instant(event.occurred_at), "reason": event.reason}
                for event in self.events
            ],
        }
