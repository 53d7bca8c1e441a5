"""Teaches pyHanko SM2 and SM3, so that stock pyHanko can sign and validate what this library makes.

It is the reference that benchmarks and cross-checks compare with. Importing this module registers the
algorithms with asn1crypto, once and for the whole process (GM/T 0006).
"""

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime
from io import BytesIO

# Modules with lazily built name maps come first: what is registered after their first use would not be seen.
from asn1crypto import algos, cms, keys, ocsp, pdf, tsp, x509  # noqa: F401
from cryptography.exceptions import InvalidSignature
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESPassed
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, Signer
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation import validate_pdf_signature, validate_pdf_timestamp
from pyhanko.sign.validation.ades import ades_lta_validation
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.policy_decl import (
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko.sign.validation.status import DocumentTimestampStatus, PdfSignatureStatus
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.errors import AlgorithmNotSupported
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo
from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy
from pyhanko_certvalidator.registry import SimpleCertificateStore, SimpleTrustManager
from pyhanko_certvalidator.sig_validate import (
    DEFAULT_VALIDATION_CONTEXT,
    DefaultSignatureValidator,
    SignatureValidationContext,
)

from signing import sm2
from signing.algorithms import SM2_CURVE_OID, SM2_SIGN_OID, SM2_WITH_SM3_OID, SM3_OID
from signing.errors import InvalidSignatureError, KeyRefusedError, UnsupportedFormatError
from signing.keys import SignatureAlgorithm, SigningKey
from signing.timestamp import TimestampSource

SM3 = "sm3"
"""pyHanko's and asn1crypto's name for the digest from here on."""

_SM2_NAMES = {SM2_WITH_SM3_OID: "sm3_sm2", SM2_SIGN_OID: "sm2"}
_MECHANISMS = {
    SignatureAlgorithm.SM2_WITH_SM3: ("sm3_sm2", SM3),
    SignatureAlgorithm.ECDSA_WITH_SHA256: ("sha256_ecdsa", "sha256"),
    SignatureAlgorithm.RSA_WITH_SHA256: ("sha256_rsa", "sha256"),
}
_SM2_SIGNATURE_BYTES = 72
"""The longest DER of two integers of 33 octets."""


def _register() -> None:
    """Name the OIDs in asn1crypto, both ways."""
    names = (
        (algos.DigestAlgorithmId, {SM3_OID: SM3}),
        (algos.SignedDigestAlgorithmId, _SM2_NAMES),
    )
    for identifier, added in names:
        identifier._map.update(added)  # noqa: SLF001 - asn1crypto has no public way for these
        if identifier._reverse_map is not None:  # noqa: SLF001
            identifier._reverse_map.update({name: oid for oid, name in added.items()})  # noqa: SLF001
    keys.NamedCurve.register("sm2p256v1", SM2_CURVE_OID, sm2.SCALAR_BYTES)
    algorithm = algos.SignedDigestAlgorithm
    algorithm.signature_algo = property(_knowing_sm2(algorithm.signature_algo.fget, "sm2"))
    algorithm.hash_algo = property(_knowing_sm2(algorithm.hash_algo.fget, SM3))


def _knowing_sm2(
    original: Callable[[algos.SignedDigestAlgorithm], str], answer: str
) -> Callable[[algos.SignedDigestAlgorithm], str]:
    def name_of(algorithm: algos.SignedDigestAlgorithm) -> str:
        return answer if algorithm["algorithm"].dotted in _SM2_NAMES else original(algorithm)

    return name_of


_register()


class Sm2SignatureValidator(DefaultSignatureValidator):
    """pyHanko's hook for signature values: SM2 here, everything else as always."""

    def validate_signature(
        self,
        signature: bytes,
        signed_data: bytes,
        public_key_info: keys.PublicKeyInfo,
        signature_algorithm: algos.SignedDigestAlgorithm,
        context: SignatureValidationContext = DEFAULT_VALIDATION_CONTEXT,
    ) -> None:
        """InvalidSignature when the value does not fit; AlgorithmNotSupported for SM2 over a bare digest."""
        if signature_algorithm["algorithm"].dotted not in _SM2_NAMES:
            super().validate_signature(signature, signed_data, public_key_info, signature_algorithm, context)
            return
        if context.prehashed:
            raise AlgorithmNotSupported("SM2 hashes the signer's identity with the message: a digest is no message")
        try:
            sm2.verify(sm2.load_public(public_key_info.dump()), signed_data, signature)
        except (InvalidSignatureError, KeyRefusedError) as error:
            raise InvalidSignature from error


class SigningKeySigner(Signer):
    """A pyHanko signer on one of our keys."""

    def __init__(self, key: SigningKey) -> None:
        mechanism, self.digest_algorithm = _MECHANISMS[key.algorithm]
        registry = SimpleCertificateStore()  # type: ignore[no-untyped-call]  # ships no types
        registry.register_multiple(x509.Certificate.load(certificate) for certificate in key.chain)
        super().__init__(
            signing_cert=x509.Certificate.load(key.certificate),
            cert_registry=registry,
            signature_mechanism=algos.SignedDigestAlgorithm({"algorithm": mechanism}),
        )
        self._key = key

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        """Signature value over ``data``; zeros of its length when only the size is asked for."""
        if digest_algorithm != self.digest_algorithm:
            raise UnsupportedFormatError(f"the key signs with {self.digest_algorithm}, not {digest_algorithm}")
        if dry_run and self._key.algorithm is SignatureAlgorithm.SM2_WITH_SM3:
            return bytes(_SM2_SIGNATURE_BYTES)
        return self._key.sign(data)


class SourceTimeStamper(TimeStamper):
    """A pyHanko time-stamper on one of our sources."""

    def __init__(self, source: TimestampSource) -> None:
        super().__init__(include_nonce=False)  # type: ignore[no-untyped-call]  # not annotated there
        self._source = source

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        """A token over a digest."""
        return cms.ContentInfo.load(self._source.stamp(message_digest, algos.DigestAlgorithmId(md_algorithm).dotted))


def sign_with_pyhanko(
    document: bytes,
    key: SigningKey,
    *,
    field_name: str = "Signature1",
    timestamps: TimestampSource | None = None,
) -> bytes:
    """The PDF with a certifying PAdES signature by stock pyHanko: B-B, or B-T with time-stamps."""
    signer = SigningKeySigner(key)
    metadata = PdfSignatureMetadata(
        field_name=field_name,
        md_algorithm=signer.digest_algorithm,
        subfilter=SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=MDPPerm.NO_CHANGES,
    )
    stamper = None if timestamps is None else SourceTimeStamper(timestamps)
    pdf_signer = PdfSigner(metadata, signer=signer, timestamper=stamper)
    signed: BytesIO = pdf_signer.sign_pdf(IncrementalPdfFileWriter(BytesIO(document)))
    return signed.getvalue()


def validate_with_pyhanko(
    document: bytes,
    *,
    trust_anchors: Iterable[bytes],
    crls: Iterable[bytes] = (),
    moment: datetime | None = None,
) -> list[PdfSignatureStatus]:
    """Stock pyHanko's judgement of every signature, in the order of signing. No network.

    ``trust_anchors`` and ``crls`` are DER; ``moment`` is aware UTC, now when None.
    """
    reader = PdfFileReader(BytesIO(document))
    context = _context(trust_anchors, crls, moment)
    return [validate_pdf_signature(signature, context) for signature in reader.embedded_regular_signatures]


def validate_timestamps_with_pyhanko(
    document: bytes,
    *,
    trust_anchors: Iterable[bytes],
    crls: Iterable[bytes] = (),
    moment: datetime | None = None,
) -> list[DocumentTimestampStatus]:
    """Stock pyHanko's judgement of every document time-stamp; arguments as for the signatures."""
    reader = PdfFileReader(BytesIO(document))
    context = _context(trust_anchors, crls, moment)
    return [validate_pdf_timestamp(stamp, context) for stamp in reader.embedded_timestamp_signatures]


def validate_from_store_with_pyhanko(
    document: bytes, *, trust_anchors: Iterable[bytes], moment: datetime | None = None
) -> list[PdfSignatureStatus]:
    """Stock pyHanko's judgement with nothing but the anchors and the document security store, revocation data required."""
    reader = PdfFileReader(BytesIO(document))
    arguments = {
        "trust_roots": [x509.Certificate.load(anchor) for anchor in trust_anchors],
        "moment": moment,
        "allow_fetching": False,
        "revocation_mode": "require",
        "signature_validator": Sm2SignatureValidator(),
    }
    context = DocumentSecurityStore.read_dss(reader).as_validation_context(arguments)
    return [validate_pdf_signature(signature, context) for signature in reader.embedded_regular_signatures]


def validate_archive_with_pyhanko(document: bytes, *, trust_anchors: Iterable[bytes], moment: datetime) -> list[str]:
    """Stock pyHanko's conclusions of EN 319 102-1, 5.6.3, one a signature: ``PASSED`` or the sub-indication."""
    policy = CertValidationPolicySpec(
        trust_manager=SimpleTrustManager.build([x509.Certificate.load(anchor) for anchor in trust_anchors]),
        revinfo_policy=CertRevTrustPolicy(REQUIRE_REVINFO),
        signature_validator=Sm2SignatureValidator(),
    )
    offline = RevocationInfoGatheringSpec(RevinfoOnlineFetchingRule.LOCAL_ONLY)
    specification = PdfSignatureValidationSpec(SignatureValidationSpec(policy, offline))
    timing = ValidationTimingInfo(moment, moment, point_in_time_validation=False)
    signatures = PdfFileReader(BytesIO(document)).embedded_regular_signatures
    results = [asyncio.run(ades_lta_validation(signature, specification, timing)) for signature in signatures]
    return ["PASSED" if result.ades_subindic is AdESPassed.OK else str(result.ades_subindic) for result in results]


def _context(trust_anchors: Iterable[bytes], crls: Iterable[bytes], moment: datetime | None) -> ValidationContext:
    return ValidationContext(
        trust_roots=[x509.Certificate.load(anchor) for anchor in trust_anchors],
        crls=list(crls),
        moment=moment,
        allow_fetching=False,
        signature_validator=Sm2SignatureValidator(),
    )
