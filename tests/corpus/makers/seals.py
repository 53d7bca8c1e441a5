"""Electronic seals and seal signatures: GM/T 0031-2014 (v1), GB/T 38540-2020 (v4), GM/T 0031-2025 (v5); domain facts 4.4."""

from signing import der
from tests.corpus.makers.cms import digest
from tests.corpus.makers.keys import SM3
from tests.corpus.makers.x509 import DAY
from tests.pki import NOW

CERTIFICATES, DIGESTS = 1, 2
SIGNATURE_OID = "1.2.156.10197.1.501"


def header(version, mark="ES"):
    return der.sequence(der.ia5(mark), der.integer(version), der.ia5("corpus"))


def picture():
    return der.sequence(der.ia5("png"), der.octet_string(b"\x89PNG\r\n\x1a\n"), der.integer(40), der.integer(40))


def utc_time(at):
    return der.tlv(0x17, f"{at:%y%m%d%H%M%SZ}".encode())


def certificate_list(certificates, kind):
    """CertList: the certificates, or (type, SM3) of each."""
    if kind == CERTIFICATES:
        return der.sequence(*map(der.octet_string, certificates))
    return der.sequence(*(der.sequence(der.ia5("SM3"), der.octet_string(digest(SM3, c))) for c in certificates))


def seal_info(signers, *, version=4, since=-30 * DAY, until=365 * DAY, kind=CERTIFICATES, mark="ES", extensions=()):
    """SES_SealInfo."""
    time = utc_time if version == 1 else der.generalized_time
    property_info = der.sequence(
        der.integer(3),
        der.utf8("阳江市江城区市场监督管理局电子印章"),
        *(() if version == 1 else (der.integer(kind),)),
        certificate_list(signers, kind),
        time(NOW + since),
        time(NOW + since),
        time(NOW + until),
    )
    extra = (der.sequence(*extensions),) if extensions else ()
    return der.sequence(header(version, mark), der.ia5("44170200000001"), property_info, picture(), *extra)


def seal(maker, info, *, version=4, signature=None, timestamp=None):
    """SESeal, signed by its maker; v1 signs certificate and algorithm too."""
    certificate, algorithm = der.octet_string(maker.certificate), der.oid(SIGNATURE_OID)
    if version == 1:
        value = maker.sign(der.sequence(info, certificate, algorithm)) if signature is None else signature
        return der.sequence(info, der.sequence(certificate, algorithm, der.bit_string(value)))
    value = maker.sign(info) if signature is None else signature
    stamp = () if timestamp is None else (der.explicit(0, der.bit_string(timestamp(value))),)
    return der.sequence(info, certificate, algorithm, der.bit_string(value), *stamp)


def signature(
    signer, stamped_seal, data_hash, *, version=4, at=NOW, value=None, timestamp=None, raw=False, certificate=None
):
    """SES_Signature over ``data_hash``, the SM3 of the ByteRange."""
    own = der.octet_string(certificate or signer.certificate)
    algorithm = der.oid(SIGNATURE_OID)
    time = der.bit_string(utc_time(at)) if version == 1 else der.generalized_time(at)
    head = (der.integer(version), stamped_seal, time, der.bit_string(data_hash), der.ia5("PDF"))
    to_sign = der.sequence(*head, own, algorithm) if version == 1 else der.sequence(*head)
    made = signer.sign(to_sign) if value is None else value
    if raw:
        from signing.sm2 import signature_to_raw

        made = signature_to_raw(made)
    if version == 1:
        return der.sequence(to_sign, der.bit_string(made))
    stamp = () if timestamp is None else (der.explicit(0, der.bit_string(timestamp(made))),)
    return der.sequence(to_sign, own, algorithm, der.bit_string(made), *stamp)
