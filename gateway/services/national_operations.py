"""The operations that national platforms ask with (domain facts, 1.5), over the services that there are."""

import base64
from typing import Any

from gateway.domain.actors import Actor, Scope
from gateway.domain.representations import Vocabulary
from gateway.errors import NotFoundError
from gateway.services.catalogue import Catalogues
from gateway.services.licence_records import MOST_LISTED, LicenceFilter, LicenceRecords
from gateway.services.representations import Representations


class NationalOperations:
    """Translates questions; what may be read, and how it reads, others decide."""

    def __init__(self, catalogue: Catalogues, records: LicenceRecords, representations: Representations) -> None:
        self._catalogue = catalogue
        self._records = records
        self._representations = representations

    def types(self, actor: Actor) -> list[dict[str, Any]]:
        """Code and name of each type that the caller handles. ForbiddenError."""
        actor.require(Scope.LICENCES_READ)
        return [
            {"CertificateType": each.identifier_type_code, "CertificateTypeName": each.name, "Official": each.official}
            for each in self._catalogue.load().licence_types
            if actor.type_codes is None or each.local_type_code in actor.type_codes
        ]

    def of_holder(self, holder_code: str, type_code: str | None, actor: Actor) -> list[dict[str, str]]:
        """The licences of a holder, at most ``MOST_LISTED``, in the national vocabulary. NotFoundError, ForbiddenError."""
        local_code = None if type_code is None else self._local_code(type_code)
        wanted = LicenceFilter(holder_code=holder_code, licence_type_code=local_code, limit=MOST_LISTED)
        found = self._records.search(wanted, actor=actor)
        return [self.data(record.licence_identifier, actor) for record in found]

    def data(self, licence_identifier: str, actor: Actor) -> dict[str, str]:
        """One licence in the national vocabulary. NotFoundError, ForbiddenError."""
        return self._representations.of(licence_identifier, Vocabulary.NATIONAL, actor=actor)

    def file(self, licence_identifier: str, actor: Actor) -> dict[str, str]:
        """Its signed PDF in Base64. NotFoundError, ForbiddenError, StorageError."""
        content = self._records.file(licence_identifier, actor=actor)
        return {"ZZBS": licence_identifier, "FileType": "pdf", "FileData": base64.b64encode(content).decode()}

    def identifier_of(self, type_code: str, number: str, holder_code: str, actor: Actor) -> str:
        """The one licence with this type, number and holder. NotFoundError when there is none, or more than one authority's."""
        wanted = LicenceFilter(
            holder_code=holder_code, licence_number=number, licence_type_code=self._local_code(type_code), limit=2
        )
        found = self._records.search(wanted, actor=actor)
        if len(found) != 1:
            raise NotFoundError("没有查到唯一的证照。No single licence was found.", hint="Ask by its identifier.")
        return found[0].licence_identifier

    def _local_code(self, type_code: str) -> str:
        for each in self._catalogue.load().licence_types:
            if type_code in (each.identifier_type_code, each.local_type_code):
                return each.local_type_code
        raise NotFoundError(f"目录中没有证照类型 {type_code[:40]}。No such type.", hint="Ask GetCertificateType.")
