"""Electronic seals and their signatures as DER: GM/T 0031-2014 (version 1), GB/T 38540-2020 (4), GM/T 0031-2025 (5).

Reading proves nothing: ``signing.validation.seals`` checks what is read here. What is signed is kept as the bytes that
came in, never encoded again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from signing import der
from signing import der_reading as reading
from signing.algorithms import SCHEMES
from signing.der_reading import Element, Fields
from signing.errors import MalformedDataError
from signing.keys import SigningKey
from signing.sm2 import signature_to_raw, sm3

V1, V4, V5 = 1, 4, 5
_CERTIFICATES, _DIGESTS = 1, 2
"""certListType (GB/T 38540, 6.3)."""
_SIGNATURE_PARTS = {2: (V1,), 4: (V4, V5), 5: (V4, V5)}
"""Fields of a SES_Signature, and the versions that have as many."""
_TIMESTAMP_TAGS = (0xA0, 0x80)
Stamper: TypeAlias = Callable[[bytes], bytes]
"""Gives a time-stamp token (DER) over a signature value."""


@dataclass(frozen=True)
class SealPicture:
    """How a seal looks."""

    kind: str
    """png, ofd, svg, ... as the maker wrote it."""
    content: bytes
    width_mm: int
    height_mm: int


@dataclass(frozen=True)
class SealInfo:
    """What the maker of a seal signs (SES_SealInfo)."""

    version: int
    vendor: str
    seal_id: str
    kind: int
    """Meaning defined by the vendor."""
    name: str
    created_at: datetime
    valid_from: datetime
    valid_until: datetime
    picture: SealPicture
    certificates: tuple[bytes, ...] = ()
    """DER of the certificates that may sign with the seal."""
    certificate_digests: tuple[bytes, ...] = ()
    """Their SM3 digests, where the seal lists those instead."""


@dataclass(frozen=True)
class Seal:
    """An electronic seal (SESeal)."""

    info: SealInfo
    maker_certificate: bytes
    """DER."""
    signature_oid: str
    signature: bytes
    signed: bytes
    """What the maker's signature is over."""
    timestamp: bytes | None
    """DER of a time-stamp token; version 5 only."""


@dataclass(frozen=True)
class SealSignature:
    """A signature made with a seal (SES_Signature)."""

    version: int
    seal: Seal
    signed_at: datetime | None
    """timeInfo, a claim; None where version 1 holds something else than a time."""
    data_hash: bytes
    property_info: str
    certificate: bytes
    """DER of the signer."""
    signature_oid: str
    signature: bytes
    signed: bytes
    """DER TBS_Sign."""
    timestamp: bytes | None
    """DER of a time-stamp token over the signature value."""


def parse_seal_signature(encoded: bytes) -> SealSignature:
    """A SES_Signature of any version. MalformedDataError for anything else."""
    parts = list(reading.parse(encoded, reading.SEQUENCE).children())
    versions = _SIGNATURE_PARTS.get(len(parts))
    if versions is None:
        raise MalformedDataError("a seal's signature has two, four or five fields")
    to_sign = parts[0].expect(reading.SEQUENCE)
    fields = to_sign.children()
    version = fields.take().integer()
    seal = parse_seal(fields.take(reading.SEQUENCE).encoded)
    time, data_hash, property_info = fields.take(), fields.take().bits(), fields.take().text()
    if (version in (V4, V5)) != (versions != (V1,)):
        raise MalformedDataError("the version of a seal's signature does not fit its fields")
    if versions == (V1,):
        certificate, signature_oid = fields.take().octets(), fields.take().oid()
        signature, signed_at, timestamp = parts[1].bits(), _time_in_bits(time), None
    else:
        fields.take_if(0xA0)
        certificate, signature_oid, signature = parts[1].octets(), parts[2].oid(), parts[3].bits()
        signed_at, timestamp = time.time(), _timestamp(parts[4]) if len(parts) > 4 else None  # noqa: PLR2004 - the last
    fields.finish()
    return SealSignature(
        version=version,
        seal=seal,
        signed_at=signed_at,
        data_hash=data_hash,
        property_info=property_info,
        certificate=certificate,
        signature_oid=signature_oid,
        signature=signature,
        signed=to_sign.encoded,
        timestamp=timestamp,
    )


