"""On what a licence was granted: ordinary examination, notification and commitment (告知承诺), or with missing papers
tolerated until a deadline (容缺受理). The last two oblige, are printed on the licence, and can lead to withdrawal.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from gateway.domain.status import china_day
from gateway.errors import FieldError, ValidationFailedError

MOST_ITEMS, _LONGEST_ITEM = 20, 200


class ObligationKind(StrEnum):
    """What has to happen after the licence was granted."""

    COMMITMENT_CHECK = "commitment_check"
    """The authority checks on site whether what was promised is so (告知承诺后续核查)."""
    MISSING_PAPERS = "missing_papers"
    """The holder hands in what was missing (容缺补正)."""


OBLIGATION_WORDS = {
    ObligationKind.COMMITMENT_CHECK: ("告知承诺", "核查期限", "notification and commitment"),
    ObligationKind.MISSING_PAPERS: ("容缺受理", "补正期限", "missing papers tolerated"),
}


@dataclass(frozen=True)
class ObligationSpec:
    """One obligation as it is granted."""

    kind: ObligationKind
    items: tuple[str, ...]
    """The commitments, or the names of the missing papers."""
    due_on: date
    """Day of the follow-up check, or deadline for the papers; that day still counts."""

    def to_json(self) -> dict[str, Any]:
        """For the attachment and the digest of the application."""
        return {"kind": self.kind, "items": list(self.items), "due_on": self.due_on.isoformat()}


@dataclass(frozen=True)
class Basis:
    """The obligations that a licence was granted with; none means ordinary examination."""

    obligations: tuple[ObligationSpec, ...] = ()
    applied_at: datetime | None = None
    """When the application came in; for statistics only, neither printed nor part of the digest."""

    def to_json(self) -> list[dict[str, Any]]:
        """For the attachment and the digest of the application."""
        return [obligation.to_json() for obligation in self.obligations]

    def face_lines(self) -> Iterator[tuple[str, str]]:
        """What is printed on the licence, label and value."""
        for obligation in self.obligations:
            word, deadline, _ = OBLIGATION_WORDS[obligation.kind]
            due = obligation.due_on
            yield (
                "许可方式",
                f"{word}：{'；'.join(obligation.items)}（{deadline} {due.year}年{due.month:02}月{due.day:02}日）",
            )


ORDINARY = Basis()


class ObligationState(StrEnum):
    """How an obligation stands."""

    OPEN = "open"
    OVERDUE = "overdue"
    FULFILLED = "fulfilled"
    BROKEN = "broken"


@dataclass(frozen=True)
class ObligationView:
    """A recorded obligation with how it stands."""

    id: int
    kind: ObligationKind
    items: tuple[str, ...]
    due_on: date
    state: ObligationState

    def to_json(self) -> dict[str, Any]:
        """For answers."""
        words = OBLIGATION_WORDS[self.kind]
        return {
            "id": self.id,
            "kind": self.kind,
            "kind_name": {"zh": words[0], "en": words[2]},
            "items": list(self.items),
            "due_on": self.due_on.isoformat(),
            "state": self.state,
        }


def check_basis(basis: Basis, issued_on: date) -> None:
    """ValidationFailedError names each obligation that has no items, is too long, is due before the issue, or repeats, and an
    application after the issue.
    """
    errors = []
    for number, obligation in enumerate(basis.obligations):
        if not 0 < len(obligation.items) <= MOST_ITEMS or not all(
            len(item.strip()) > 0 and len(item) <= _LONGEST_ITEM for item in obligation.items
        ):
            message = f"应有 1 至 {MOST_ITEMS} 条，每条至多 {_LONGEST_ITEM} 字。From 1 to {MOST_ITEMS} items."
            errors.append(FieldError("items", "ITEMS_INVALID", message, ("obligations", number, "items")))
        if obligation.due_on < issued_on:
            message = "期限早于发证日期。Due before the issue."
            errors.append(FieldError("due_on", "DUE_BEFORE_ISSUE", message, ("obligations", number, "due_on")))
    if len({obligation.kind for obligation in basis.obligations}) < len(basis.obligations):
        errors.append(FieldError("obligations", "KIND_REPEATED", "同一种类只能有一项。One obligation of a kind."))
    if basis.applied_at is not None and china_day(basis.applied_at) > issued_on:
        errors.append(
            FieldError("applied_at", "APPLIED_AFTER_ISSUE", "申请时间晚于发证日期。Applied for after the issue.")
        )
    if errors:
        raise ValidationFailedError(errors)
