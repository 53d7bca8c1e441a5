"""What is done to files, and the one reason code with which the browser, the command line and the API refuse each.

The files are those of a running gateway: a signed list, the payload of a licence's QR code, an electronic licence.
"""

import base64
import re

import cbor2
from asn1crypto import cms

from tests.gallery import RICH

KINDS = ("content", "signature", "cut short")
REFUSED = {
    ("list", "content"): "SIGNATURE_INVALID",
    ("list", "signature"): "SIGNATURE_INVALID",
    ("list", "cut short"): "LIST_UNREADABLE",
    ("code", "content"): "SIGNATURE_INVALID",
    ("code", "signature"): "SIGNATURE_INVALID",
    ("code", "cut short"): "LICENCE_CODE_UNREADABLE",
    ("pdf", "content"): "CHANGED_AFTER_SIGNING",
    ("pdf", "signature"): "SIGNATURE_INVALID",
    ("pdf", "cut short"): "UNREADABLE_INPUT",
}
ROWS = tuple(REFUSED)
_RANGE = re.compile(rb"/ByteRange ?\[ ?(\d+) (\d+) (\d+) (\d+) *\]")
_CUT = 40


def flipped(data, at):
    """With one bit of one octet changed."""
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def genuine(gallery, form):
    """The file as it was given out."""
    if form == "list":
        return gallery.app().test_client().get(f"/api/v1/enterprises/{RICH}/list.cbor").data
    if form == "code":
        payload = gallery.licences["in_force"].qr_text.rsplit("/", 1)[1]
        return base64.b32decode(payload + "=" * (-len(payload) % 8))
    return gallery.electronic("in_force")


def altered(gallery, form, kind):
    """The file with one thing changed."""
    data = genuine(gallery, form)
    if kind == "cut short":
        return data[: -len(data) // 2] if form == "pdf" else data[:-_CUT]
    return _pdf(data, kind) if form == "pdf" else _token(data, kind)


def code_text(token):
    """The text of a QR code that holds a token."""
    return f"HTTP://127.0.0.1:8000/Q/{base64.b32encode(token).decode().rstrip('=')}"


def _token(data, kind):
    """A COSE_Sign1 (RFC 9052, 4.2): the payload and the signature are its third and fourth part."""
    _, _, payload, signature = cbor2.loads(data).value
    if kind == "signature":
        return flipped(data, data.rindex(signature) + 20)
    # A letter of a name: what it says stays well formed.
    name = "餐饮".encode()
    return flipped(data, data.index(payload) + payload.index(name) + len(name) - 1)


def _pdf(data, kind):
    start, end = int(_RANGE.search(data)[2]) + 1, int(_RANGE.search(data)[3]) - 1
    if kind == "content":
        return flipped(data, end + 200)
    octets = bytes.fromhex(data[start:end].decode())
    value = cms.ContentInfo.load(octets)["content"]["signer_infos"][0]["signature"].native
    at = octets.index(value) + 20
    return data[:start] + flipped(octets, at).hex().encode() + data[end:]
