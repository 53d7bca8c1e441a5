"""CMS signatures of the two flavours met in Chinese PDFs as signed objects of the common process.

A. ``ETSI.CAdES.detached``, ``adbe.pkcs7.detached``: CMS (RFC 5652) over the covered bytes, strict DER, OIDs of PKCS#7 or of
   GB/T 35275.
B. ``GM.sm2cms.detached``: GB/T 35275 SignedData whose content is the SM3 digest of the covered bytes.
"""

from signing import algorithms
from signing.algorithms import SM3_OID
from signing.errors import UnsupportedFormatError
from signing.validation.basic import SignedObject
from signing.validation.checks import broken, passed
from signing.validation.cms_reading import DATA_OIDS, SignedCms
from signing.validation.cryptographic import check_message_digest
from signing.validation.format_checking import CoveredBytes
from signing.validation.report import Check, SubIndication

_DIGEST_CHECK = "cryptographic_verification.message_digest"


def cms_object(cms: SignedCms, covered: CoveredBytes, *, needs_reference: bool) -> SignedObject:
    """Flavour A. UnsupportedFormatError for an unknown digest.

    Without signed attributes the value is over the content itself (RFC 5652, 5.4), which PAdES does not allow.
    """
    if cms.encapsulated is not None:
        detail = "a detached signature holds content of its own"
        check = broken(_DIGEST_CHECK, SubIndication.FORMAT_FAILURE, detail)
        return SignedObject(cms, cms.signed_attributes, (check,), needs_reference=needs_reference)
    if cms.signed_attributes or needs_reference:
        checks = (check_message_digest(cms, covered.digest(cms.digest_oid)),)
        return SignedObject(cms, cms.signed_attributes, checks, needs_reference=needs_reference)
    algorithms.new_digest(cms.digest_oid)
    return SignedObject(cms, covered.content(), (passed(_DIGEST_CHECK, "signed directly"),), needs_reference=False)


def gb_object(cms: SignedCms, covered: CoveredBytes) -> SignedObject:
    """Flavour B. UnsupportedFormatError for an unknown digest of the signer info.

    The deviations met are accepted: either inner content type; content left out (the digest is then the content); signed
    attributes over the content; r || s in 64 bytes.
    """
    digest = covered.digest(SM3_OID)
    content = digest if cms.encapsulated is None else cms.encapsulated
    checks = [_check_content(cms, content, digest)]
    if cms.signed_attributes:
        # Without content of its own the attributes may as well be over the covered bytes, as in flavour A.
        is_over_bytes = cms.encapsulated is None and cms.message_digest == digest
        checks.append(
            check_message_digest(cms, digest if is_over_bytes else algorithms.digest(cms.digest_oid, content))
        )
        message = cms.signed_attributes
    else:
        message = content
    return SignedObject(cms, message, tuple(checks), takes_raw=True, needs_reference=False)


def _check_content(cms: SignedCms, content: bytes, digest: bytes) -> Check:
    if cms.encapsulated_type_oid not in DATA_OIDS:
        return broken(_DIGEST_CHECK, SubIndication.FORMAT_FAILURE, "the signed content is no data")
    if cms.digest_oid != SM3_OID:
        raise UnsupportedFormatError(f"digest algorithm {cms.digest_oid} has no place in this profile")
    if not digest or content != digest:
        return broken(_DIGEST_CHECK, SubIndication.HASH_FAILURE, "the signed data was changed")
    return passed(_DIGEST_CHECK)
