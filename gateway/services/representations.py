"""Registered licences as records in the vocabularies of others."""

from gateway.domain.actors import OPERATOR, Actor, Scope
from gateway.domain.applications import Application
from gateway.domain.basis import Basis, ObligationKind, ObligationSpec
from gateway.domain.catalogue import Catalogue
from gateway.domain.identifiers import LicenceIdentifier
from gateway.domain.representations import RegisteredFacts, Vocabulary, represent
from gateway.persistence.models import LicenceVersion
from gateway.persistence.sealing import FieldVault
from gateway.persistence.session import reading
from gateway.services.catalogue import Catalogues
from gateway.services.dependencies import Dependencies
from gateway.services.held_licences import find_version
from gateway.services.listing import current_status
from gateway.services.sealed_places import open_version_face


class Representations:
    """Gives out what was taken in, in the names that the reader uses."""

    def __init__(self, deps: Dependencies, catalogue: Catalogues) -> None:
        self._deps = deps
        self._catalogue = catalogue

    def of(
        self,
        licence_identifier: str,
        vocabulary: Vocabulary,
        *,
        actor: Actor = OPERATOR,
        scope: Scope = Scope.LICENCES_READ,
    ) -> dict[str, str]:
        """One version with its status now, unmasked, for who may do ``scope``. NotFoundError, ForbiddenError."""
        with reading(self._deps.sessions) as session:
            version = find_version(session, licence_identifier, actor, scope)
            facts = RegisteredFacts(
                LicenceIdentifier.parse(licence_identifier), current_status(version, self._deps.clock())
            )
            return represent(application_of(version, self._catalogue.load(), self._deps.vault), facts, vocabulary)


def application_of(version: LicenceVersion, catalogue: Catalogue, vault: FieldVault) -> Application:
    """The application that a version was issued on."""
    licence = version.licence
    licence_type = catalogue.types_by_code[licence.local_type_code]
    # The row keeps values by label; the order is that of the type's face.
    items = open_version_face(vault, version)
    return Application(
        licence_type=licence_type,
        authority=catalogue.authorities_by_code[licence.authority_code],
        licence_number=licence.licence_number,
        holder_name=version.holder_name,
        holder_code=licence.holder_code,
        issued_on=version.issued_on,
        valid_from=version.valid_from,
        valid_until=version.valid_until,
        items=tuple((rule.label, items[rule.label]) for rule in licence_type.face_items if rule.label in items),
        basis=Basis(
            tuple(ObligationSpec(ObligationKind(row.kind), tuple(row.items), row.due_on) for row in version.obligations)
        ),
    )
