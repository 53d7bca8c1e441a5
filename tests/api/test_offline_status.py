"""A licence's code off line: with the published status list the command line tells whether the licence is in force."""

import json
from datetime import timedelta

import pytest

from gateway.app import create_app
from gateway.cli import app as commands
from gateway.domain.status import LicenceStatus
from gateway.services.status_changes import StatusDecision
from tests.api.test_status_lists import address_of, decide, licence

__all__ = ["licence"]


@pytest.fixture
def verify(fresh, licence, tmp_path, capsys):
    """Verifies the code with a status list, as a counterparty does: trust files and the list, nothing else."""
    code = tmp_path / "code.txt"
    code.write_text(licence.qr_text)

    def run(token=None, **options):
        words = ["verify", str(code), "--trust-anchors", str(fresh.settings.data_dir / "trust"), "--json"]
        if token is not None:
            (tmp_path / "status").mkdir(exist_ok=True)
            (tmp_path / "status" / "0").write_bytes(token)
            words += ["--status-list", str(tmp_path / "status")]
        for name, value in options.items():
            words += [f"--{name}", value]
        capsys.readouterr()
        commands(words, standalone_mode=False)
        answer = json.loads(capsys.readouterr().out)["answer"]
        return answer["genuine"], answer["in_force"], [each["code"] for each in answer["reasons"]]

    return run


def token_of(container, licence):
    container.status_lists._kept.clear()
    return create_app(container).test_client().get(address_of(licence)).data


def test_without_a_list_the_status_is_not_known(verify):
    assert verify() == ("yes", "unknown", ["GENUINE", "REGISTRY_NOT_CHECKED"])


def test_with_the_list_it_is(fresh, licence, verify):
    assert verify(token_of(fresh, licence)) == ("yes", "yes", ["GENUINE", "IN_FORCE", "STATUS_LIST_USED"])
    decide(fresh, licence, LicenceStatus.SUSPENDED)
    assert verify(token_of(fresh, licence)) == ("yes", "no", ["GENUINE", "LICENCE_SUSPENDED", "STATUS_LIST_USED"])
    decide(fresh, licence, LicenceStatus.REVOKED)
    assert verify(token_of(fresh, licence)) == ("yes", "no", ["GENUINE", "LICENCE_ENDED", "STATUS_LIST_USED"])


def test_the_days_in_the_code_count_too(fresh, licence, verify):
    long_after = (fresh.clock() + timedelta(hours=23)).isoformat()
    assert verify(token_of(fresh, licence), at=long_after)[1] == "yes"
    much_later = verify(token_of(fresh, licence), at=(fresh.clock() + timedelta(hours=25)).isoformat())
    assert much_later == ("yes", "unknown", ["GENUINE", "STATUS_LIST_TOO_OLD", "REGISTRY_NOT_CHECKED"])


def test_a_list_that_was_altered_is_not_used(fresh, licence, verify):
    decide(fresh, licence, LicenceStatus.REVOKED)
    revoked = token_of(fresh, licence)
    altered = revoked[:-1] + bytes([revoked[-1] ^ 1])
    unusable = ("yes", "unknown", ["GENUINE", "STATUS_LIST_NOT_USABLE", "REGISTRY_NOT_CHECKED"])
    assert verify(altered) == unusable
    assert verify(b"nonsense") == unusable


def test_the_list_of_another_authority_says_nothing(fresh, licence, applications, verify):
    other = next(
        each
        for each in applications
        if each["FZJGMC"] != licence.issuing_authority and each["ZZHM"] != licence.licence_number
    )
    token = token_of(fresh, fresh.licences.issue(other))
    assert verify(token) == ("yes", "unknown", ["GENUINE", "REGISTRY_NOT_CHECKED"])


def test_a_decision_that_is_to_come_does_not_stand_in_the_list_yet(fresh, licence, verify):
    tomorrow = fresh.clock() + timedelta(days=1)
    decision = StatusDecision(LicenceStatus.REVOKED, legal_ground="g", reason="r", effective_at=tomorrow)
    fresh.status_changes.record(licence.licence_identifier, decision)
    assert verify(token_of(fresh, licence))[1] == "yes"


def test_a_pdf_takes_its_status_from_the_list_too(fresh, licence, tmp_path, capsys):
    file, listed = tmp_path / "licence.pdf", tmp_path / "list"
    file.write_bytes(licence.electronic_file.read_bytes())
    decide(fresh, licence, LicenceStatus.SUSPENDED)
    listed.write_bytes(token_of(fresh, licence))
    words = ["verify", str(file), "--trust-anchors", str(fresh.settings.data_dir / "trust"), "--json"]
    found = []
    for more in ([], ["--status-list", str(listed)]):
        capsys.readouterr()
        assert commands([*words, *more], standalone_mode=False) == 0
        answer = json.loads(capsys.readouterr().out)["answer"]
        found.append((answer["in_force"], [each["code"] for each in answer["reasons"]]))
    assert found == [
        ("unknown", ["GENUINE", "REGISTRY_NOT_CHECKED"]),
        ("no", ["GENUINE", "LICENCE_SUSPENDED", "STATUS_LIST_USED"]),
    ]
