"""A QR code as the path of an inline SVG picture: no image has to be fetched, and none is kept."""

from dataclasses import dataclass

import numpy as np

from gateway.documents.qr_drawing import encode_qr

_QUIET = 4
"""Modules of white around the symbol (ISO/IEC 18004, 9.1)."""


@dataclass(frozen=True)
class QrPath:
    """Path data of the black modules, in units of one module."""

    side: int
    """Of the picture, with the quiet zone."""
    data: str


def qr_path(text: str) -> QrPath:
    """The path of a QR code of ``text``. FaceError when it is too long."""
    symbol = encode_qr(text)
    padded = np.frombuffer(symbol.rows, np.uint8).reshape(symbol.size, -1)
    is_black = np.unpackbits(padded, axis=1)[:, : symbol.size] == 0
    squares = (f"M{x + _QUIET} {y + _QUIET}h1v1h-1z" for y, x in np.argwhere(is_black).tolist())
    return QrPath(symbol.size + 2 * _QUIET, "".join(squares))
