"""Acceptances and signing requests in archive packages: with all that they rest on, and nothing of it can be taken away."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from certs.trust_store import TrustStore
from gateway.domain.actors import ENTERPRISE_SCOPES, OPERATOR, Actor, ActorKind
from gateway.domain.answers import Genuine
from gateway.domain.archive_files import pack, unpack
from gateway.domain.archives import RECORD
from gateway.domain.authorisations import SigningAuthorisation
from gateway.domain.signing_orders import DocumentOrder, SigningOrder
from gateway.domain.signing_requests import DocumentForm, SignerRole, SigningState
from gateway.domain.signing_views import evidence_entries
from gateway.elicence.signers import sign_authorisation
from gateway.errors import OverLimitError, StorageError
from gateway.persistence.models import SigningRequest
from gateway.services.archive_checks import check_archive
from gateway.services.archive_reports import archive_report
from signing.sm2 import sm3
from tests.phones import ROLE, phone_of
from tests.unit.services.test_archives import REASON, signed_anew

PURPOSE = "签合同"


@pytest.fixture
def code(applications):
    return applications[0]["CYRSFZJHM"]


@pytest.fixture
def accepted(fresh, applications, code):
    """(identifier, authority) of a licence that its holder declined at first, and accepted then."""
    identifier = fresh.licences.issue(applications[0]).licence_identifier
    first = fresh.acceptances.ask(identifier).request.token
    fresh.signing_sessions.present(first)
    fresh.signing_sessions.decline(first, "资料有误")
    view = fresh.acceptances.ask(identifier)
    assert phone_of(fresh, code).sign(fresh, view.request.token).standing.state is SigningState.SIGNED
    return identifier, view.request.department[0]


def asked(container, code, department, role=ROLE, actor=OPERATOR):
    document = DocumentOrder("合同", DocumentForm.BYTES, b"contract")
    order = SigningOrder(code, PURPOSE, role, (document,), department_code=department)
    return container.signing_requests.create(order, actor=actor)


def sign_by_authorisation(container, code, view):
    """What an administrator signs whom the legal representative named."""
    phone, now = phone_of(container, code), container.clock().replace(microsecond=0)
    stated = SigningAuthorisation(
        unified_social_credit_code=code,
        person="陈某某",
        role=SignerRole.LICENCE_ADMINISTRATOR,
        giver="林某某",
        giver_role=SignerRole.LEGAL_REPRESENTATIVE,
        valid_from=now - timedelta(days=1),
        valid_until=now + timedelta(days=1),
        certificate=phone.key.certificate,
    )
    offer = replace(
        phone.offer(stated.role), signer_name=stated.person, authorisation=sign_authorisation(stated, phone.key)
    )
    shown = container.signing_sessions.offer(view.token, offer)
    container.signing_sessions.answer(view.token, phone.answer(shown))


def judged(container, data):
    store = TrustStore(container.deps.trust_dir)
    return check_archive(data, store, store.policy(), container.deps.workers, at=container.clock())


def reasons(container, data):
    store = TrustStore(container.deps.trust_dir)
    report = archive_report(data, "a.zip", store, store.policy(), container.deps.workers, at=container.clock())
    return [each.code for each in report.answer.reasons]


def records(members):
    return {name: json.loads(content) for name, content in members.items() if name.startswith("signing-requests/")}


def test_a_licence_brings_what_its_acceptance_rests_on(fresh, accepted):
    identifier, _ = accepted
    packed = fresh.archives.of_licence(identifier, reason=REASON)
    found, members = judged(fresh, packed), unpack(packed)
    assert (found.genuine, found.faults, found.files) == (Genuine.YES, (), 2)
    [licence] = json.loads(members[RECORD])["licences"]
    [version] = licence["versions"]
    declined, signed = version["acceptances"]
    assert (declined["attempt"], declined["accepted_sm3"], declined["file"]) == (1, None, None)
    assert sm3(members[signed["file"]]).hex() == signed["accepted_sm3"]
    assert signed["file"] in version["files"]
    told = records(members)
    assert set(told) == {declined["request"], signed["request"]}
    assert told[declined["request"]]["decline_reason"] == "资料有误"
    request = told[signed["request"]]
    assert request["documents"][0]["signed"]["member"] == signed["file"]
    entries = evidence_entries(request["evidence"])
    assert {each.get("kind") for each in entries} >= {None, "CRL"}
    for each in entries:
        kept = fresh.signing_requests.evidence(request["request_id"], each["sha256"]).content
        assert members[each["member"]] == kept
    named = {each["member"] for each in entries}
    assert found.evidence == len(named) + 1
    assert named == {name for name in members if name.startswith("evidence/")}


def test_an_enterprise_brings_what_whoever_exports_may_see(fresh, accepted, code):
    _, authority = accepted
    other = next(each for each in fresh.catalogue.load().authorities_by_code if each != authority)
    own = Actor(ActorKind.CLIENT, "own", "合同系统", ENTERPRISE_SCOPES, frozenset(), enterprise_code=code)
    ours = asked(fresh, code, authority, SignerRole.LICENCE_ADMINISTRATOR)
    theirs, itself = asked(fresh, code, other), asked(fresh, code, None, actor=own)
    sign_by_authorisation(fresh, code, ours)
    packed = fresh.archives.of_enterprise(code, reason=REASON)
    found, members = judged(fresh, packed), unpack(packed)
    assert (found.genuine, found.faults) == (Genuine.YES, ())
    told = {each["request_id"]: each for each in records(members).values()}
    assert set(told) > {ours.request_id, theirs.request_id, itself.request_id}
    listed = json.loads(members[RECORD])["signing_requests"]
    assert (listed["of_authorities"], set(listed["members"])) == (None, set(records(members)))
    assert told[itself.request_id]["own_system"] == "合同系统"
    [link] = told[ours.request_id]["evidence"]["authorisation"]["chain"]
    assert {each["member"] for each in evidence_entries(link["certificate"])} <= members.keys()
    assert told[ours.request_id]["documents"][0]["signed"]["member"] is None
    for request in (ours, theirs, itself):
        assert not any(request.token.encode() in content for content in members.values())
    # Whoever acts for one authority has what that one asked for, and says so.
    limited = replace(OPERATOR, authority_codes=frozenset({authority}))
    members = unpack(fresh.archives.of_enterprise(code, reason=REASON, actor=limited))
    seen = {each["request_id"] for each in records(members).values()}
    assert seen == set(told) - {theirs.request_id, itself.request_id}
    assert json.loads(members[RECORD])["signing_requests"]["of_authorities"] == [authority]


def test_what_a_record_names_cannot_be_left_out_or_exchanged(fresh, accepted):
    """Not even by whoever holds the key of lists."""
    identifier, _ = accepted
    members = unpack(fresh.archives.of_licence(identifier, reason=REASON))
    evidence = sorted(name for name in members if name.startswith("evidence/"))
    record = next(name for name, told in records(members).items() if told["evidence"])
    accepted_file = next(name for name in members if name.endswith("/accepted.pdf"))
    issued_file = accepted_file.replace("accepted", "licence")
    for name, content, code in (
        (evidence[0], None, "missing"),
        (evidence[0], members[evidence[1]], "altered"),
        (accepted_file, None, "missing"),
        (accepted_file, members[issued_file], "altered"),
        (record, b"{}", "undecided"),
    ):
        changed = {each: kept for each, kept in members.items() if each != name}
        if content is not None:
            changed[name] = content
        anew = signed_anew(fresh, changed)
        assert [(fault.member, fault.code) for fault in judged(fresh, anew).faults] == [(name, code)]
        assert reasons(fresh, anew) == [f"ARCHIVE_{code.upper()}"]
    # What the manifest tells already is not told again.
    without = {name: content for name, content in members.items() if name != evidence[0]}
    assert [(fault.member, fault.code) for fault in judged(fresh, pack(without)).faults] == [(evidence[0], "missing")]
    earlier = {name: content for name, content in members.items() if name not in {*evidence, *records(members)}}
    found = judged(fresh, signed_anew(fresh, earlier))
    assert (found.genuine, found.faults, found.evidence) == (Genuine.YES, (), 0)


def test_evidence_that_is_not_there_or_too_much(fresh, accepted, monkeypatch):
    identifier, _ = accepted
    [*_, view] = fresh.acceptances.of_licence(identifier)
    [certificate, *_] = view.request.evidence["certificates"]
    path = fresh.deps.files.local_path(certificate["sm3"], ".cer")
    content = path.read_bytes()
    path.unlink()
    with pytest.raises(StorageError):
        fresh.archives.of_licence(identifier, reason=REASON)
    path.write_bytes(content)
    with monkeypatch.context() as small:
        # The licence fills the package; when its paper is too much, nothing else is read.
        small.setattr("gateway.domain.archive_files.MOST_BYTES", 2 * len(fresh.licence_records.file(identifier)))
        small.setattr("gateway.services.archive_requests.evidence_file", None)
        with pytest.raises(OverLimitError, match="Too much"):
            fresh.archives.of_licence(identifier, reason=REASON)
    with fresh.deps.sessions.begin() as session:
        row = session.get(SigningRequest, view.request.request_id)
        of_before = [{"kind": "CRL", "issuer": "CN=a", "issued_at": "2026-01-01T00:00:00Z", "sha256": "00" * 32}]
        row.evidence = {**row.evidence, "revocation_data": of_before}
    packed = fresh.archives.of_licence(identifier, reason=REASON)
    assert judged(fresh, packed).genuine is Genuine.YES
    told = next(each for each in records(unpack(packed)).values() if each["evidence"])
    assert [each["member"] for each in told["evidence"]["revocation_data"]] == [None]
