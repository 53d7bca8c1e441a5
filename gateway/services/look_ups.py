"""Look-ups by anybody: from a standby of the database where one is fresh, else from the database itself (docs/databases.md)."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from gateway.errors import NotFoundError, RegistryUnavailableError
from gateway.persistence.session import reading_from
from gateway.services.dependencies import Dependencies

Answer = TypeVar("Answer")


class LookUps:
    """Says where a look-up reads."""

    def __init__(self, deps: Dependencies) -> None:
        self._deps = deps

    def answer(self, ask: Callable[[], Answer], is_absent: Callable[[Answer], bool]) -> Answer:
        """What ``ask`` gives, which only reads and may be called twice: a standby that fails, or to which a thing is unknown
        (it may have been registered just now), does not have the last word.
        """
        standby = self._deps.standbys.choose()
        if standby is None:
            return ask()
        try:
            with reading_from(standby.reads):
                found = ask()
            if not is_absent(found):
                return found
        except (RegistryUnavailableError, SQLAlchemyError):
            standby.rest()
        except NotFoundError:
            pass
        return ask()
