"""Keys and seals for samples: a CA apart that no trust store trusts, so that a sample can never pass for a licence."""

from collections.abc import Iterable

from sqlalchemy import select

from certs.authority import Subject, self_signed_root
from certs.profiles import GATEWAY_SIGNER, ISSUING_CA, ROOT, SEAL_SIGNER
from gateway.documents.seal_picture import draw_sample_seal
from gateway.domain.catalogue import IssuingAuthority
from gateway.errors import NotFoundError
from gateway.persistence.models import Seal
from gateway.persistence.retrying import retried
from gateway.persistence.session import reading
from gateway.services.catalogue import Catalogues
from gateway.services.dependencies import Dependencies
from gateway.services.embedded_cas import OPERATOR
from signing import sm2
from signing.cose import key_id_of
from signing.keys_sm2 import Sm2SigningKey
from signing.validation.x509 import load_certificate
from signing.x509_fields import public_key_info

SAMPLE_KEYS = "sample-"
"""Names of all these keys begin so; their certificates are never published."""
SAMPLE_COPY_KEY = f"{SAMPLE_KEYS}copy-signer"
"""Signs the purpose copies of samples."""
SAMPLE_ROOT_KEY, SAMPLE_ISSUING_KEY = f"{SAMPLE_KEYS}root", f"{SAMPLE_KEYS}issuing-ca"
_TITLE = "样本 SAMPLE"


class Samples:
    """Makes what the sandbox signs with; safe to repeat."""

    def __init__(self, deps: Dependencies, catalogue: Catalogues) -> None:
        self._deps = deps
        self._catalogue = catalogue

    def prepare(self, authority_codes: Iterable[str] | None = None) -> int:
        """Give each of these authorities (None: all) a seal for samples; gives how many are new. NotFoundError."""
        catalogue = self._catalogue.load()
        wanted = catalogue.authorities_by_code.keys() if authority_codes is None else tuple(authority_codes)
        for code in wanted:
            if code not in catalogue.authorities_by_code:
                raise NotFoundError(f"没有发证机关 {code}。No such authority.", hint="See the catalogue for its code.")
        with reading(self._deps.sessions) as session:
            sealed = set(session.scalars(select(Seal.authority_code).where(Seal.is_sample)))
        missing = [catalogue.authorities_by_code[code] for code in wanted if code not in sealed]
        self._make_authorities()
        self._make_copy_key()
        for authority in missing:
            self._make_seal(authority)
        return len(missing)

    def _make_copy_key(self) -> None:
        keystore = self._deps.keystore
        if SAMPLE_COPY_KEY not in keystore:
            private = sm2.generate()
            issuing = self._deps.certificate_authority(SAMPLE_ISSUING_KEY)
            subject = Subject(common_name=f"{_TITLE} 加注件", organisation=OPERATOR)
            certificate = issuing.issue(GATEWAY_SIGNER, subject, private.public_key, now=self._deps.clock())
            key = Sm2SigningKey(private=private, certificate=certificate, chain=(issuing.certificate,))
            keystore.store(SAMPLE_COPY_KEY, key)

    def _make_authorities(self) -> None:
        keystore, now = self._deps.keystore, self._deps.clock()
        if SAMPLE_ROOT_KEY not in keystore:
            subject = Subject(common_name=f"{_TITLE} 根证书", organisation=OPERATOR)
            keystore.store(SAMPLE_ROOT_KEY, self_signed_root(ROOT, subject, sm2.generate(), now=now))
        if SAMPLE_ISSUING_KEY not in keystore:
            private = sm2.generate()
            subject = Subject(common_name=f"{_TITLE} 签发证书", organisation=OPERATOR)
            root = self._deps.certificate_authority(SAMPLE_ROOT_KEY)
            certificate = root.issue(ISSUING_CA, subject, private.public_key, now=now)
            keystore.store(SAMPLE_ISSUING_KEY, Sm2SigningKey(private=private, certificate=certificate, chain=()))

    @retried
    def _make_seal(self, authority: IssuingAuthority) -> None:
        """A key, certificate and picture that say in their name that they make samples."""
        keystore, name = self._deps.keystore, f"{SAMPLE_KEYS}seal-{authority.code}"
        if name not in keystore:
            private = sm2.generate()
            issuing = self._deps.certificate_authority(SAMPLE_ISSUING_KEY)
            subject = Subject(f"{_TITLE} {authority.name}", f"{_TITLE} {authority.name}", authority.code)
            certificate = issuing.issue(SEAL_SIGNER, subject, private.public_key, now=self._deps.clock())
            chain = (issuing.certificate,)
            keystore.store(name, Sm2SigningKey(private=private, certificate=certificate, chain=chain))
        certificate = keystore.certificate(name)
        picture = draw_sample_seal("样本专用章", self._deps.settings.assets_dir)
        loaded = load_certificate(certificate)
        with self._deps.sessions.begin() as session:
            session.add(
                Seal(
                    key_id=key_id_of(public_key_info(certificate)).hex(),
                    authority_code=authority.code,
                    key_name=name,
                    certificate=certificate,
                    picture_png=picture.png,
                    width_mm=picture.width_mm,
                    height_mm=picture.height_mm,
                    created_at=self._deps.clock(),
                    name=f"{_TITLE} {authority.name}",
                    valid_from=loaded.not_before,
                    valid_until=loaded.not_after,
                    is_sample=True,
                )
            )
