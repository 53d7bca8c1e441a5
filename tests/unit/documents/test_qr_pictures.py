"""The QR code of the authenticator is read back from its path."""

import re

import numpy as np
import zxingcpp

from gateway.documents.qr_pictures import qr_path
from gateway.domain.passwords import secret_address

_PIXELS = 4


def test_the_path_reads_as_what_it_was_made_from():
    address = secret_address("JBSWY3DPEHPK3PXP", account="chen.approver", issuer="证照窗口")
    picture = qr_path(address)
    modules = np.full((picture.side, picture.side), 255, np.uint8)
    for x, y in re.findall(r"M(\d+) (\d+)h1v1h-1z", picture.data):
        modules[int(y), int(x)] = 0
    assert (modules[:4] == 255).all()
    assert (modules[:, -4:] == 255).all()
    found = zxingcpp.read_barcode(np.kron(modules, np.ones((_PIXELS, _PIXELS), np.uint8)))
    assert found.text == address
