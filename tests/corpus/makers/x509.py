"""Certificates, CRLs and OCSP responses (RFC 5280, RFC 6960) as DER, right or wrong in every field.

Not the gateway's own CA: that one lints what it signs and refuses to make what is needed here.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from signing import der
from tests.corpus.makers.keys import SHA1, SM3, Holder, Pair, algorithm_identifier

DAY = timedelta(days=1)
DIGITAL_SIGNATURE, NON_REPUDIATION, KEY_ENCIPHERMENT, KEY_CERT_SIGN, CRL_SIGN = 0, 1, 2, 5, 6
TIME_STAMPING, OCSP_SIGNING = "1.3.6.1.5.5.7.3.8", "1.3.6.1.5.5.7.3.9"
CODE_SIGNING, EMAIL = "1.3.6.1.5.5.7.3.3", "1.3.6.1.5.5.7.3.4"
CREDIT_CODE_OID = "1.2.156.10260.4.1.4"
ANY_POLICY = "2.5.29.32.0"


def name(common_name, organisation="语料测试", code=None):
    """DER Name; invented."""
    parts = [("2.5.4.6", der.printable("CN")), ("2.5.4.10", der.utf8(organisation))]
    if code:
        parts.append(("2.5.4.5", der.printable(code)))
    parts.append(("2.5.4.3", der.utf8(common_name)))
    return der.sequence(*(der.set_of(der.sequence(der.oid(oid), value)) for oid, value in parts))


def extension(oid, value, *, critical=False):
    return der.sequence(der.oid(oid), *((der.boolean(value=True),) if critical else ()), der.octet_string(value))


def key_usage(*bits, critical=True):
    octets = sum(0x80 >> bit for bit in bits)
    unused = (octets & -octets).bit_length() - 1 if octets else 0
    return extension("2.5.29.15", der.bit_string(bytes([octets]), unused), critical=critical)


def basic_constraints(path_length=None, *, ca=True, critical=True):
    flag = (der.boolean(value=True),) if ca else ()
    length = () if path_length is None else (der.integer(path_length),)
    return extension("2.5.29.19", der.sequence(*flag, *length), critical=critical)


def extended_key_usage(*oids, critical=True):
    return extension("2.5.29.37", der.sequence(*map(der.oid, oids)), critical=critical)


def directory_constraint(*, permitted=None, excluded=None):
    """Name constraints over directory names (RFC 5280, 4.2.1.10), each a DER Name."""

    def trees(base):
        return der.sequence(der.explicit(4, base))

    parts = [der.explicit(0, trees(permitted))] if permitted else []
    parts += [der.explicit(1, trees(excluded))] if excluded else []
    return extension("2.5.29.30", der.sequence(*parts), critical=True)


def key_identifier(spki):
    return hashlib.sha256(spki).digest()[:20]


SIGNER = (key_usage(DIGITAL_SIGNATURE, NON_REPUDIATION),)
CA = (basic_constraints(), key_usage(KEY_CERT_SIGN, CRL_SIGN))
UNIT = (key_usage(DIGITAL_SIGNATURE), extended_key_usage(TIME_STAMPING))
RESPONDER = (
    key_usage(DIGITAL_SIGNATURE),
    extended_key_usage(OCSP_SIGNING, critical=False),
    extension("1.3.6.1.5.5.7.48.1.5", der.NULL),
)
"""With id-pkix-ocsp-nocheck (RFC 6960, 4.2.2.2.1)."""


def _signed(tbs, pair, signature=None):
    return der.sequence(tbs, pair.algorithm_identifier, der.bit_string(signature or pair.sign(tbs)))


def certificate(subject, pair, issuer, *, since, until, extensions=SIGNER, serial=None, version=2):
    """DER certificate; ``issuer`` None makes it self-signed, a pair of another key under the issuer's name forges it."""
    signer, issuer_name = (pair, subject) if issuer is None else (issuer.pair, issuer.name)
    identifiers = (
        extension("2.5.29.14", der.octet_string(key_identifier(pair.spki))),
        extension("2.5.29.35", der.sequence(der.implicit(0, key_identifier(signer.spki)))),
    )
    tbs = der.sequence(
        *((der.explicit(0, der.integer(version)),) if version else ()),
        der.integer(secrets.randbits(126) | 1 << 126 if serial is None else serial),
        signer.algorithm_identifier,
        issuer_name,
        der.sequence(der.time(since), der.time(until)),
        subject,
        pair.spki,
        *((der.explicit(3, der.sequence(*identifiers, *extensions)),) if version else ()),
    )
    return _signed(tbs, signer)


