"""The document security store of a revision (ISO 32000-2, 12.8.4.3; EN 319 142-1, 5.4.2), bounded."""

from typing import Any

from signing.errors import ResourceLimitError
from signing.pdf.file import PdfFile
from signing.pdf.objects import Stream
from signing.validation.evidence import ValidationData

MAX_VALUES = 2_000
"""Certificates, lists and responses in one store."""

_KEYS = (("Certs", "Cert"), ("CRLs", "CRL"), ("OCSPs", "OCSP"))
"""Of the store itself, and of what it holds for one signature."""


def read_security_store(file: PdfFile) -> ValidationData:
    """What the store holds in this revision, each value once, in the order of the file; empty when there is none.

    ResourceLimitError when it holds too much.
    """
    store = file.resolve(file.root.get("DSS"))
    if not isinstance(store, dict):
        return ValidationData()
    single = file.resolve(store.get("VRI"))
    related = [file.resolve(value) for value in (single.values() if isinstance(single, dict) else ())]
    certificates, crls, responses = (
        _values(file, [store.get(key), *(r.get(short) for r in related if isinstance(r, dict))]) for key, short in _KEYS
    )
    return ValidationData(certificates, crls, responses)


def _values(file: PdfFile, arrays: list[Any]) -> tuple[bytes, ...]:
    numbers: dict[Any, None] = {}
    for array in arrays:
        found = file.resolve(array)
        numbers.update(dict.fromkeys(found if isinstance(found, list) else ()))
        if len(numbers) > MAX_VALUES:
            raise ResourceLimitError("the document security store holds too much")
    streams = (file.resolve(reference) for reference in numbers)
    return tuple(dict.fromkeys(file.decoded(stream) for stream in streams if isinstance(stream, Stream)))
