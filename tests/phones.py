"""Plays the phone with an electronic business licence: keys that the test CA certified, and answers to signing requests."""

from dataclasses import dataclass

from certs.authority import CertificateAuthority, CertificateRequest, Subject
from certs.keystore import Keystore
from certs.private_files import read_password_file
from certs.profiles import ELECTRONIC_BUSINESS_LICENCE
from gateway.domain.signing_answers import AnswerForm, CertificateOffer, DocumentAnswer, SigningAnswer
from gateway.domain.signing_requests import SignerRole
from gateway.services.installation import LICENCE_ROOT_KEY
from signing import sm2
from signing.keys import SigningKey
from signing.private_keys import signing_key
from tests.pki import DAY

ROLE = SignerRole.LEGAL_REPRESENTATIVE


@dataclass(frozen=True)
class Phone:
    """One electronic business licence."""

    key: SigningKey

    def offer(self, role=ROLE):
        return CertificateOffer(self.key.certificate, role, "林某某")

    def answer(self, view, *, sign=None):
        """Every document of a view signed, by ``sign`` or as it should be."""
        sign = sign or self.key.sign
        signatures = (
            DocumentAnswer(each.document_id, AnswerForm.RAW, sign(each.to_be_signed)) for each in view.documents
        )
        return SigningAnswer(self.key.certificate, tuple(signatures))

    def sign(self, container, token):
        """The whole exchange, as it should be."""
        container.signing_sessions.present(token)
        view = container.signing_sessions.offer(token, self.offer())
        return container.signing_sessions.answer(token, self.answer(view))


def phone_of(container, code):
    """The electronic business licence of a sample enterprise."""
    folder = container.settings.data_dir / "simulator"
    return Phone(Keystore(folder / "keys", read_password_file(folder / "password"), iterations=1000).load(code))


def new_phone(container, code, *, since=-DAY, days=30):
    """Another one for an enterprise, from the same CA."""
    now, private = container.clock(), sm2.generate()
    request = CertificateRequest(
        profile=ELECTRONIC_BUSINESS_LICENCE,
        subject=Subject("某某有限公司", "某某有限公司", code),
        public_key=private.public_key,
        not_before=now + since,
        not_after=now + since + days * DAY,
    )
    certificate = CertificateAuthority(container.deps.keystore.load(LICENCE_ROOT_KEY)).sign_request(request)
    return Phone(signing_key(private, certificate))
