"""Whether a certificate speaks for an enterprise: each way in which it does not has its own reason."""

import subprocess
from dataclasses import replace
from datetime import timedelta

import pytest

from certs.authority import CertificateAuthority, CertificateRequest, Subject
from certs.profiles import ELECTRONIC_BUSINESS_LICENCE
from gateway.domain.holder_certificates import HolderCertificateReason as Reason
from gateway.errors import BindingRefusedError, NotFoundError
from gateway.persistence.models import AuditEvent, ElectronicBusinessLicence, Enterprise
from gateway.services.installation import LICENCE_ROOT_KEY
from signing import sm2
from tests.pki import make_stranger
from tests.unit.services.test_binding import certificate_of, revoke


def new_certificate(container, code, *, since=timedelta(0), days=30, authority=None):
    """One that the CA of electronic business licences (or another) signs now."""
    now = container.clock()
    key = container.deps.keystore.load(LICENCE_ROOT_KEY) if authority is None else authority
    request = CertificateRequest(
        profile=ELECTRONIC_BUSINESS_LICENCE,
        subject=Subject("某某有限公司", "某某有限公司", code),
        public_key=sm2.generate().public_key,
        not_before=now + since,
        not_after=now + since + timedelta(days=days),
    )
    return CertificateAuthority(key).sign_request(request)


def reason(container, certificate, code, at=None):
    check = container.holder_certificates.check(certificate, code, at or container.clock())
    assert check.is_accepted is (check.reason is None)
    return check.reason


@pytest.fixture
def codes(applications):
    """Two enterprises with an electronic business licence."""
    found = list(dict.fromkeys(a["CYRSFZJHM"] for a in applications))
    return found[0], found[1]


def test_the_certificate_of_the_enterprise_is_accepted(fresh, codes):
    check = fresh.holder_certificates.check(certificate_of(fresh, codes[0]), codes[0], fresh.clock())
    assert (check.is_accepted, check.found_code, check.sentence()) == (True, codes[0], "")
    assert check.to_json()["reason"] is None


def test_that_of_another_enterprise_is_not(fresh, codes):
    check = fresh.holder_certificates.check(certificate_of(fresh, codes[0]), codes[1], fresh.clock())
    assert (check.reason, check.found_code) == (Reason.WRONG_ENTERPRISE, codes[0])
    assert "不属于" in check.sentence() and codes[0] in check.sentence()


def test_validity_is_that_of_the_asked_instant(fresh, codes):
    certificate, now = new_certificate(fresh, codes[0]), fresh.clock()
    assert reason(fresh, certificate, codes[0], now - timedelta(days=2)) is Reason.CERTIFICATE_NOT_YET_VALID
    assert reason(fresh, certificate, codes[0], now + timedelta(days=31)) is Reason.CERTIFICATE_EXPIRED
    later = new_certificate(fresh, codes[0], since=timedelta(days=2))
    assert reason(fresh, later, codes[0], now) is Reason.CERTIFICATE_NOT_YET_VALID


def test_a_revoked_one_is_told_from_one_that_could_not_be_checked(fresh, codes):
    certificate = certificate_of(fresh, codes[0])
    (fresh.deps.trust_dir / "crls" / f"{LICENCE_ROOT_KEY}.crl").rename(fresh.deps.trust_dir / "kept.txt")
    check = fresh.holder_certificates.check(certificate, codes[0], fresh.clock())
    assert (check.reason, check.could_be_checked) == (Reason.REVOCATION_UNKNOWN, False)
    (fresh.deps.trust_dir / "kept.txt").rename(fresh.deps.trust_dir / "crls" / f"{LICENCE_ROOT_KEY}.crl")
    revoke(fresh, codes[0])
    check = fresh.holder_certificates.check(certificate, codes[0], fresh.clock())
    assert (check.reason, check.could_be_checked) == (Reason.CERTIFICATE_REVOKED, True)


def test_one_of_a_root_that_nobody_trusts_is_not_trusted(fresh, codes):
    foreign = new_certificate(fresh, codes[0], authority=make_stranger().root)
    assert reason(fresh, foreign, codes[0]) is Reason.CERTIFICATE_UNTRUSTED


