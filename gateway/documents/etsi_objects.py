"""Elements of the ETSI report (TS 119 102-2), and its list of validation objects: each once, under an id of its own."""

import hashlib
from base64 import b64encode
from datetime import datetime
from xml.etree import ElementTree as ET

from gateway.domain.verification import instant

VR = "http://uri.etsi.org/19102/v1.4.1#"
DS = "http://www.w3.org/2000/09/xmldsig#"
XADES = "http://uri.etsi.org/01903/v1.3.2#"
TSL = "http://uri.etsi.org/02231/v2#"
SHA256_URI = "http://www.w3.org/2001/04/xmlenc#sha256"

_TYPE = "urn:etsi:019102:validationObject:"
_LETTERS = {"certificate": "C", "CRL": "CRL", "OCSPResponse": "OCSP", "timestamp": "T", "signedData": "D"}


def add(parent: ET.Element, name: str, text: str | None = None, *, space: str = VR) -> ET.Element:
    """A new last child."""
    child = ET.SubElement(parent, f"{{{space}}}{name}")
    child.text = text
    return child


def add_digest(parent: ET.Element, sha256: str) -> None:
    """The two children of a DigestAlgAndValue; ``sha256`` is hexadecimal."""
    add(parent, "DigestMethod", space=DS).set("Algorithm", SHA256_URI)
    add(parent, "DigestValue", b64encode(bytes.fromhex(sha256)).decode(), space=DS)


class ValidationObjects:
    """SignatureValidationObjects (4.4) of one report."""

    def __init__(self, checked_at: datetime) -> None:
        self.element = ET.Element(f"{{{VR}}}SignatureValidationObjects")
        self._checked_at = checked_at
        self._known: set[str] = set()

    def new_id(self, wish: str) -> str:
        """``wish``, or with a number behind it when it is taken: ids are unique in a file (XML 1.0, 3.3.1)."""
        number, identifier = 1, wish
        while identifier in self._known:
            number += 1
            identifier = f"{wish}-{number}"
        self._known.add(identifier)
        return identifier

    def add_bytes(self, kind: str, der: bytes) -> str:
        """The id of an object that is given whole."""
        return self._add(kind, hashlib.sha256(der).hexdigest(), der)[0]

    def add_token(self, token: bytes) -> tuple[str, ET.Element | None]:
        """(id, element) of a time-stamp token; the element only where it is new, to hang its report on."""
        return self._add("timestamp", hashlib.sha256(token).hexdigest(), token)

    def add_digest_only(self, kind: str, sha256: str) -> str:
        """The id of an object that is named by its digest (hexadecimal) alone."""
        return self._add(kind, sha256, None)[0]

    def _add(self, kind: str, sha256: str, whole: bytes | None) -> tuple[str, ET.Element | None]:
        identifier = f"{_LETTERS[kind]}-{sha256.upper()}"
        if identifier in self._known:
            return identifier, None
        self._known.add(identifier)
        element = add(self.element, "ValidationObject")
        element.set("id", identifier)
        add(element, "ObjectType", _TYPE + kind)
        representation = add(element, "ValidationObjectRepresentation")
        if whole is None:
            add_digest(add(representation, "DigestAlgAndValue"), sha256)
        else:
            add(representation, "base64", b64encode(whole).decode())
        # 4.4.6: the validation itself shows that the object was there at its time.
        proof = add(element, "POE")
        add(proof, "POETime", instant(self._checked_at))
        add(proof, "TypeOfProof", "urn:etsi:019102:poetype:validation")
        return identifier, element
