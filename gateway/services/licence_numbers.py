"""Licences by their printed number, which is unique only within a type and an authority."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from gateway.domain.catalogue import Catalogue
from gateway.persistence.models import Licence
from gateway.persistence.session import reading
from gateway.services.catalogue import Catalogues
from gateway.services.dependencies import Dependencies

_MOST = 20
_LONGEST = 128
_OPENING, _CLOSING = "[(［（〔【", "])］）〕】"
_WRITTEN = (("〔", "〕"), ("(", ")"), ("（", "）"), ("[", "]"))
"""The brackets around the year, as authorities write them; readers type those that their keyboard has."""


@dataclass(frozen=True)
class NumberedLicence:
    """One licence with the number that was asked for."""

    licence_identifier: str
    """Of the version in effect."""
    licence_type_name: str
    issuing_authority: str


class LicenceNumbers:
    """The register by number."""

    def __init__(self, deps: Dependencies, catalogue: Catalogues) -> None:
        self._deps = deps
        self._catalogue = catalogue

    def find(self, typed: str) -> tuple[NumberedLicence, ...]:
        """At most 20 licences whose printed number this is, whatever its brackets; samples are not among them."""
        if not 0 < len(typed) <= _LONGEST:
            return ()
        catalogue, now = self._catalogue.load(), self._deps.clock()
        # Types and authorities are named, because the index of numbers begins with them.
        query = select(Licence).where(
            Licence.local_type_code.in_(catalogue.types_by_code),
            Licence.authority_code.in_(catalogue.authorities_by_code),
            Licence.licence_number.in_(_spellings(typed)),
            Licence.is_sample.is_(False),
        )
        with reading(self._deps.sessions) as session:
            found = session.scalars(query.options(selectinload(Licence.versions)).order_by(Licence.id).limit(_MOST))
            return tuple(_numbered(licence, catalogue, now) for licence in found)


def _spellings(typed: str) -> set[str]:
    """The number with each pair of brackets."""
    typed_as = _OPENING + _CLOSING
    return {
        typed,
        *(
            typed.translate(str.maketrans(typed_as, opening * len(_OPENING) + closing * len(_CLOSING)))
            for opening, closing in _WRITTEN
        ),
    }


def _numbered(licence: Licence, catalogue: Catalogue, now: datetime) -> NumberedLicence:
    begun = [each for each in licence.versions if each.takes_effect_at <= now] or licence.versions[:1]
    return NumberedLicence(
        begun[-1].licence_identifier,
        catalogue.types_by_code[licence.local_type_code].name,
        catalogue.authorities_by_code[licence.authority_code].name,
    )
