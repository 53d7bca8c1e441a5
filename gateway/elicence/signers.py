"""Who holds the phone: a person for each role, with the authorisation that such a person has from the enterprise."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gateway.domain.authorisations import TOKEN_TYPE, SigningAuthorisation
from gateway.domain.signing_requests import SignerRole
from gateway.elicence.cards import Card, CardIssuer
from gateway.elicence.phone import Fault, Signer
from signing.cose import key_id_of, sign1
from signing.keys import SigningKey
from signing.x509_fields import public_key_info

_PEOPLE = {
    SignerRole.LEGAL_REPRESENTATIVE: "林某某",
    SignerRole.LICENCE_ADMINISTRATOR: "陈某某",
    SignerRole.HANDLING_PERSON: "黄某某",
}
_SOMEBODY_ELSE = "何某某"
_OTHER_PURPOSE = "另一用途 another purpose"
_LIFE = timedelta(days=30)

OFFER_FAULTS = frozenset(
    {
        Fault.NO_AUTHORISATION,
        Fault.AUTHORISATION_EXPIRED,
        Fault.AUTHORISATION_OTHER_PURPOSE,
        Fault.AUTHORISATION_OTHER_ENTERPRISE,
        Fault.WRONG_PERSON,
    }
)
"""Faults of who signs, which are seen before anything is signed."""


@dataclass(frozen=True)
class Signers:
    """The people of every enterprise."""

    cards: CardIssuer
    clock: Callable[[], datetime]

    def signer(self, code: str, role: str, purpose: str, fault: Fault | None = None) -> Signer:
        """Who signs in this role for this purpose. ValueError for no role, KeyError for an enterprise without a card.

        The legal representative names the administrator for any purpose, the administrator the handling person for this one.
        """
        wanted = SignerRole(role)
        name = _SOMEBODY_ELSE if fault is Fault.WRONG_PERSON else self._person(code, wanted)
        if wanted is SignerRole.LEGAL_REPRESENTATIVE or fault is Fault.NO_AUTHORISATION:
            return Signer(name, wanted)
        giver = self.cards.other(code) if fault is Fault.AUTHORISATION_OTHER_ENTERPRISE else code
        stated = self._stated(self.cards.card(giver), wanted, purpose)
        if fault is Fault.AUTHORISATION_EXPIRED:
            stated = replace(stated, valid_until=self.clock() - timedelta(days=1))
        if fault is Fault.AUTHORISATION_OTHER_PURPOSE:
            stated = replace(stated, purposes=(_OTHER_PURPOSE,))
        return Signer(name, wanted, sign_authorisation(stated, self.cards.card(giver).key), stated.valid_until)

    def _stated(self, card: Card, role: SignerRole, purpose: str) -> SigningAuthorisation:
        code = card.unified_social_credit_code
        now = self.clock().replace(microsecond=0)
        representative, administrator = SignerRole.LEGAL_REPRESENTATIVE, SignerRole.LICENCE_ADMINISTRATOR
        named = SigningAuthorisation(
            unified_social_credit_code=code,
            person=self._person(code, administrator),
            role=administrator,
            giver=self._person(code, representative),
            giver_role=representative,
            valid_from=now - _LIFE,
            valid_until=now + _LIFE,
            certificate=card.certificate,
        )
        if role is administrator:
            return named
        return replace(
            named,
            person=self._person(code, role),
            role=role,
            giver=named.person,
            giver_role=named.role,
            purposes=(purpose,),
            under=sign_authorisation(named, card.key),
        )

    def _person(self, code: str, role: SignerRole) -> str:
        known = self.cards.enterprises[code].get("legal_representative")
        return str(known) if known and role is SignerRole.LEGAL_REPRESENTATIVE else _PEOPLE[role]


def sign_authorisation(stated: SigningAuthorisation, key: SigningKey) -> bytes:
    """The statement as a COSE_Sign1 by the key of an electronic business licence."""
    return sign1(stated.encode(), key, key_id=key_id_of(public_key_info(key.certificate)), media_type=TOKEN_TYPE)