def serial_number(encoded):
    """DER INTEGER of a certificate's serial number."""
    from asn1crypto import x509

    return x509.Certificate.load(encoded)["tbs_certificate"]["serial_number"].dump()


@dataclass(frozen=True)
class Revoked:
    """An entry of a CRL."""

    certificate: bytes
    at: object
    reason: int | None = 1


def crl(issuer, *, this_update, next_update, revoked=(), extensions=(), number=1, signature=None):
    """DER CRL; ``next_update`` None leaves it out, ``signature`` replaces the right one."""
    entries = [
        der.sequence(
            serial_number(entry.certificate),
            der.time(entry.at),
            *(
                ()
                if entry.reason is None
                else (der.sequence(extension("2.5.29.21", der.tlv(0x0A, bytes([entry.reason])))),)
            ),
        )
        for entry in revoked
    ]
    tbs = der.sequence(
        der.integer(1),
        issuer.pair.algorithm_identifier,
        issuer.name,
        der.time(this_update),
        *(() if next_update is None else (der.time(next_update),)),
        *((der.sequence(*entries),) if entries else ()),
        der.explicit(
            0,
            der.sequence(
                extension("2.5.29.35", der.sequence(der.implicit(0, key_identifier(issuer.pair.spki)))),
                extension("2.5.29.20", der.integer(number)),
                *extensions,
            ),
        ),
    )
    return _signed(tbs, issuer.pair, signature)


GOOD = der.implicit(0, b"")
UNKNOWN = der.implicit(2, b"")


def revoked_status(at, reason=1):
    """CertStatus revoked."""
    return der.explicit(1, der.generalized_time(at) + der.explicit(0, der.tlv(0x0A, bytes([reason]))))


_HASHES = {SM3: "sm3", SHA1: "sha1"}


def certificate_id(subject_certificate, issuer, digest_oid=SM3):
    """CertID (RFC 6960, 4.1.1)."""
    from asn1crypto import keys

    hashed = lambda data: hashlib.new(_HASHES[digest_oid], data).digest()  # noqa: E731 - one line, used twice
    point = bytes(keys.PublicKeyInfo.load(issuer.pair.spki)["public_key"])
    return der.sequence(
        algorithm_identifier(digest_oid),
        der.octet_string(hashed(issuer.name)),
        der.octet_string(hashed(point)),
        serial_number(subject_certificate),
    )


def single_response(cert_id, status=GOOD, *, this_update, next_update=None):
    return der.sequence(
        cert_id,
        status,
        der.generalized_time(this_update),
        *(() if next_update is None else (der.explicit(0, der.generalized_time(next_update)),)),
    )


def ocsp_response(
    responder, singles, *, produced_at, certificates=(), by_key=False, nonce=None, signature=None, pair=None
):
    """DER OCSPResponse, successful; ``pair`` signs instead of the responder's own key."""
    pair = pair or responder.pair
    if by_key:
        from asn1crypto import keys

        point = bytes(keys.PublicKeyInfo.load(responder.pair.spki)["public_key"])
        identifier = der.explicit(2, der.octet_string(hashlib.sha1(point).digest()))
    else:
        identifier = der.explicit(1, responder.name)
    nonces = (
        ()
        if nonce is None
        else (der.explicit(1, der.sequence(extension("1.3.6.1.5.5.7.48.1.2", der.octet_string(nonce)))),)
    )
    data = der.sequence(identifier, der.generalized_time(produced_at), der.sequence(*singles), *nonces)
    basic = der.sequence(
        data,
        pair.algorithm_identifier,
        der.bit_string(signature or pair.sign(data)),
        *((der.explicit(0, der.sequence(*certificates)),) if certificates else ()),
    )
    return ocsp_wrapper(0, basic)


def ocsp_wrapper(status, basic=None):
    """OCSPResponse with a status; anything but 0 comes without a body."""
    body = (
        ()
        if basic is None
        else (der.explicit(0, der.sequence(der.oid("1.3.6.1.5.5.7.48.1.1"), der.octet_string(basic))),)
    )
    return der.sequence(der.tlv(0x0A, bytes([status])), *body)


__all__ = ["Holder", "Pair"]
