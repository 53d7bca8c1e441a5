"""Receivers with interfaces of their own: brings what they hold to what the register says, and asks them what they hold.

What is sent is the licence as it stands now, not the single event: sent twice it changes nothing, and an answer that was
lost is made good by the next attempt (docs/connectors.md).
"""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import select

from gateway.domain.applications import Application
from gateway.domain.deliveries import DeliveryFailedError, Receipt, require_taken
from gateway.domain.identifiers import LicenceIdentifier
from gateway.domain.library_licence import SUCCESS, HeldLicence, creation, item_code, request_frame, steps
from gateway.domain.publicity_record import publicity_record
from gateway.domain.representations import RegisteredFacts
from gateway.errors import NotFoundError
from gateway.persistence.models import LicenceVersion, Subscription
from gateway.persistence.session import reading
from gateway.services.catalogue import Catalogues
from gateway.services.dependencies import Dependencies
from gateway.services.listing import WHOLE, current_status
from gateway.services.postings import Postings, json_object
from gateway.services.representations import application_of

_PAGE = 200
_MOST_PAGES = 100_000


@dataclass(frozen=True)
class StandingLicence:
    """The newest version of a licence, and its status now."""

    application: Application
    facts: RegisteredFacts


class Connectors:
    """Publicity systems and the licence library."""

    def __init__(self, deps: Dependencies, catalogue: Catalogues, postings: Postings) -> None:
        self._deps = deps
        self._catalogue = catalogue
        self._postings = postings

    def standing(self, licence_id: int) -> StandingLicence:
        """A licence as the register has it. NotFoundError."""
        query = select(LicenceVersion).where(LicenceVersion.licence_id == licence_id).options(*WHOLE)
        with reading(self._deps.sessions) as session:
            version = session.scalars(query.order_by(LicenceVersion.version.desc()).limit(1)).first()
            if version is None:
                raise NotFoundError(f"没有第 {licence_id} 份证照。There is no licence {licence_id}.")
            identifier = LicenceIdentifier.parse(version.licence_identifier)
            facts = RegisteredFacts(identifier, current_status(version, self._deps.clock()))
            return StandingLicence(application_of(version, self._catalogue.load(), self._deps.vault), facts)

    def publish(self, row: Subscription, licence_id: int) -> Receipt:
        """Send the public record of a licence; a publicity system replaces the one that it has. DeliveryFailedError."""
        licence = self.standing(licence_id)
        record = publicity_record(licence.application, licence.facts.status, row.options)
        answer = self._postings.through_gateway(row, f"{row.url.rstrip('/')}/records", orjson.dumps(record))
        taken = json_object(require_taken(answer))
        if taken.get("accepted") is not True:
            raise DeliveryFailedError("the record was not accepted", status=answer.status)
        return Receipt(answer.status, {"XK_ZT": record["XK_ZT"]})

    def published(self, row: Subscription) -> Iterator[Mapping[str, str]]:
        """Every record that a publicity system holds of ours. DeliveryFailedError."""
        after = ""
        for _ in range(_MOST_PAGES):
            page = self._postings.asked(row, "/records/query", {"after": after, "limit": _PAGE})
            yield from page.get("records", ())
            after = page.get("next", "")
            if not after:
                return

    def received(self, row: Subscription) -> set[int]:
        """Ids of the events that the data-sharing platform holds. DeliveryFailedError."""
        found: set[int] = set()
        after = -1
        for _ in range(_MOST_PAGES):
            page = self._postings.asked(row, "/received", {"after": after, "limit": _PAGE})
            ids = [int(each) for each in page.get("ids", ())]
            if not ids:
                break
            found.update(ids)
            after = max(ids)
        return found

    def store(self, row: Subscription, licence_id: int) -> Receipt:
        """Create, issue and abolish in the library until it holds what the register says. DeliveryFailedError."""
        licence = self.standing(licence_id)
        library = _Library(self._postings, row, licence)
        todo = steps(library.held(), licence.facts)
        for wrong in todo.abolish:
            library.act("abolish", {"license_code": wrong.license_code, "abolish_reason": licence.facts.status})
        code = todo.issue
        if todo.create:
            code = str(library.act("create", creation(licence.application, licence.facts, {})).get("license_code", ""))
        if code is not None:
            library.act("issue", {"license_code": code})
        return Receipt(200, {"abolished": [one.license_code for one in todo.abolish], "license_code": code})

    def stored(self, row: Subscription, licence_id: int) -> list[HeldLicence]:
        """What the library holds under the number of a licence. DeliveryFailedError."""
        return _Library(self._postings, row, self.standing(licence_id)).held()


class _Library:
    """``license-app/v1`` for one licence: logs in, and puts its frame around each request."""

    def __init__(self, postings: Postings, row: Subscription, licence: StandingLicence) -> None:
        self._postings, self._base, self._application = postings, row.url.rstrip("/"), licence.application
        try:
            self._item = item_code(self._application, row.options)
        except ValueError as error:
            raise DeliveryFailedError(str(error)) from error
        # One business number for an attempt: the library keeps it beside what was done.
        number = f"{licence.facts.identifier}-{secrets.token_hex(4)}"
        self._frame = request_frame(self._application, self._item, row.options, number)
        self._token = str(self._ask("/security/login", postings.credentials(row), {}).get("access_token", ""))

    def held(self) -> list[HeldLicence]:
        """All under the number of the licence, abolished ones too."""
        code = self._application.holder_code
        question = {**self._frame, "item_code": self._item, "identity_number": code}
        found = self._ask("/license/auth", question, {"access_token": self._token}).get("licenses", [])
        return [
            HeldLicence(str(one["license_code"]), str(one["license_status"]), one["data_fields"])
            for one in found
            if one["data_fields"].get("ZZHM") == self._application.licence_number
        ]

    def act(self, operation: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """``create``, ``issue`` or ``abolish``."""
        path = f"/license/{self._item}/{operation}"
        return self._ask(path, {**self._frame, **body}, {"access_token": self._token})

    def _ask(self, path: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        answer = require_taken(self._postings.post(f"{self._base}{path}", orjson.dumps(body), headers))
        envelope = json_object(answer)
        data = envelope.get("data")
        if envelope.get("ack_code") != SUCCESS:
            raise DeliveryFailedError(f"{path.rpartition('/')[2]}: not acknowledged", status=answer.status)
        return data if isinstance(data, dict) else {}
