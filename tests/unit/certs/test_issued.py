"""What a CA issued is on record before it is handed out."""

import pytest

from certs.authority import CertificateAuthority
from certs.errors import KeystoreError
from certs.issued import IssuedCertificates
from certs.profiles import SEAL_SIGNER
from signing import sm2
from signing.x509_fields import serial_number
from tests.pki import CREDIT_CODE, NOW, make_pki


def test_a_serial_number_is_known_once_it_is_recorded(tmp_path):
    issued, certificate = IssuedCertificates(tmp_path / "issued"), make_pki().leaf().certificate
    assert not issued.knows("ca", serial_number(certificate))
    issued.record("ca", certificate)
    assert issued.knows("ca", serial_number(certificate))
    assert IssuedCertificates(tmp_path / "issued").knows("ca", serial_number(certificate))
    assert not issued.knows("other", serial_number(certificate))
    with pytest.raises(KeystoreError):
        issued.record("../ca", certificate)


def test_half_a_line_is_no_certificate(tmp_path):
    (tmp_path / "ca.txt").write_bytes(b"ff\n1f")
    issued = IssuedCertificates(tmp_path)
    assert issued.knows("ca", 0xFF)
    assert not issued.knows("ca", 0x1F)


def test_nothing_is_handed_out_that_could_not_be_recorded():
    pki = make_pki()

    def refuse(_):
        raise OSError("disk full")

    authority = CertificateAuthority(pki.issuing, record=refuse)
    from certs.authority import Subject

    with pytest.raises(OSError, match="disk full"):
        authority.issue(SEAL_SIGNER, Subject("甲", "甲", CREDIT_CODE), sm2.generate().public_key, now=NOW)
