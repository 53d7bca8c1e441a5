"""QR codes (ISO/IEC 18004) as one image mask: crisp at any resolution, without seams between modules."""

from dataclasses import dataclass

import numpy as np
import zxingcpp

from gateway.documents.face import FaceError
from gateway.documents.qr_masks import MaskChoice, Modules

LEVEL = "M"
MAX_VERSION = 15
"""At 25 mm a module of version 15 is 0.32 mm, nearly four dots of a 300 dpi print."""


@dataclass(frozen=True)
class QrSymbol:
    """The modules of a QR code."""

    version: int
    size: int
    """Modules along a side, without the quiet zone."""
    rows: bytes
    """One bit per module, rows padded to bytes, 0 for black: the form of a PDF image mask."""


def encode_qr(text: str) -> QrSymbol:
    """The smallest symbol at level M. FaceError when it would be larger than version 15."""
    try:
        first = _modules(text, 0)
    except ValueError as error:  # zxing-cpp says so when not even version 40 holds the text
        raise FaceError(f"二维码放不下 {len(text)} 个字符。No QR code holds {len(text)} characters.") from error
    size = first.shape[0]
    version = (size - 17) // 4
    if version > MAX_VERSION:
        raise FaceError(
            f"二维码需要版本 {version}，超过 {MAX_VERSION}。The QR code needs version {version}, more than {MAX_VERSION}."
        )
    if version not in _choices:
        _choices[version] = MaskChoice.made(lambda mask: _modules(text, mask))
    best = _choices[version].best(first)
    return QrSymbol(version, size, np.packbits(~best, axis=1).tobytes())


_choices: dict[int, MaskChoice] = {}
"""By version."""


def _modules(text: str, mask: int) -> Modules:
    """The symbol with one of the eight data masks."""
    barcode = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level=LEVEL, dataMask=mask)
    dark: Modules = np.asarray(barcode.to_image(scale=1, add_quiet_zones=False)) == 0
    return dark
