"""Checkpoints of a transparency log (c2sp.org/tlog-checkpoint) as signed notes (c2sp.org/signed-note) under SM2.

The specification assigns no signature type to SM2, so that the type is 0xff followed by the name ``SM2-with-SM3``, and
the key's form is the uncompressed point (04 || x || y, 65 bytes). The signature is DER (GM/T 0009), with the default
signer identity, over the note's text with its last line feed.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from gateway.errors import LogBrokenError
from signing import sm2
from signing.errors import SigningError
from signing.keys import SigningKey
from signing.x509_fields import public_key_info

SIGNATURE_TYPE = b"\xffSM2-with-SM3"
_DASH = "\u2014"
_SIGNATURE_LINE = re.compile(rf"{_DASH} (?P<name>[^\s+]+) (?P<signature>[A-Za-z0-9+/]+={{0,2}})")
_MOST_BYTES = 64 * 1024
_KEY_ID_BYTES, _ROOT_BYTES = 4, 32
_BODY_LINES = 3
_NO_CHECKPOINT = "不是有效的检查点。It is no checkpoint."


@dataclass(frozen=True)
class Checkpoint:
    """Size and root of the log at one moment."""

    origin: str
    """Name of the log: its address without the scheme."""
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The note's text: three lines."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


@dataclass(frozen=True)
class LogKey:
    """A public key that the log signs with."""

    name: str
    """The origin."""
    key: sm2.PublicKey

    @classmethod
    def of_certificate(cls, name: str, certificate: bytes) -> "LogKey":
        """The key of a certificate (DER). SigningError when it is no SM2 key."""
        return cls(name, sm2.load_public(public_key_info(certificate)))

    @property
    def id(self) -> bytes:
        """The four bytes that stand before its signatures."""
        named = self.name.encode() + b"\n" + SIGNATURE_TYPE + self.key.point
        return hashlib.sha256(named).digest()[:_KEY_ID_BYTES]

    @property
    def verifier_key(self) -> str:
        """The form in which verifiers are configured: name, key ID, type and key, joined by ``+``."""
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(SIGNATURE_TYPE + self.key.point).decode()}"


def sign_checkpoint(checkpoint: Checkpoint, key: SigningKey) -> str:
    """The signed note. SigningError or KeyUseError when the key does not sign."""
    log_key = LogKey.of_certificate(checkpoint.origin, key.certificate)
    signature = base64.b64encode(log_key.id + key.sign(checkpoint.text.encode())).decode()
    return f"{checkpoint.text}\n{_DASH} {checkpoint.origin} {signature}\n"


def read_checkpoint(note: str) -> Checkpoint:
    """What a note says, whoever signed it. LogBrokenError when it is no checkpoint."""
    return _parsed(note)[0]


def verify_checkpoint(note: str, certificates: Iterable[bytes]) -> Checkpoint:
    """The checkpoint, signed with the key of one of the certificates (DER). LogBrokenError otherwise.

    Signatures of other keys, as witnesses add them, are passed over; a wrong one of a known key refuses the note.
    """
    checkpoint, signatures = _parsed(note)
    known = {(key.name, key.id): key for key in _keys(checkpoint.origin, certificates)}
    is_signed = False
    for name, signature in signatures:
        key = known.get((name, signature[:_KEY_ID_BYTES]))
        if key is None:
            continue
        try:
            sm2.verify(key.key, checkpoint.text.encode(), signature[_KEY_ID_BYTES:])
        except SigningError as error:
            raise LogBrokenError("检查点的签名不成立。The signature of the checkpoint does not verify.") from error
        is_signed = True
    if not is_signed:
        raise LogBrokenError("检查点没有本日志的签名。The checkpoint is not signed by a known key of the log.")
    return checkpoint


def _keys(origin: str, certificates: Iterable[bytes]) -> list[LogKey]:
    return [LogKey.of_certificate(origin, certificate) for certificate in certificates]


def _parsed(note: str) -> tuple[Checkpoint, list[tuple[str, bytes]]]:
    text, gap, signed = note.rpartition("\n\n")
    lines = text.split("\n")
    found = [_SIGNATURE_LINE.fullmatch(line) for line in signed[:-1].split("\n")]
    # Lines after the third are extensions, which no log of ours has.
    if not gap or signed[-1:] != "\n" or len(note) > _MOST_BYTES or len(lines) != _BODY_LINES or None in found:
        raise LogBrokenError(_NO_CHECKPOINT)
    try:
        signatures = [(m["name"], base64.b64decode(m["signature"], validate=True)) for m in found if m is not None]
        checkpoint = Checkpoint(lines[0], int(lines[1]), base64.b64decode(lines[2], validate=True))
    except (ValueError, binascii.Error) as error:
        raise LogBrokenError(_NO_CHECKPOINT) from error
    # The three lines are written in one way only.
    if len(checkpoint.root) != _ROOT_BYTES or checkpoint.size < 0 or checkpoint.text != text + "\n":
        raise LogBrokenError(_NO_CHECKPOINT)
    return checkpoint, signatures