def parse_seal(encoded: bytes) -> Seal:
    """A SESeal of any version. MalformedDataError for anything else."""
    parts = list(reading.parse(encoded, reading.SEQUENCE).children())
    if len(parts) == 2:  # noqa: PLR2004 - version 1: info and signInfo
        sign_info = parts[1].expect(reading.SEQUENCE).children()
        certificate, algorithm, signature = sign_info.take(), sign_info.take(), sign_info.take()
        sign_info.finish()
        signed = der.sequence(parts[0].encoded, certificate.encoded, algorithm.encoded)
        info, timestamp = _info(parts[0], dated=False), None
    elif len(parts) in (4, 5):
        certificate, algorithm, signature = parts[1:4]
        signed, info = parts[0].encoded, _info(parts[0], dated=True)
        timestamp = _timestamp(parts[4]) if len(parts) == 5 else None  # noqa: PLR2004 - the last
    else:
        raise MalformedDataError("a seal has two, four or five fields")
    return Seal(info, certificate.octets(), algorithm.oid(), signature.bits(), signed, timestamp)


def _info(element: Element, *, dated: bool) -> SealInfo:
    """SES_SealInfo; ``dated`` is for versions 4 and 5, which tell the type of their certificate list."""
    fields = element.expect(reading.SEQUENCE).children()
    header = fields.take(reading.SEQUENCE).children()
    if header.take().text() != "ES":
        raise MalformedDataError("the header of a seal begins with ES")
    version, vendor = header.take().integer(), header.take().text()
    header.finish()
    if (version in (V4, V5)) != dated:
        raise MalformedDataError("the version of a seal does not fit its fields")
    seal_id = fields.take().text()
    prop = fields.take(reading.SEQUENCE).children()
    kind, name = prop.take().integer(), prop.take().text()
    listed = prop.take().integer() if dated else _CERTIFICATES
    certificates, digests = _signers(prop.take(reading.SEQUENCE), listed)
    created_at, valid_from, valid_until = (prop.take().time() for _ in range(3))
    prop.finish()
    picture = _picture(fields.take(reading.SEQUENCE).children())
    fields.take_if(0xA0, reading.SEQUENCE)
    fields.finish()
    return SealInfo(
        version, vendor, seal_id, kind, name, created_at, valid_from, valid_until, picture, certificates, digests
    )


def _signers(field: Element, listed: int) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """(certificates, digests): one of the two."""
    if listed == _CERTIFICATES:
        return tuple(element.octets() for element in field.children()), ()
    if listed != _DIGESTS:
        raise MalformedDataError("a seal lists certificates or their digests")
    digests = []
    for element in field.children():
        fields = element.expect(reading.SEQUENCE).children()
        fields.take().text()
        digests.append(fields.take().octets())
        fields.finish()
    return (), tuple(digests)


def _picture(fields: Fields) -> SealPicture:
    picture = SealPicture(
        fields.take().text(), fields.take().octets(), fields.take().integer(), fields.take().integer()
    )
    fields.finish()
    return picture


def _timestamp(field: Element) -> bytes:
    """[0] BIT STRING, met with an explicit and with an implicit tag."""
    if field.tag not in _TIMESTAMP_TAGS:
        raise MalformedDataError("a seal's time-stamp has the tag [0]")
    if field.tag == 0xA0:  # noqa: PLR2004 - explicit
        inner = field.children()
        token = inner.take().bits()
        inner.finish()
        return token
    if not field.content or field.content[0]:
        raise MalformedDataError("a seal's time-stamp is not made of whole octets")
    return field.content[1:]


