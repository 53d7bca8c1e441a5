"""Identification of the signing certificate (EN 319 102-1, 5.2.3)."""

from signing import algorithms
from signing.errors import MalformedDataError, UnsupportedFormatError
from signing.validation.checks import broken, not_applicable, passed
from signing.validation.cms_reading import SignedCms
from signing.validation.report import Check, SubIndication
from signing.validation.x509 import Certificate, load_all
from signing.x509_fields import issuer_and_serial_number, subject_key_identifier

_NAME = "identification.signing_certificate"
_REFERENCE_CHECK = "identification.certificate_reference"


def identify_signer(
    cms: SignedCms, further: tuple[bytes, ...] = (), *, needs_reference: bool = True
) -> tuple[Certificate | None, tuple[Check, ...]]:
    """The certificate that the signer identifier and the signed reference name.

    It may be embedded or among ``further`` (DER; a document security store). ``needs_reference``: whether the
    signature must bind its certificate by a signed attribute (EN 319 142-1, 6.3; RFC 5816 for time-stamps).
    """
    for certificate in load_all(cms.certificates + further):
        if not _is_named(certificate, cms):
            continue
        reference = cms.certificate_reference
        if reference is None:
            detail = "the signature does not bind its certificate"
            unbound = broken(_REFERENCE_CHECK, SubIndication.SIG_CONSTRAINTS_FAILURE, detail)
            check = unbound if needs_reference else not_applicable(_REFERENCE_CHECK, detail)
            return certificate, (passed(_NAME, certificate.name), check)
        try:
            fits = algorithms.digest(reference.digest_oid, certificate.der) == reference.digest
        except UnsupportedFormatError as error:
            return certificate, (broken(_REFERENCE_CHECK, SubIndication.SIG_CONSTRAINTS_FAILURE, str(error)),)
        if fits:
            return certificate, (passed(_NAME, certificate.name),)
        detail = "the bound certificate is another one"
        return None, (broken(_NAME, SubIndication.NO_SIGNING_CERTIFICATE_FOUND, detail),)
    detail = "the signing certificate is not in the signature"
    return None, (broken(_NAME, SubIndication.NO_SIGNING_CERTIFICATE_FOUND, detail),)


def _is_named(certificate: Certificate, cms: SignedCms) -> bool:
    try:
        if cms.issuer_and_serial_number is None:
            return cms.key_identifier == subject_key_identifier(certificate.der)
        return cms.issuer_and_serial_number == issuer_and_serial_number(certificate.der)
    except MalformedDataError:
        return False
