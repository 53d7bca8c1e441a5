"""Named column mappings: what a clerk told once about an office's registers, or about the database that holds them."""

from collections.abc import Mapping

from sqlalchemy import select

from gateway.errors import FieldError, NotFoundError, ValidationFailedError
from gateway.persistence.models import ConversionProfile
from gateway.persistence.retrying import retried
from gateway.persistence.session import reading
from gateway.services.dependencies import Dependencies

_LONGEST_NAME = 100


class ConversionProfiles:
    """Keeps mappings from heading to meaning under a name."""

    def __init__(self, deps: Dependencies) -> None:
        self._deps = deps

    def get(self, name: str) -> dict[str, str]:
        """Meaning by heading. NotFoundError."""
        return dict(self._found(name).meanings)

    def query_of(self, name: str) -> tuple[str, str | None] | None:
        """Source and query of a profile that is for a database; None for files. NotFoundError."""
        profile = self._found(name)
        return None if profile.source is None else (profile.source, profile.query)

    def names(self) -> list[str]:
        """All of them, in order."""
        with reading(self._deps.sessions) as session:
            return list(session.scalars(select(ConversionProfile.name).order_by(ConversionProfile.name)))

    @retried
    def save(
        self, name: str, meanings: Mapping[str, str], *, source: str | None = None, query: str | None = None
    ) -> None:
        """Keep a mapping, and the database that it is for, in the place of the one of that name. ValidationFailedError."""
        if not name.strip() or len(name) > _LONGEST_NAME:
            raise ValidationFailedError([FieldError("name", "NAME", f"1-{_LONGEST_NAME} 个字符。1-100 characters.")])
        with self._deps.sessions.begin() as session:
            profile = ConversionProfile(name=name, meanings=dict(meanings), source=source, query=query)
            profile.saved_at = self._deps.clock()
            session.merge(profile)

    def _found(self, name: str) -> ConversionProfile:
        with reading(self._deps.sessions) as session:
            profile = session.get(ConversionProfile, name)
        if profile is None:
            raise NotFoundError(
                f"没有列映射“{name}”。No such profile.", hint="See: licence-gateway conversion profiles"
            )
        return profile
