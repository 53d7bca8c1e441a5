"""An electronic business licence that is shown as its object (licenceEntity): what the national service tells of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from gateway.domain.identifiers import CodeError, check_unified_social_credit_code
from gateway.domain.instants import instant

_COMPARED = ("name", "address", "established_on")
_DATE = re.compile(r"(\d{4})\D*(\d{1,2})\D+(\d{1,2})\D*|(\d{4})(\d{2})(\d{2})")


class ShowingOutcome(StrEnum):
    """What came of it; what the service did not answer has no outcome."""

    HELD = "held"
    NOT_HELD = "not_held"
    """The service says that the object does not hold, or tells nothing of it."""
    NO_CREDIT_CODE = "no_credit_code"
    """It holds, and what the service tells is no credit code with a right check digit."""
    OTHER_ENTERPRISE = "other_enterprise"
    DIFFERS = "differs"
    """It is the enterprise's, and something is told otherwise than the register here has it."""


OUTCOME_WORDS: Mapping[ShowingOutcome, tuple[str, str]] = {
    ShowingOutcome.HELD: ("有效，与登记一致。", "It holds, and agrees with the register."),
    ShowingOutcome.NOT_HELD: ("国家系统不予认可。", "The national service does not accept it."),
    ShowingOutcome.NO_CREDIT_CODE: (
        "国家系统没有告知有效的统一社会信用代码。",
        "The national service tells no valid credit code.",
    ),
    ShowingOutcome.OTHER_ENTERPRISE: ("属于另一家企业。", "It is another enterprise's."),
    ShowingOutcome.DIFFERS: ("有效，但部分信息与登记不同。", "It holds, but differs from the register."),
}


@dataclass(frozen=True)
class Difference:
    """One thing that is told otherwise than it is known."""

    field: str
    told: str
    known: str


@dataclass(frozen=True)
class LicenceShowingView:
    """One showing."""

    showing_id: str
    unified_social_credit_code: str
    shown_at: datetime
    entity_sm3: str
    outcome: ShowingOutcome
    facts: Mapping[str, str]
    """What the service told, by the names of ``FACT_NAMES``; none where the object did not hold."""
    differences: tuple[Difference, ...]

    @property
    def words(self) -> tuple[str, str]:
        """The outcome in Chinese and English."""
        return OUTCOME_WORDS[self.outcome]

    def to_json(self) -> dict[str, Any]:
        """As departments see it."""
        chinese, english = self.words
        return vars(self) | {
            "shown_at": instant(self.shown_at),
            "facts": dict(self.facts),
            "differences": [vars(each) for each in self.differences],
            "message": {"zh": chinese, "en": english},
        }


def judge_facts(
    facts: Mapping[str, str], code: str, known: Mapping[str, str]
) -> tuple[ShowingOutcome, tuple[Difference, ...]]:
    """Whose a licence that holds is, and what is told otherwise than in ``known`` (name, address, established_on).

    What one side does not say is no difference.
    """
    told_code = facts.get("unified_social_credit_code", "")
    try:
        check_unified_social_credit_code(told_code)
    except CodeError:
        return ShowingOutcome.NO_CREDIT_CODE, ()
    if told_code != code:
        return ShowingOutcome.OTHER_ENTERPRISE, ()
    pairs = [(name, facts.get(name, ""), known.get(name, "")) for name in _COMPARED]
    found = tuple(
        Difference(name, told, ours) for name, told, ours in pairs if told and ours and _plain(told) != _plain(ours)
    )
    return (ShowingOutcome.DIFFERS if found else ShowingOutcome.HELD), found


def _plain(value: str) -> str:
    """A day in any of the usual forms as YYYY-MM-DD; anything else as it is."""
    found = _DATE.fullmatch(value)
    if found is None:
        return value
    year, month, day = (part for part in found.groups() if part is not None)
    return f"{year}-{int(month):02}-{int(day):02}"
