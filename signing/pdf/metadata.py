"""Compares XMP metadata (ISO 16684-1): whether an update only notes when and by what the file was written."""

from collections import Counter
from xml.etree import ElementTree as ET

_MOST_BYTES = 1 << 20
_XMP, _PDF = "{http://ns.adobe.com/xap/1.0/}", "{http://ns.adobe.com/pdf/1.3/}"
_NOTED = frozenset({f"{_XMP}ModifyDate", f"{_XMP}MetadataDate", f"{_PDF}Producer"})
_TOOLKIT = "{adobe:ns:meta/}xmptk"


def differ_in_dates_only(before: bytes, after: bytes) -> bool:
    """Whether two packets say the same but for the date of modification and the producer; False when one is no XML."""
    facts = [_facts(packet) for packet in (before, after)]
    return None not in facts and facts[0] == facts[1]


def _facts(packet: bytes) -> Counter[tuple[str, str]] | None:
    """Every property with its value, wherever it is written: as an element or as an attribute."""
    if len(packet) > _MOST_BYTES or b"<!" in packet.replace(b"<!--", b""):
        return None  # a document type may declare entities, and XMP has none
    try:
        root = ET.fromstring(packet)  # noqa: S314 - without a document type there is nothing to expand
    except (ET.ParseError, ValueError):
        return None
    found: Counter[tuple[str, str]] = Counter()
    for element in root.iter():
        text = (element.text or "").strip()
        if text and element.tag not in _NOTED:
            found[element.tag, text] += 1
        for name, value in element.attrib.items():
            if name not in _NOTED and name != _TOOLKIT:
                found[name, value] += 1
    return found
