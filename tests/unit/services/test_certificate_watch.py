"""Registered certificates are looked at again: what ends soon or is revoked becomes an event once."""

from datetime import timedelta

import pytest

from gateway.domain.holder_certificates import CertificateState
from gateway.domain.holder_certificates import HolderCertificateReason as Reason
from gateway.errors import ConflictError, NotFoundError, ValidationFailedError
from gateway.persistence.models import AuditEvent
from gateway.services.enterprise_registrations import Registration
from gateway.services.installation import LICENCE_ROOT_KEY
from tests.unit.services.test_binding import revoke
from tests.unit.services.test_holder_certificates import new_certificate


@pytest.fixture
def codes(applications):
    return list(dict.fromkeys(a["CYRSFZJHM"] for a in applications))


def later(container, **by):
    """The same gateway at another time."""
    return type(container)(container.settings, clock=lambda: container.clock() + timedelta(**by))


def revoke_now(container, code):
    """A list that is put in place by renaming is noticed at once."""
    revoke(container, code)
    path = container.deps.trust_dir / "crls" / f"{LICENCE_ROOT_KEY}.crl"
    path.rename(path.with_suffix(".new"))
    path.with_suffix(".new").rename(path)


def events(container, action="business_licence_state_changed"):
    with container.deps.sessions() as session:
        rows = session.query(AuditEvent).filter_by(action=action).order_by(AuditEvent.id).all()
        return [(row.subject, row.detail) for row in rows]


def states(container, code):
    return [(each.state, each.is_current) for each in container.holder_certificates.of_enterprise(code)]


def test_all_are_in_order_and_that_is_no_event(fresh, codes):
    first = fresh.certificate_watch.all()
    assert first.looked_at >= len(codes) and (first.changed, first.undecided) == (0, 0)
    assert states(fresh, codes[0]) == [(CertificateState.ACCEPTED, True)]
    assert (events(fresh), fresh.holder_certificates.troubled()) == ([], [])


def test_a_revocation_is_found_and_recorded_once(fresh, codes):
    fresh.certificate_watch.all()
    revoke_now(fresh, codes[0])
    assert [fresh.certificate_watch.all().changed for _ in range(2)] == [1, 0]
    (subject, detail), *others = events(fresh)
    assert (subject, detail["state"], detail["state_before"], others) == (
        codes[0],
        Reason.CERTIFICATE_REVOKED,
        CertificateState.ACCEPTED,
        [],
    )
    assert [each.unified_social_credit_code for each in fresh.holder_certificates.troubled()] == [codes[0]]


def test_one_that_ends_soon_is_told_and_then_that_it_has_ended(fresh, codes):
    fresh.holder_certificates.register(new_certificate(fresh, codes[0], days=10))
    fresh.certificate_watch.all()
    assert states(fresh, codes[0])[0] == (CertificateState.ENDS_SOON, True)
    ended = later(fresh, days=11)
    ended.certificate_watch.all()
    assert states(ended, codes[0])[0] == (Reason.CERTIFICATE_EXPIRED, True)
    assert [detail["state"] for _, detail in events(fresh)] == [
        CertificateState.ENDS_SOON,
        Reason.CERTIFICATE_EXPIRED,
    ]
    ended.deps.engine.dispose()


def test_what_could_not_be_checked_stays_as_it_was_found(fresh, codes):
    revoke_now(fresh, codes[0])
    fresh.certificate_watch.all()
    (fresh.deps.trust_dir / "crls" / f"{LICENCE_ROOT_KEY}.crl").unlink()
    done = fresh.certificate_watch.all()
    assert (done.changed, done.undecided) == (0, done.looked_at)
    assert states(fresh, codes[0]) == [(Reason.CERTIFICATE_REVOKED, False)]
    assert states(fresh, codes[1]) == [(CertificateState.ACCEPTED, False)]


def test_a_round_takes_only_what_is_due(fresh, codes):
    looked_at = 0
    while found := fresh.certificate_watch.round().looked_at:
        looked_at += found
    assert looked_at == len(fresh.holder_certificates.certified_codes())
    again = later(fresh, hours=13)
    assert again.certificate_watch.round().looked_at > 0
    again.deps.engine.dispose()


def test_a_cancelled_enterprise_shows_in_the_watch_and_its_history_is_kept(fresh, codes):
    fresh.certificate_watch.all()
    code, now = codes[0], fresh.clock()
    record = fresh.enterprise_registrations.record
    assert record(code, Registration(now - timedelta(days=2), "gsxt", name="阳江市新名称有限公司")) is True
    assert record(code, Registration(now - timedelta(days=1), "gsxt", status="cancelled")) is True
    assert record(code, Registration(now, "gsxt", status="cancelled")) is False
    renamed, cancelled = fresh.enterprise_registrations.history(code)
    assert (renamed.name, cancelled.name_before) == ("阳江市新名称有限公司", "阳江市新名称有限公司")
    assert (cancelled.status_before, cancelled.status) == ("registered", "cancelled")
    assert fresh.certificate_watch.all().changed == 1
    assert states(fresh, code)[0] == (Reason.ENTERPRISE_CANCELLED, True)
    assert [detail["status"] for _, detail in events(fresh, "enterprise_registration_changed")] == [
        "registered",
        "cancelled",
    ]


def test_what_is_no_registration_is_refused(fresh, codes):
    now, record = fresh.clock(), fresh.enterprise_registrations.record
    for wrong in (
        Registration(now, "gsxt", status="gone"),
        Registration(now, "gsxt", name=" "),
        Registration(now, "", status="cancelled"),
        Registration(now + timedelta(hours=1), "gsxt", status="cancelled"),
    ):
        with pytest.raises(ValidationFailedError):
            record(codes[0], wrong)
    with pytest.raises(NotFoundError):
        record("91441702MA00000000", Registration(now, "gsxt", status="cancelled"))
    record(codes[0], Registration(now, "gsxt", status="cancelled"))
    with pytest.raises(ConflictError):
        record(codes[0], Registration(now - timedelta(days=1), "gsxt", status="registered"))
