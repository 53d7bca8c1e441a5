"""Seal signatures (GB/T 38540, GM/T 0031) as signed objects of the process of EN 319 102-1, and the seal itself.

1. Format: the structure is that of its version, which seal and signature share (7.3 of GB/T 38540).
2. The seal: the maker's signature over it, the maker's certificate good when the seal was made, a time-stamp of
   version 5 not before its making. A maker's certificate that expired or was revoked since is a note, not a failure.
3. The signer is one of those whom the seal lists.
4. The seal was valid when it was used, as the signature says; the signature does not speak of the future.
5. The signed digest is the SM3 of the covered bytes.
The signature value, the signer's certificate and the time-stamp are the affair of the common process.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

from signing import ses
from signing.algorithms import SM3_OID
from signing.errors import MalformedDataError
from signing.validation.algorithm_constraints import NEVER
from signing.validation.basic import SignedObject
from signing.validation.checks import advisory, broken, decisive, passed
from signing.validation.cms_reading import SignedCms
from signing.validation.context import ValidationContext
from signing.validation.cryptographic import check_value
from signing.validation.past import slide
from signing.validation.policy import Use
from signing.validation.report import Check, Conclusion, SubIndication
from signing.validation.timestamps import validate_token
from signing.validation.x509 import load_certificate
from signing.validation.x509_validation import validate_x509
from signing.x509_fields import issuer_and_serial_number

_DIGEST_CHECK = "cryptographic_verification.message_digest"


def seal_object(
    signature: ses.SealSignature, content_digest: Callable[[str], bytes], context: ValidationContext
) -> SignedObject:
    """A parsed SES_Signature for the common process; ``content_digest`` gives the digest of the covered bytes."""
    certificate = signature.certificate
    cms = SignedCms(
        certificates=(certificate,),
        issuer_and_serial_number=_issuer_and_serial_number(certificate),
        key_identifier=None,
        digest_oid=SM3_OID,
        signature_oid=signature.signature_oid,
        signed_attributes=b"",
        content_type_oid=None,
        message_digest=signature.data_hash,
        certificate_reference=None,
        signature=signature.signature,
        encapsulated_type_oid="",
        encapsulated=None,
        timestamps=() if signature.timestamp is None else (signature.timestamp,),
        claimed_signing_time=signature.signed_at,
    )
    checks = (
        *_seal_checks(signature.seal, context),
        _check_signer(signature),
        *_check_use(signature, context.at),
        _check_digest(signature, content_digest(SM3_OID)),
    )
    return SignedObject(cms, signature.signed, checks, takes_raw=True, needs_reference=False)


def _issuer_and_serial_number(certificate: bytes) -> bytes | None:
    try:
        return issuer_and_serial_number(certificate)
    except MalformedDataError:
        return None


def _seal_checks(seal: ses.Seal, context: ValidationContext) -> Iterator[Check]:
    """2."""
    try:
        maker = load_certificate(seal.maker_certificate)
    except MalformedDataError as error:
        yield broken("seal.maker_certificate", SubIndication.FORMAT_FAILURE, str(error))
        return
    value = check_value(maker.spki, seal.signature_oid, SM3_OID, seal.signed, seal.signature, takes_raw=True)
    yield replace(value, name="seal.signature")
    if context.policy.algorithms.signature_until(seal.signature_oid) == NEVER:
        detail = f"the seal is signed with {seal.signature_oid}, which is not reliable"
        yield broken("seal.algorithms", SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, detail)
    yield from _maker_checks(seal, context)
    if seal.timestamp is not None:
        stamp = validate_token(seal.timestamp, seal.signature, context)
        yield from (advisory(replace(c, name=f"seal.{c.name}")) for c in stamp.checks)
        if stamp.proven_at is not None and seal.info.created_at > stamp.proven_at:
            detail = "the seal was stamped before it says that it was made"
            yield broken("seal.time_stamp_order", SubIndication.TIMESTAMP_ORDER_FAILURE, detail)


def _maker_checks(seal: ses.Seal, context: ValidationContext) -> Iterator[Check]:
    """The maker's certificate as of the making: good now, or good then by what is known now."""
    name, made_at = "seal.maker_certificate", seal.info.created_at
    maker = load_certificate(seal.maker_certificate)
    if made_at > context.at:
        yield broken(name, SubIndication.SIG_CONSTRAINTS_FAILURE, "the seal was made in the future")
        return
    if not maker.is_valid_at(made_at):
        yield broken(name, SubIndication.SIG_CONSTRAINTS_FAILURE, "the maker's certificate was not valid at the making")
        return
    finding = validate_x509(maker, context, Use.SIGNATURE)
    check = decisive(finding.checks)
    if check is None:
        yield passed(name, maker.name)
        return
    for path in context.paths(maker, Use.SIGNATURE):
        sliding = slide(path, context)
        if path.flaw is None and not sliding.missing and sliding.control_time >= made_at:
            yield passed(name, f"{maker.name}, good when the seal was made; now: {check.detail}")
            return
    yield replace(check, name=name)


def _check_signer(signature: ses.SealSignature) -> Check:
    """3."""
    name, info, certificate = "seal.signer", signature.seal.info, signature.certificate
    if certificate in info.certificates or ses.certificate_digest(certificate) in info.certificate_digests:
        return passed(name)
    return broken(name, SubIndication.SIG_CONSTRAINTS_FAILURE, "the seal does not list the signer's certificate")


def _check_use(signature: ses.SealSignature, at: datetime) -> Iterator[Check]:
    """4."""
    info, used_at = signature.seal.info, signature.signed_at
    if signature.version != info.version:
        detail = f"a seal of version {info.version} in a signature of version {signature.version}"
        yield Check("seal.version", Conclusion.NOT_APPLICABLE, detail)
    if used_at is None:
        yield broken(
            "seal.validity", SubIndication.SIG_CONSTRAINTS_FAILURE, "the signature does not say when it was made"
        )
    elif used_at > at:
        yield broken(
            "seal.validity", SubIndication.SIG_CONSTRAINTS_FAILURE, "the signature says it was made in the future"
        )
    elif not info.valid_from <= used_at <= info.valid_until:
        detail = f"the seal was valid from {info.valid_from:%Y-%m-%d} to {info.valid_until:%Y-%m-%d} only"
        yield broken("seal.validity", SubIndication.SIG_CONSTRAINTS_FAILURE, detail)
    else:
        yield passed("seal.validity", f"used at {used_at:%Y-%m-%dT%H:%M:%SZ}")


def _check_digest(signature: ses.SealSignature, digest: bytes) -> Check:
    """5."""
    if signature.data_hash != digest:
        return broken(_DIGEST_CHECK, SubIndication.HASH_FAILURE, "the signed data was changed")
    return passed(_DIGEST_CHECK)
