"""A licence is bound to the holder's electronic business licence only while that one serves."""

from datetime import timedelta

import pytest
from asn1crypto import pem
from cryptography import x509

from certs.authority import CertificateAuthority
from certs.revocation import RevokedEntry
from gateway.errors import BindingRefusedError
from gateway.persistence.models import ElectronicBusinessLicence
from gateway.services.installation import LICENCE_ROOT_KEY
from tests.conftest import container_at


def certificate_of(container, code):
    with container.deps.sessions() as session:
        held = session.query(ElectronicBusinessLicence).filter_by(unified_social_credit_code=code).one()
        return held.certificate


def revoke(container, code, certificate=None):
    """Put the holder's certificate, or another of its certificates, on the list of its CA."""
    path = container.deps.trust_dir / "crls" / f"{LICENCE_ROOT_KEY}.crl"
    serial = x509.load_der_x509_certificate(certificate or certificate_of(container, code)).serial_number
    now = container.clock()
    crl = CertificateAuthority(container.deps.keystore.load(LICENCE_ROOT_KEY)).next_crl(
        pem.unarmor(path.read_bytes())[2],
        this_update=now,
        next_update=now + timedelta(days=1),
        revoked=[RevokedEntry(serial, now)],
    )
    path.write_bytes(pem.armor("X509 CRL", crl))


def test_a_revoked_electronic_business_licence_stays_revoked_after_init(fresh, applications):
    revoke(fresh, applications[0]["CYRSFZJHM"])
    with pytest.raises(BindingRefusedError, match="revoked"):
        fresh.licences.issue(applications[0])
    fresh.installation.initialise()
    again = container_at(fresh.settings.data_dir)
    with pytest.raises(BindingRefusedError, match="revoked"):
        again.licences.issue(applications[0])
    again.deps.engine.dispose()


def test_an_expired_electronic_business_licence_is_refused(fresh, applications):
    later = type(fresh)(fresh.settings, clock=lambda: fresh.clock() + timedelta(days=6 * 365))
    with pytest.raises(BindingRefusedError):
        later.licences.issue(applications[0])
    later.deps.engine.dispose()


def test_a_certificate_of_another_enterprise_is_refused(fresh, applications):
    code, other = applications[0]["CYRSFZJHM"], applications[9]["CYRSFZJHM"]
    assert code != other
    foreign = certificate_of(fresh, other)
    with fresh.deps.sessions.begin() as session:
        held = session.query(ElectronicBusinessLicence).filter_by(unified_social_credit_code=code).one()
        held.certificate = foreign
    with pytest.raises(BindingRefusedError, match=other):
        fresh.licences.issue(applications[0])
