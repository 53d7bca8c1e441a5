"""What is kept of a check, and everything that makes it count no more."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from gateway.domain.answers import Genuine
from gateway.domain.status import LicenceStatus, china_day
from gateway.persistence.models import LicenceVersion, SignatureCheck
from gateway.services.status_changes import StatusDecision
from tests.conftest import container_at

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def licence(fresh, applications):
    """One that is in force for a while yet."""
    later = china_day(fresh.clock() + timedelta(days=60)).isoformat()
    return fresh.licences.issue(next(each for each in applications if each.get("YXQJSRQ", "") > later))


def listed(container, licence):
    found = container.codes.resolve(licence.holder_code).licences
    return next(each for each in found if each.licence_identifier == licence.licence_identifier)


def another(container, **overrides):
    """The same gateway as another process sees it: nothing in memory."""
    return container_at(container.settings.data_dir, **overrides)


def kept(container):
    with container.deps.sessions() as session:
        return session.scalars(select(SignatureCheck)).all()


class Later:
    """A clock that stands some time ahead of the system's."""

    def __init__(self, container, **ahead):
        self._clock, self._ahead = container.clock, timedelta(**ahead)

    def __call__(self):
        return self._clock() + self._ahead


def at_a_later_time(container, **ahead):
    from gateway.container import Container

    return Container(container.settings, Later(container, **ahead))


@pytest.fixture
def verified(monkeypatch):
    """Counts how often a file's signatures are verified."""
    from gateway.services import signature_checks

    count, real = [], signature_checks.SignatureChecks._verify

    def counted(self, file, now):
        count.append(file.sm3)
        return real(self, file, now)

    monkeypatch.setattr(signature_checks.SignatureChecks, "_verify", counted)
    return count


def test_a_check_serves_every_process_and_says_when_it_was_made(fresh, licence, verified):
    rechecked(fresh)
    first = listed(fresh, licence)
    assert (first.genuine, len(verified)) == (Genuine.YES, 1)
    again = listed(another(fresh), licence)
    assert (again.genuine, len(verified)) == (Genuine.YES, 1)
    assert again.checked_at == first.checked_at
    (row,) = kept(fresh)
    assert (row.electronic_sm3, row.genuine) == (licence.electronic_sm3, "yes")


def test_past_the_bound_it_is_made_again(fresh, licence, verified):
    rechecked(fresh)
    listed(at_a_later_time(fresh, hours=23), licence)
    assert len(verified) == 1
    gateway = at_a_later_time(fresh, hours=24)
    later = listed(gateway, licence)
    assert len(verified) == 2
    assert later.checked_at > fresh.clock()


def test_a_check_of_a_clock_that_was_ahead_does_not_serve(fresh, licence, verified):
    rechecked(at_a_later_time(fresh, hours=5))
    listed(fresh, licence)
    assert len(verified) == 2


def test_a_file_that_is_written_over_shows_at_once(fresh, licence):
    assert listed(fresh, licence).genuine is Genuine.YES
    path = licence.electronic_file.local_path
    path.write_bytes(path.read_bytes().replace(b"%PDF-", b"%PDX-", 1))
    assert listed(fresh, licence).genuine is Genuine.UNKNOWN
    assert listed(another(fresh), licence).genuine is Genuine.UNKNOWN


def test_who_asks_keeps_what_it_found_out_where_that_needs_no_waiting(fresh, licence):
    listed(fresh, licence)
    assert len(kept(fresh)) == (fresh.deps.engine.dialect.name == "postgresql")


def test_what_could_not_be_checked_is_not_kept(fresh, licence):
    path = licence.electronic_file.local_path
    content = path.read_bytes()
    path.unlink()
    assert listed(fresh, licence).genuine is Genuine.UNKNOWN
    assert kept(fresh) == []
    path.write_bytes(content)
    assert listed(fresh, licence).genuine is Genuine.YES


def test_a_revocation_makes_every_check_again(fresh, licence, verified):
    rechecked(fresh)
    (name,) = {
        name for name in fresh.deps.keystore.names() if name.startswith("seal-") and is_seal_of(fresh, name, licence)
    }
    before = fresh.deps.trust_digest()
    revoke(fresh, name)
    other = another(fresh)
    assert other.deps.trust_digest() != before
    listed(other, licence)
    assert len(verified) == 2


