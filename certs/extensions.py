"""The extensions of certificates (RFC 5280, 4.2; RFC 6960; GM/T 0015) as DER."""

from dataclasses import dataclass

from certs.profiles import KEY_USAGE_BITS, Profile
from signing import der, sm2

CREDIT_CODE_OID = "1.2.156.10260.4.1.4"
"""Extension that carries the unified social credit code in the 2012 profile (GM/T 0015)."""
NAME_CONSTRAINTS_OID = "2.5.29.30"
OCSP_NO_CHECK_OID = "1.3.6.1.5.5.7.48.1.5"

_CA_ISSUERS_OID = "1.3.6.1.5.5.7.48.2"
_OCSP_OID = "1.3.6.1.5.5.7.48.1"
_DIRECTORY_NAME, _URI = 4, 6
"""Tags of GeneralName (4.2.1.6)."""


@dataclass(frozen=True)
class PublicationUrls:
    """Where a CA publishes; each address is left out of the certificates when it is None."""

    crl: str | None = None
    """CRL distribution point (RFC 5280, 4.2.1.13)."""
    issuer: str | None = None
    """The CA's own certificate (authority information access, 4.2.2.1)."""
    ocsp: str | None = None
    """The responder that answers for this CA (authority information access; RFC 6960, 3.1)."""


@dataclass(frozen=True)
class NameConstraints:
    """Directory names below which a CA may, or may not, issue (RFC 5280, 4.2.1.10): DER Names, matched from their front."""

    permitted: tuple[bytes, ...] = ()
    excluded: tuple[bytes, ...] = ()

    def encode(self) -> bytes:
        """The critical extension; empty bytes when nothing is constrained."""
        lists = ((0, self.permitted), (1, self.excluded))
        trees = [der.explicit(tag, b"".join(map(_subtree, names))) for tag, names in lists if names]
        return extension(NAME_CONSTRAINTS_OID, der.sequence(*trees), critical=True) if trees else b""


def extension(oid: str, value: bytes, *, critical: bool = False) -> bytes:
    """One Extension around its encoded value."""
    flag = (der.boolean(value=True),) if critical else ()
    return der.sequence(der.oid(oid), *flag, der.octet_string(value))


def key_identifier(spki: bytes) -> bytes:
    """The first 20 bytes of SM3 over the key, as long as the usual identifier (RFC 7093, 2)."""
    return sm2.sm3(spki)[:20]


def identifiers(spki: bytes, issuer_identifier: bytes) -> list[bytes]:
    """Authority and subject key identifier."""
    return [
        extension("2.5.29.35", der.sequence(der.implicit(0, issuer_identifier))),
        extension("2.5.29.14", der.octet_string(key_identifier(spki))),
    ]


def purposes(profile: Profile) -> list[bytes]:
    """What the profile says the key is for."""
    found = [extension("2.5.29.15", _key_usage(profile), critical=True)]
    if profile.is_ca:
        length = () if profile.path_length is None else (der.integer(profile.path_length),)
        found.append(extension("2.5.29.19", der.sequence(der.boolean(value=True), *length), critical=True))
    if profile.extended_key_usage:
        found.append(extension("2.5.29.37", der.sequence(der.oid(profile.extended_key_usage)), critical=True))
    if profile.ocsp_no_check:
        found.append(extension(OCSP_NO_CHECK_OID, der.NULL))
    return found


def publication(urls: PublicationUrls) -> list[bytes]:
    """The extensions that name addresses."""
    found = []
    if urls.crl:
        name = der.explicit(0, der.explicit(0, _uri(urls.crl)))
        found.append(extension("2.5.29.31", der.sequence(der.sequence(name))))
    access = ((_OCSP_OID, urls.ocsp), (_CA_ISSUERS_OID, urls.issuer))
    descriptions = [der.sequence(der.oid(method), _uri(url)) for method, url in access if url]
    if descriptions:
        found.append(extension("1.3.6.1.5.5.7.1.1", der.sequence(*descriptions)))
    return found


def _uri(url: str) -> bytes:
    return der.implicit(_URI, url.encode("ascii"))


def _subtree(name: bytes) -> bytes:
    """GeneralSubtree with a directoryName; the tag of a CHOICE is always explicit."""
    return der.sequence(der.explicit(_DIRECTORY_NAME, name))


def _key_usage(profile: Profile) -> bytes:
    bits = 0
    for usage in profile.key_usage:
        bits |= 0x80 >> KEY_USAGE_BITS[usage]
    unused = (bits & -bits).bit_length() - 1
    return der.bit_string(bytes((bits,)), unused)
