"""The QR code as an image mask."""

import random

import numpy as np
import pytest
import zxingcpp

from gateway.documents.face import FaceError
from gateway.documents.qr_drawing import LEVEL, encode_qr
from tests.unit.documents.faces import PAYLOAD, URL


def picture(symbol):
    bits = np.unpackbits(np.frombuffer(symbol.rows, np.uint8).reshape(symbol.size, -1), axis=1)[:, : symbol.size]
    return np.pad(np.kron(bits * 255, np.ones((4, 4))), 16, constant_values=255).astype(np.uint8)


@pytest.mark.parametrize("text", ["A", URL + PAYLOAD, "阳江市 lower case"])
def test_the_modules_say_the_text(text):
    symbol = encode_qr(text)
    [found] = zxingcpp.read_barcodes(picture(symbol))
    assert found.text == text
    assert found.ec_level == "M"
    assert symbol.size == 17 + 4 * symbol.version


def dark(text, **options):
    """The encoder's own modules, True for dark."""
    barcode = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level=LEVEL, **options)
    return np.asarray(barcode.to_image(scale=1, add_quiet_zones=False)) == 0


def test_the_mask_is_the_one_that_the_encoder_itself_would_take():
    """It tries the eight one after another by rules of its own; texts of every length, so that each version comes."""
    lot = random.Random(18004)
    taken = set()
    for length in range(1, 600, 3):
        text = "".join(lot.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567/:.", k=length))
        own = dark(text)
        assert encode_qr(text).rows == np.packbits(~own, axis=1).tobytes(), text
        taken |= {mask for mask in range(8) if (dark(text, dataMask=mask) == own).all()}
    assert taken == set(range(8))


def test_alphanumeric_text_takes_the_dense_mode():
    """Version 15-M holds 600 alphanumeric characters (ISO/IEC 18004, table 7), but 412 octets."""
    assert encode_qr("A" * 600).version == 15
    with pytest.raises(FaceError, match="version 16"):
        encode_qr("A" * 601)
    with pytest.raises(FaceError):
        encode_qr("a" * 413)


def test_a_text_that_no_symbol_holds_is_refused():
    with pytest.raises(FaceError, match="9000"):
        encode_qr("A" * 9000)