def is_seal_of(container, name, licence):
    with container.deps.sessions() as session:
        version = session.get(LicenceVersion, licence.licence_identifier)
        return name == f"seal-{version.licence.authority_code}"


def revoke(container, name):
    from certs.revocation import RevocationReason, RevokedEntry
    from gateway.services.embedded_cas import ISSUING_KEY
    from signing.validation.x509 import load_certificate

    serial = load_certificate(container.deps.keystore.certificate(name)).parsed.serial_number
    entry = RevokedEntry(serial, container.clock(), RevocationReason.KEY_COMPROMISE)
    container.installation.publish_crl(ISSUING_KEY, [entry])


def test_the_next_revocation_list_without_news_leaves_checks_in_force(fresh, licence, verified):
    rechecked(fresh)
    fresh.installation.publish_trust()
    listed(another(fresh), licence)
    assert len(verified) == 1


def test_other_rules_make_another_check(fresh, licence, verified):
    rechecked(fresh)
    listed(another(fresh, validation_policy="strict"), licence)
    assert len(verified) == 2


def rechecked(container):
    """A whole round; gives how many files were checked."""
    last, checked = "", 0
    while last is not None:
        done = container.signature_checks.recheck(last, 30)
        last, checked = done.last, checked + done.checked
    return checked


def test_a_round_goes_through_all_files_and_checks_those_that_are_due(issued):
    with issued.deps.sessions() as session:
        files = len(session.scalars(select(LicenceVersion.electronic_sm3)).all())
    assert rechecked(issued) == files > 60
    assert rechecked(issued) == 0
    assert rechecked(at_a_later_time(issued, hours=11)) == 0
    assert rechecked(at_a_later_time(issued, hours=13)) == files


def test_readers_need_not_wait_for_what_a_round_checked(issued, verified):
    rechecked(issued)
    made = len(verified)
    assert all(line.genuine is Genuine.YES for line in another(issued).codes.resolve("91441702MA9Y03WY4L").licences)
    assert len(verified) == made


def test_a_change_by_another_process_shows_with_the_next_question(fresh, licence):
    assert listed(fresh, licence).status == "valid"
    code = (
        "import sys; from tests.conftest import container_at; from pathlib import Path\n"
        "from gateway.services.status_changes import StatusDecision; from gateway.domain.status import LicenceStatus\n"
        "c = container_at(Path(sys.argv[1]))\n"
        "c.status_changes.record(sys.argv[2], StatusDecision(LicenceStatus.REVOKED, legal_ground='g', reason='r'))\n"
    )
    subprocess.run(
        [sys.executable, "-c", code, str(fresh.settings.data_dir), licence.licence_identifier], check=True, cwd=ROOT
    )
    assert listed(fresh, licence).status == "revoked"


def test_a_change_that_takes_effect_later_shows_when_it_does(fresh, licence):
    at = fresh.clock() + timedelta(seconds=30)
    fresh.status_changes.record(
        licence.licence_identifier,
        StatusDecision(LicenceStatus.SUSPENDED, legal_ground="g", reason="r", effective_at=at),
    )
    clock = Later(fresh, seconds=0)
    from gateway.container import Container

    gateway = Container(fresh.settings, clock)
    assert listed(gateway, licence).status == "valid"
    clock._ahead = timedelta(seconds=31)
    assert listed(gateway, licence).status == "suspended"


def test_a_renamed_enterprise_shows_with_the_next_question(fresh, licence):
    fresh.codes.resolve(licence.holder_code)
    with fresh.deps.sessions.begin() as session:
        session.execute(
            text("UPDATE enterprises SET name = 'X' WHERE unified_social_credit_code = :c"), {"c": licence.holder_code}
        )
    assert fresh.codes.resolve(licence.holder_code).enterprise.name == "X"


def test_the_resolver_forgets_the_oldest_list_first(fresh, licence, monkeypatch):
    from gateway.services import holder_lists

    monkeypatch.setattr(holder_lists, "_MOST_KEPT", 2)
    for code in (licence.holder_code, "91440300708461136T", "91350100M000100Y43"):
        fresh.codes.resolve(code)
    assert list(fresh.holder_lists._kept) == ["91440300708461136T", "91350100M000100Y43"]
