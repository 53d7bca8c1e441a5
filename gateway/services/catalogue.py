"""The catalogue as it stands in the database, seeded from data."""

from sqlalchemy import select

from gateway.domain.catalogue import Catalogue, make_catalogue, seed_entries
from gateway.persistence.models import IssuingAuthorityRow, LicenceTypeRow
from gateway.persistence.session import reading
from gateway.services.dependencies import Dependencies


class Catalogues:
    """Loads the catalogue once a process; it changes only by seeding."""

    def __init__(self, deps: Dependencies) -> None:
        self._deps = deps
        self._loaded: Catalogue | None = None

    def load(self) -> Catalogue:
        """The catalogue."""
        if self._loaded is None:
            with reading(self._deps.sessions, own=True) as session:
                types = session.scalars(select(LicenceTypeRow).order_by(LicenceTypeRow.local_type_code)).all()
                authorities = session.scalars(select(IssuingAuthorityRow).order_by(IssuingAuthorityRow.code)).all()
                self._loaded = make_catalogue(
                    [row.definition for row in types], [row.definition for row in authorities]
                )
        return self._loaded

    def forget(self) -> None:
        """Load it anew when it is asked for next."""
        self._loaded = None

    def seed(self) -> None:
        """Add what the seed has more, and bring changed definitions up to date."""
        with self._deps.sessions.begin() as session:
            for entry in seed_entries("licence_types"):
                code, name = entry["local_type_code"], entry["name"]
                session.merge(LicenceTypeRow(local_type_code=code, name=name, definition=entry))
            for entry in seed_entries("issuing_authorities"):
                session.merge(IssuingAuthorityRow(code=entry["code"], name=entry["name"], definition=entry))
        self.forget()
