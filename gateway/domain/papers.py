"""Papers and blank forms: their states, what may be done in which, and how serial numbers run."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from gateway.errors import ConflictError, FieldError, ValidationFailedError

MOST_AT_ONCE = 10_000
"""Blank forms taken in by one call: some boxes."""

_SERIAL = re.compile(r"([0-9A-Z-]{0,40}?)([0-9]{1,18})")


class PaperAction(StrEnum):
    """What happens to a paper."""

    PRINTED = "printed"
    REPRINTED = "reprinted"
    COLLECTED = "collected"
    VOIDED = "voided"
    RETURNED = "returned"
    """Taken back from the holder, as when a new version takes the place of the old one."""
    LOST = "lost"
    """Declared lost (遗失声明); the event's reason is the declaration."""


class PaperState(StrEnum):
    """How a paper stands: what its last event made of it."""

    NOT_PRINTED = "not_printed"
    PRINTED = "printed"
    COLLECTED = "collected"
    VOID = "void"
    RETURNED = "returned"
    LOST = "lost"


_AFTER = {
    PaperAction.PRINTED: PaperState.PRINTED,
    PaperAction.REPRINTED: PaperState.PRINTED,
    PaperAction.COLLECTED: PaperState.COLLECTED,
    PaperAction.VOIDED: PaperState.VOID,
    PaperAction.RETURNED: PaperState.RETURNED,
    PaperAction.LOST: PaperState.LOST,
}
_ALLOWED = {
    PaperState.NOT_PRINTED: {PaperAction.PRINTED, PaperAction.VOIDED},
    PaperState.PRINTED: {
        PaperAction.REPRINTED,
        PaperAction.COLLECTED,
        PaperAction.VOIDED,
        PaperAction.RETURNED,
        PaperAction.LOST,
    },
    # A collected paper that was spoiled or lost is a matter for a new version (补证), not for the printer.
    PaperState.COLLECTED: {PaperAction.VOIDED, PaperAction.RETURNED, PaperAction.LOST},
    PaperState.VOID: set[PaperAction](),
    PaperState.RETURNED: set[PaperAction](),
    # What was lost may be found.
    PaperState.LOST: {PaperAction.RETURNED},
}
STATE_WORDS = {
    PaperState.NOT_PRINTED: ("尚未打印", "not printed"),
    PaperState.PRINTED: ("已打印", "printed"),
    PaperState.COLLECTED: ("已领取", "collected"),
    PaperState.VOID: ("已作废", "void"),
    PaperState.RETURNED: ("已收回", "taken back"),
    PaperState.LOST: ("已声明遗失", "declared lost"),
}


class BlankState(StrEnum):
    """How a blank form stands."""

    IN_STOCK = "in_stock"
    ISSUED = "issued"
    """A licence is printed on it."""
    SPOILED = "spoiled"
    RETURNED = "returned"
    """Given back to where it came from."""


def paper_state(actions: Iterable[str]) -> PaperState:
    """The state after these actions, the last one deciding."""
    state = PaperState.NOT_PRINTED
    for action in actions:
        state = _AFTER[PaperAction(action)]
    return state


OUT = frozenset({PaperState.PRINTED, PaperState.COLLECTED})
"""States in which a paper can be shown to somebody."""


def check_action(state: PaperState, action: PaperAction) -> None:
    """ConflictError when this cannot be done to a paper in this state."""
    if action not in _ALLOWED[state]:
        zh, en = STATE_WORDS[state]
        raise ConflictError(f"该纸质证照{zh}，不能如此办理。The paper is {en}.", hint="Look at its history.")


@dataclass(frozen=True)
class SerialRange:
    """Serial numbers with one prefix and equally many digits, ``first`` to ``last``, both included."""

    prefix: str
    digits: int
    first: int
    last: int

    def serials(self) -> list[str]:
        """Every serial number, in order."""
        return [self._serial(number) for number in range(self.first, self.last + 1)]

    def __len__(self) -> int:
        return self.last - self.first + 1

    def __str__(self) -> str:
        """First and last serial number; one alone when there is no other."""
        first, last = self._serial(self.first), self._serial(self.last)
        return first if first == last else f"{first}–{last}"

    def _serial(self, number: int) -> str:
        return f"{self.prefix}{number:0{self.digits}}"


def serial_range(first: str, last: str) -> SerialRange:
    """The range from ``first`` to ``last``. ValidationFailedError when they do not make one, or it is too long."""
    start, end = _SERIAL.fullmatch(first), _SERIAL.fullmatch(last)
    if start is None or end is None:
        raise _range_error("编号由前缀与数字组成，如 YJ0001。A serial number is a prefix and digits, such as YJ0001.")
    if start[1] != end[1] or len(start[2]) != len(end[2]) or int(start[2]) > int(end[2]):
        raise _range_error("起止编号不成区间。The two serial numbers do not make a range.")
    found = SerialRange(start[1], len(start[2]), int(start[2]), int(end[2]))
    if found.last - found.first >= MOST_AT_ONCE:
        raise _range_error(f"一次至多 {MOST_AT_ONCE} 份。At most {MOST_AT_ONCE} at once.")
    return found


def gaps(serials: Iterable[str]) -> Iterator[SerialRange]:
    """What is missing between serial numbers of one prefix and length; other forms of numbers have no gaps.

    ``serials`` come in text order, which within a series is the order of the numbers: a stock of any size streams by,
    and only the last number of each series is kept.
    """
    last: dict[tuple[str, int], int] = {}
    for serial in serials:
        match = _SERIAL.fullmatch(serial)
        if match is None:
            continue
        series, number = (match[1], len(match[2])), int(match[2])
        if series in last and number > last[series] + 1:
            yield SerialRange(*series, last[series] + 1, number - 1)
        last[series] = number


def _range_error(message: str) -> ValidationFailedError:
    return ValidationFailedError([FieldError("last", "RANGE_INVALID", message)])
