"""Sets the gateway up: database, keys, test PKI, trust store, catalogue, seals. Every step may be repeated."""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from asn1crypto import pem

from certs.authority import CertificateAuthority, Subject, self_signed_root
from certs.key_uses import Purpose
from certs.keystore import Keystore, encode_pem
from certs.private_files import create_password_file
from certs.profiles import (
    ELECTRONIC_BUSINESS_LICENCE,
    GATEWAY_SIGNER,
    ISSUING_CA,
    ROOT,
    SEAL_SIGNER,
    TIMESTAMPING_UNIT,
    Profile,
)
from certs.revocation import RevokedEntry
from certs.trust_store import read_attributes
from gateway.documents.seal_picture import draw_sample_seal
from gateway.domain.actors import SYSTEM
from gateway.domain.catalogue import IssuingAuthority
from gateway.domain.seal_register import SealAct, SealStatus
from gateway.errors import NotInitialisedError
from gateway.persistence.models import Seal, StoredFile
from gateway.persistence.schema import is_current, upgrade
from gateway.persistence.sealing import ensure_field_key
from gateway.services.catalogue import Catalogues
from gateway.services.challenge_phrases import ensure_phrase_secret
from gateway.services.dependencies import DELIVERY_KEY, LIST_KEY, LOG_KEY, REPORT_KEY, TIMESTAMPING_KEY, Dependencies
from gateway.services.embedded_cas import (
    ANCHORS,
    CA_KEYS,
    ISSUING_KEY,
    LICENCE_ROOT_KEY,
    OPERATOR,
    ROOT_KEY,
    EmbeddedCas,
)
from gateway.services.enterprises import Enterprises
from gateway.services.holder_certificates import HolderCertificates
from gateway.services.samples import SAMPLE_KEYS
from gateway.services.seal_events import note_seal_act
from gateway.services.sealed_rows import reseal_rows
from gateway.services.second_signatures import signs_twice
from signing import sm2
from signing.cose import key_id_of
from signing.keys_sm2 import Sm2SigningKey
from signing.validation.x509 import load_certificate
from signing.x509_fields import public_key_info

_GATEWAY_KEYS: tuple[tuple[str, str, frozenset[Purpose] | None], ...] = (
    (REPORT_KEY, "电子文件核验网关（测试）", None),
    (LOG_KEY, "透明日志（测试）", frozenset({Purpose.LOG})),
    (LIST_KEY, "证照清单（测试）", frozenset({Purpose.LIST})),
    (DELIVERY_KEY, "事件送达（测试）", frozenset({Purpose.RECEIPT})),
)
"""The gateway's own keys: name, subject of the test certificate, and what they are limited to."""

Progress = Callable[[str], None]

_SIMULATED_LICENCE_ITERATIONS = 10_000
"""The keys of the invented enterprises stand in for phones; their random password needs no slow derivation."""


