"""Joins PDFs of our own into one, for people to look through."""

import io
from collections.abc import Sequence

import pypdfium2


def join_pages(documents: Sequence[bytes]) -> bytes:
    """One PDF with the pages of several of our own; signatures and attachments stay behind."""
    joined = pypdfium2.PdfDocument.new()
    for data in documents:
        document = pypdfium2.PdfDocument(data)
        joined.import_pages(document)
        document.close()
    target = io.BytesIO()
    joined.save(target)
    joined.close()
    return target.getvalue()
