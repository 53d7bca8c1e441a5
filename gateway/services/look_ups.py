"""Look-ups by anybody: from a standby of the database where one is fresh, else from the database itself (docs/databases.md)."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from gateway.domain.answers import Outcome, Resolution
from gateway.domain.codes import classify
from gateway.errors import NotFoundError, RegistryUnavailableError
from gateway.metrics import STANDBY_LOOK_UPS
from gateway.services.codes import Codes
from gateway.services.dependencies import Dependencies

Answer = TypeVar("Answer")


class LookUps:
    """Says where a look-up reads."""

    def __init__(self, deps: Dependencies, codes: Codes) -> None:
        self._deps = deps
        self._codes = codes

    def answer(self, ask: Callable[[], Answer], is_absent: Callable[[Answer], bool]) -> Answer:
        """What ``ask`` gives, which only reads and may be called twice: a standby that fails, or to which a thing is unknown
        (it may have been registered just now), does not have the last word.
        """
        if not self._deps.standbys:
            return ask()
        standby, outcome = self._deps.standbys.choose(), "none_fresh"
        if standby is not None:
            try:
                with standby.read():
                    found = ask()
                if not is_absent(found):
                    STANDBY_LOOK_UPS.labels("answered").inc()
                    return found
                outcome = "absent"
            except NotFoundError:
                outcome = "absent"
            except (RegistryUnavailableError, SQLAlchemyError):
                standby.rest()
                outcome = "failed"
        STANDBY_LOOK_UPS.labels(outcome).inc()
        return ask()

    def resolve(self, text: str) -> Resolution:
        """As ``Codes.resolve``."""
        # A code that another system reads may be good for one question: it is not asked twice.
        if not self._deps.standbys or classify(text, own_hosts=self._codes.own_hosts()).needs_system:
            return self._codes.resolve(text)
        return self.answer(lambda: self._codes.resolve(text), is_nothing_registered)

    def resolve_image(self, data: bytes) -> Resolution:
        """As ``Codes.resolve_image``."""
        return self._codes.resolve_image(data, self.resolve)


def is_nothing_registered(resolution: Resolution) -> bool:
    """Whether the register holds nothing under a code: what a standby does not know yet looks alike."""
    return resolution.outcome is Outcome.NOTHING_REGISTERED