def _time_in_bits(field: Element) -> datetime | None:
    """Version 1 puts a time, its text or a token into timeInfo; only the first two are claims that can be read."""
    content = field.bits() if field.tag == reading.BIT_STRING else field.encoded
    for is_generalized in (True, False):
        try:
            return reading.parse_time(content, is_generalized=is_generalized)
        except MalformedDataError:
            continue
    try:
        return reading.parse(content).time()
    except MalformedDataError:
        return None


def build_seal(info: SealInfo, maker: SigningKey, *, timestamp: Stamper | None = None) -> bytes:
    """DER SESeal with the maker's signature; ``timestamp``, in version 5 only, gives a token over the signature value."""
    certificate = der.octet_string(maker.certificate)
    algorithm = der.content_of(SCHEMES[maker.algorithm].algorithm_identifier)
    encoded = _encode_info(info)
    if info.version == V1:
        signature = maker.sign(der.sequence(encoded, certificate, algorithm))
        return der.sequence(encoded, der.sequence(certificate, algorithm, der.bit_string(signature)))
    signature = maker.sign(encoded)
    return der.sequence(encoded, certificate, algorithm, der.bit_string(signature), *_stamped(signature, timestamp))


def build_seal_signature(
    *,
    seal: bytes,
    version: int,
    data_hash: bytes,
    signed_at: datetime,
    property_info: str,
    key: SigningKey,
    raw: bool = False,
    timestamp: Stamper | None = None,
) -> bytes:
    """DER SES_Signature by ``key`` with a seal (DER) over the SM3 digest of the data.

    ``raw`` writes an SM2 value as r || s, as some modules do; ``timestamp``, not in version 1, gives a token over the value.
    """
    certificate = der.octet_string(key.certificate)
    algorithm = der.content_of(SCHEMES[key.algorithm].algorithm_identifier)
    at = der.generalized_time(signed_at)
    to_sign = der.sequence(
        der.integer(version),
        seal,
        der.bit_string(der.content_of(at)) if version == V1 else at,
        der.bit_string(data_hash),
        der.ia5(property_info),
        *((certificate, algorithm) if version == V1 else ()),
    )
    signature = signature_to_raw(key.sign(to_sign)) if raw else key.sign(to_sign)
    if version == V1:
        return der.sequence(to_sign, der.bit_string(signature))
    return der.sequence(to_sign, certificate, algorithm, der.bit_string(signature), *_stamped(signature, timestamp))


def certificate_digest(certificate: bytes) -> bytes:
    """What a seal lists of a certificate (DER) instead of the whole: its SM3 digest."""
    return sm3(certificate)


def _stamped(signature: bytes, timestamp: Stamper | None) -> tuple[bytes, ...]:
    return () if timestamp is None else (der.explicit(0, der.bit_string(timestamp(signature))),)


def _encode_info(info: SealInfo) -> bytes:
    listed: tuple[bytes, ...] = ()
    if info.version != V1:
        listed = (der.integer(_DIGESTS if info.certificate_digests else _CERTIFICATES),)
    signers = [der.octet_string(certificate) for certificate in info.certificates]
    signers += [der.sequence(der.printable("SM3"), der.octet_string(value)) for value in info.certificate_digests]
    instants = (info.created_at, info.valid_from, info.valid_until)
    picture = info.picture
    return der.sequence(
        der.sequence(der.ia5("ES"), der.integer(info.version), der.ia5(info.vendor)),
        der.ia5(info.seal_id),
        der.sequence(
            der.integer(info.kind),
            der.utf8(info.name),
            *listed,
            der.sequence(*signers),
            # Version 1 writes UTCTime, the later ones GeneralizedTime.
            *(der.time(at) if info.version == V1 else der.generalized_time(at) for at in instants),
        ),
        der.sequence(
            der.ia5(picture.kind),
            der.octet_string(picture.content),
            der.integer(picture.width_mm),
            der.integer(picture.height_mm),
        ),
    )