def test_a_seal_of_an_authority_is_no_electronic_business_licence(fresh, applications):
    """Its root is trusted, but not for enterprises."""
    with fresh.deps.sessions() as session:
        owner = session.query(Enterprise).first().unified_social_credit_code
    issuing = fresh.deps.keystore.load("issuing-ca")
    assert reason(fresh, new_certificate(fresh, owner, authority=issuing), owner) is Reason.CERTIFICATE_UNTRUSTED


def test_two_credit_codes_in_one_certificate_are_nobodys(fresh, codes, tmp_path):
    two = openssl_certificate(tmp_path, f"/CN={codes[1]} Co. Ltd./serialNumber={codes[0]}")
    for code in codes:
        assert reason(fresh, two, code) is Reason.CREDIT_CODES_DIFFER
    with pytest.raises(BindingRefusedError, match="不一致"):
        fresh.holder_certificates.register(two)


def test_certificates_of_openssl_without_a_code_and_with_another_extension(fresh, codes, tmp_path):
    without, with_code = (
        openssl_certificate(tmp_path, name) for name in ("/CN=nobody", f"/CN=x/serialNumber={codes[0]}")
    )
    assert reason(fresh, without, codes[0]) is Reason.NO_CREDIT_CODE
    assert reason(fresh, with_code, codes[0]) is Reason.CERTIFICATE_UNTRUSTED
    assert reason(fresh, b"no certificate", codes[0]) is Reason.NO_CREDIT_CODE
    for broken in (without, b"no certificate"):
        with pytest.raises(BindingRefusedError):
            fresh.holder_certificates.register(broken)


def openssl_certificate(folder, subject):
    key, made = folder / "key.pem", folder / "made.der"
    command = ["openssl", "req", "-x509", "-newkey", "sm2", "-nodes", "-sm3", "-keyout", key, "-days", "30"]
    subprocess.run([*command, "-subj", subject, "-outform", "DER", "-out", made], check=True, capture_output=True)
    return made.read_bytes()


@pytest.mark.parametrize("status", ["cancelled", "revoked"])
def test_an_enterprise_whose_registration_ended_signs_nothing(fresh, codes, applications, status):
    with fresh.deps.sessions.begin() as session:
        session.get(Enterprise, codes[0]).registration_status = status
    certificate = certificate_of(fresh, codes[0])
    assert reason(fresh, certificate, codes[0]) is Reason.ENTERPRISE_CANCELLED
    assert reason(fresh, certificate_of(fresh, codes[1]), codes[0]) is Reason.WRONG_ENTERPRISE
    with pytest.raises(BindingRefusedError, match="已注销"):
        fresh.licences.issue(applications[0])


def test_nobody_is_asked_about_an_enterprise_that_is_not_registered(fresh, codes):
    with pytest.raises(NotFoundError):
        fresh.holder_certificates.check(certificate_of(fresh, codes[0]), "91441702MA00000000", fresh.clock())


def test_a_renewed_certificate_is_registered_beside_the_first_and_used_from_then_on(fresh, codes, applications):
    first = certificate_of(fresh, codes[0])
    renewed = new_certificate(fresh, codes[0], days=60)
    check = fresh.holder_certificates.register(renewed)
    assert replace(fresh.holder_certificates.register(renewed), checked_for=check.checked_for) == check
    with fresh.deps.sessions() as session:
        held = session.query(ElectronicBusinessLicence).filter_by(unified_social_credit_code=codes[0]).all()
        events = session.query(AuditEvent).filter_by(action="business_licence_registered", subject=codes[0]).count()
    assert ({row.certificate for row in held}, events) == ({first, renewed}, 2)
    issued = fresh.licences.issue(applications[0])
    with fresh.deps.sessions() as session:
        bound = session.query(AuditEvent).filter_by(subject=issued.licence_identifier).one().detail
    assert bound["holder_certificate_sm3"] == check.certificate_sm3


def test_a_certificate_that_cannot_be_checked_is_not_registered(fresh, codes):
    (fresh.deps.trust_dir / "crls" / f"{LICENCE_ROOT_KEY}.crl").unlink()
    with pytest.raises(BindingRefusedError, match="try again later"):
        fresh.holder_certificates.register(new_certificate(fresh, codes[0]))
