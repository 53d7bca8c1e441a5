"""CMS SignedData (RFC 5652) piece by piece, so that each piece can be wrong."""

import hashlib

from asn1crypto import x509

from signing import der
from tests.corpus.makers.keys import MD5, SHA1, SHA256, SM3, algorithm_identifier

DATA, SIGNED_DATA = "1.2.840.113549.1.7.1", "1.2.840.113549.1.7.2"
GB_DATA, GB_SIGNED_DATA = "1.2.156.10197.6.1.4.2.1", "1.2.156.10197.6.1.4.2.2"
TST_INFO = "1.2.840.113549.1.9.16.1.4"
CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_TIME = (f"1.2.840.113549.1.9.{n}" for n in (3, 4, 5))
SIGNING_CERTIFICATE, SIGNING_CERTIFICATE_V2 = (f"1.2.840.113549.1.9.16.2.{n}" for n in (12, 47))
SIGNATURE_TIMESTAMP, CONTENT_TIMESTAMP = (f"1.2.840.113549.1.9.16.2.{n}" for n in (14, 20))
REVOCATION_ARCHIVAL = "1.2.840.113583.1.1.8"

_HASHES = {SM3: "sm3", SHA256: "sha256", SHA1: "sha1", MD5: "md5"}


def digest(oid, data):
    return hashlib.new(_HASHES[oid], data).digest()


def attribute(oid, *values):
    return der.sequence(der.oid(oid), der.set_of(*values))


def content_type(oid=DATA):
    return attribute(CONTENT_TYPE, der.oid(oid))


def message_digest(value):
    return attribute(MESSAGE_DIGEST, der.octet_string(value))


def signing_time(at):
    return attribute(SIGNING_TIME, der.time(at))


def signing_certificate_v2(certificate, digest_oid=SM3):
    """ESSCertIDv2 (RFC 5035); SHA-256 is the default and left out."""
    algorithm = b"" if digest_oid == SHA256 else algorithm_identifier(digest_oid)
    identifier = der.sequence(algorithm, der.octet_string(digest(digest_oid, certificate)))
    return attribute(SIGNING_CERTIFICATE_V2, der.sequence(der.sequence(identifier)))


def signing_certificate_v1(certificate):
    """ESSCertID (RFC 2634): SHA-1 only."""
    identifier = der.sequence(der.octet_string(digest(SHA1, certificate)))
    return attribute(SIGNING_CERTIFICATE, der.sequence(der.sequence(identifier)))


def usual_attributes(holder, value, *, extra=(), digest_oid=None):
    """The signed attributes of a PAdES baseline signature over the digest ``value``."""
    digest_oid = digest_oid or holder.pair.digest_oid
    return (content_type(), message_digest(value), signing_certificate_v2(holder.certificate, digest_oid), *extra)


def issuer_and_serial(certificate):
    fields = x509.Certificate.load(certificate)["tbs_certificate"]
    return der.sequence(fields["issuer"].dump(), fields["serial_number"].dump())


def subject_key_id(certificate):
    """SignerIdentifier by key identifier: [0] IMPLICIT OCTET STRING."""
    return der.implicit(0, x509.Certificate.load(certificate).key_identifier)


def signer_info(
    holder,
    attributes,
    *,
    message=None,
    signature=None,
    unsigned=(),
    identifier=None,
    digest_oid=None,
    signature_oid=None,
    version=1,
    sort=True,
):
    """SignerInfo; ``attributes`` empty signs ``message`` itself; ``unsigned`` may be a function of the signature."""
    joined = b"".join(sorted(attributes) if sort else attributes)
    to_sign = der.tlv(0x31, joined) if attributes else message
    signature = holder.sign(to_sign) if signature is None else signature
    unsigned = unsigned(signature) if callable(unsigned) else unsigned
    return der.sequence(
        der.integer(version),
        identifier or issuer_and_serial(holder.certificate),
        algorithm_identifier(digest_oid or holder.pair.digest_oid),
        *((der.explicit(0, joined),) if attributes else ()),
        algorithm_identifier(signature_oid or holder.pair.signature_oid),
        der.octet_string(signature),
        *((der.explicit(1, b"".join(sorted(unsigned))),) if unsigned else ()),
    )


def signed_data(
    signer_infos,
    certificates=(),
    *,
    digest_oids=(SM3,),
    content=None,
    content_type=DATA,
    container=SIGNED_DATA,
    version=1,
    crls=(),
):
    """ContentInfo of SignedData."""
    inner = der.sequence(
        der.integer(version),
        der.set_of(*(algorithm_identifier(oid) for oid in digest_oids)),
        der.sequence(
            der.oid(content_type), *(() if content is None else (der.explicit(0, der.octet_string(content)),))
        ),
        *((der.explicit(0, b"".join(sorted(certificates))),) if certificates else ()),
        *((der.explicit(1, b"".join(crls)),) if crls else ()),
        der.set_of(*signer_infos),
    )
    return der.sequence(der.oid(container), der.explicit(0, inner))


def pades(holder, value, *, extra=(), unsigned=(), certificates=None, **options):
    """A baseline signature over the digest ``value``."""
    info = signer_info(holder, usual_attributes(holder, value, extra=extra), unsigned=unsigned, **options)
    embedded = (holder.certificate, *holder.chain) if certificates is None else certificates
    return signed_data([info], embedded, digest_oids=(holder.pair.digest_oid,))


def token(unit, imprint, at, *, imprint_oid=SM3, nonce=None, serial=4711, certificates=None, bind=True, version=1):
    """A time-stamp token (RFC 3161) over ``imprint``."""
    info = der.sequence(
        der.integer(version),
        der.oid("1.2.3.4"),
        der.sequence(algorithm_identifier(imprint_oid), der.octet_string(imprint)),
        der.integer(serial),
        der.generalized_time(at),
        der.sequence(der.integer(1)),
        *(() if nonce is None else (der.integer(nonce),)),
    )
    oid = unit.pair.digest_oid
    attributes = (content_type(TST_INFO), message_digest(digest(oid, info)))
    if bind:
        attributes += (signing_certificate_v2(unit.certificate, oid),)
    embedded = (unit.certificate, *unit.chain) if certificates is None else certificates
    return signed_data(
        [signer_info(unit, attributes)],
        embedded,
        digest_oids=(oid,),
        content=info,
        content_type=TST_INFO,
        version=3,
    )


def signature_timestamp(*tokens):
    return attribute(SIGNATURE_TIMESTAMP, *tokens)


def indefinite(encoded):
    """BER of the same value: the outermost length is indefinite, as some token middleware writes it."""
    return b"\x30\x80" + der.content_of(encoded) + b"\x00\x00"