class Installation:
    """Makes an empty data directory into a working gateway."""

    def __init__(
        self,
        deps: Dependencies,
        catalogue: Catalogues,
        enterprises: Enterprises,
        holder_certificates: HolderCertificates,
    ) -> None:
        self._deps = deps
        self._catalogue = catalogue
        self._enterprises = enterprises
        self._holder_certificates = holder_certificates
        self._cas = EmbeddedCas(deps)

    def require(self) -> None:
        """NotInitialisedError unless ``initialise`` has been run; settles what killed processes left."""
        settings = self._deps.settings
        ready = settings.resolved_key_password_file.exists() and self._deps.trust_dir.exists()
        if not ready or not is_current(self._deps.engine):
            raise NotInitialisedError(
                f"There is no gateway in {settings.data_dir} yet.",
                hint=f"Run: licence-gateway init --data-dir {settings.data_dir}",
            )
        self.recover()

    def recover(self) -> tuple[int, int]:
        """Publish or remove files of interrupted issues: (published, removed)."""
        with self._deps.sessions.begin() as session:
            return self._deps.files.recover(lambda digest: session.get(StoredFile, digest) is not None)

    def initialise(self, progress: Progress = lambda _: None) -> None:
        """Database, keys, trust store, catalogue and seals."""
        deps = self._deps
        deps.settings.data_dir.mkdir(parents=True, exist_ok=True)
        progress("数据库 database")
        upgrade(deps.engine)
        deps.files.prepare()
        progress("密钥与测试证书体系 keys and test PKI")
        create_password_file(deps.settings.resolved_key_password_file)
        self._make_authorities()
        self._cas.make_ecdsa_branch()
        ensure_field_key(deps.keystore)
        ensure_phrase_secret(deps.keystore)
        progress("证照目录 catalogue")
        self._catalogue.seed()
        # Rows of a release that did not seal; a migration has no key to do it with.
        reseal_rows(deps, self._catalogue.load())
        progress("发证机关印章 seals of the issuing authorities")
        for authority in self._catalogue.load().authorities:
            self._make_seal(authority)
        progress("信任库 trust store")
        self.publish_trust()
        self.recover()

    def register_samples(self, records: Iterable[Mapping[str, Any]], progress: Progress = lambda _: None) -> int:
        """Register sample enterprises, each with an electronic business licence from the test CA; gives how many are new."""
        known = list(records)
        added = self._enterprises.register(known)
        certified = self._holder_certificates.certified_codes()
        folder = self._deps.settings.data_dir / "simulator"
        password = create_password_file(folder / "password")
        phones = Keystore(folder / "keys", password, iterations=_SIMULATED_LICENCE_ITERATIONS)
        authority = self._deps.certificate_authority(LICENCE_ROOT_KEY)
        missing = [r for r in known if r["unified_social_credit_code"] not in certified]
        for number, record in enumerate(missing, 1):
            code = str(record["unified_social_credit_code"])
            subject = Subject(
                common_name=str(record["name"]),
                organisation=str(record["name"]),
                unified_social_credit_code=code,
            )
            key = self._issue(authority, ELECTRONIC_BUSINESS_LICENCE, subject)
            phones.store(code, key)
            self._holder_certificates.register(key.certificate)
            progress(f"电子营业执照 electronic business licences {number}/{len(missing)}")
        return added

    def publish_trust(self) -> None:
        """Write anchors, certificates and fresh revocation lists to the trust store."""
        keystore, folder = self._deps.keystore, self._deps.trust_dir
        self._cas.renew_responders()
        for name in ANCHORS:
            write_published(folder / "anchors" / f"{name}.pem", encode_pem([keystore.certificate(name)]))
        # Anchors that the operator added keep their limits: one without any would vouch for everything.
        attributes = read_attributes(folder / "anchors.json")
        attributes |= {f"{name}.pem": {"egov_qualified": False, "uses": uses} for name, uses in ANCHORS.items()}
        write_published(folder / "anchors.json", json.dumps(attributes, indent=1).encode())
        for name in keystore.names():
            if name not in ANCHORS and not name.startswith(SAMPLE_KEYS):
                self.publish_certificate(name)
        self._publish_crls()

    def publish_certificate(self, name: str) -> None:
        """Write one key's certificate to the trust store, where those who verify find it."""
        keystore = self._deps.keystore
        # Who may speak for the register stands apart from those who may sign a licence.
        is_for_lists = keystore.attributes(name).purposes == frozenset({Purpose.LIST})
        path = self._deps.trust_dir / ("signers" if is_for_lists else "certificates") / f"{name}.pem"
        write_published(path, encode_pem([keystore.certificate(name), *keystore.chain(name)]))

    def publish_crl(self, name: str, revoked: Iterable[RevokedEntry] = ()) -> None:
        """Write the next revocation list of the CA whose key has this name."""
        now = self._deps.clock()
        authority = CertificateAuthority(self._deps.keystore.load(name, Purpose.CRL))
        path = self._deps.trust_dir / "crls" / f"{name}.crl"
        # The list goes on from the last one: what was revoked once stays revoked.
        crl = authority.next_crl(
            pem.unarmor(path.read_bytes())[2] if path.exists() else None,
            this_update=now,
            next_update=now + timedelta(days=self._deps.settings.crl_days),
            revoked=revoked,
        )
        write_published(path, pem.armor("X509 CRL", crl))

    def _publish_crls(self) -> None:
        for name in CA_KEYS:
            self.publish_crl(name)

    def _make_authorities(self) -> None:
        """Root, issuing CA and time-stamping unit; the root of the electronic business licences stands apart."""
        keystore, now = self._deps.keystore, self._deps.clock()
        for name, title in ((ROOT_KEY, "测试根证书"), (LICENCE_ROOT_KEY, "电子营业执照测试根证书")):
            if name not in keystore:
                subject = Subject(common_name=title, organisation=OPERATOR)
                keystore.store(name, self_signed_root(ROOT, subject, sm2.generate(), now=now))
        if ISSUING_KEY not in keystore:
            root = self._deps.certificate_authority(ROOT_KEY)
            subject = Subject(common_name="测试签发证书", organisation=OPERATOR)
            keystore.store(ISSUING_KEY, self._issue(root, ISSUING_CA, subject))
        if TIMESTAMPING_KEY not in keystore:
            issuing = self._deps.certificate_authority(ISSUING_KEY)
            subject = Subject(common_name="测试时间戳", organisation=OPERATOR)
            chain = (issuing.certificate,)
            keystore.store(TIMESTAMPING_KEY, self._issue(issuing, TIMESTAMPING_UNIT, subject, chain))
        for name, title, purposes in _GATEWAY_KEYS:
            if name not in keystore:
                issuing = self._deps.certificate_authority(ISSUING_KEY)
                key = self._issue(issuing, GATEWAY_SIGNER, Subject(title, OPERATOR), (issuing.certificate,))
                keystore.store(name, key, purposes=purposes)

    def _make_seal(self, authority: IssuingAuthority) -> None:
        """A key, certificate and sample picture for an authority that has none."""
        keystore, name = self._deps.keystore, f"seal-{authority.code}"
        subject = Subject(authority.name, authority.name, authority.code)
        if name not in keystore:
            issuing = self._deps.certificate_authority(ISSUING_KEY)
            key = self._issue(issuing, SEAL_SIGNER, subject, (issuing.certificate,))
            keystore.store(name, key)
        if signs_twice(authority, self._deps.settings):
            self._cas.ecdsa_seal(authority.code, authority.name)
        certificate = keystore.certificate(name)
        key_id = key_id_of(public_key_info(certificate)).hex()
        with self._deps.sessions.begin() as session:
            if session.get(Seal, key_id) is not None:
                return
            picture = draw_sample_seal(authority.name, self._deps.settings.assets_dir)
            loaded, now = load_certificate(certificate), self._deps.clock()
            seal = Seal(
                key_id=key_id,
                authority_code=authority.code,
                name=authority.name,
                key_name=name,
                certificate=certificate,
                picture_png=picture.png,
                width_mm=picture.width_mm,
                height_mm=picture.height_mm,
                created_at=now,
                valid_from=loaded.not_before,
                valid_until=loaded.not_after,
                status=SealStatus.IN_USE,
            )
            session.add(seal)
            session.flush()
            note_seal_act(session, seal, SealAct.MAKE, "init", SYSTEM, now)

    def _issue(
        self,
        authority: CertificateAuthority,
        profile: Profile,
        subject: Subject,
        chain: tuple[bytes, ...] = (),
    ) -> Sm2SigningKey:
        private = sm2.generate()
        certificate = authority.issue(profile, subject, private.public_key, now=self._deps.clock())
        return Sm2SigningKey(private=private, certificate=certificate, chain=chain)


def write_published(path: Path, data: bytes) -> None:
    """Replace a published file in one step, so that no reader meets half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_bytes(data)
    temporary.replace(path)
