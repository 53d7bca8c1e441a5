"""The holder accepts its licence with the electronic business licence: asked, signed by the phone's key, kept, verified."""

import json
from dataclasses import replace
from datetime import timedelta
from io import BytesIO

import numpy as np
import pikepdf
import pypdfium2
import pytest

from gateway.documents.licence_page import ACCEPTANCE_PLACE
from gateway.documents.pdf_writer import ACCEPTANCE_FIELD
from gateway.domain.actors import OPERATOR
from gateway.domain.human_report import human_report
from gateway.domain.signing_answers import AnswerForm, CertificateOffer, DocumentAnswer, SigningAnswer
from gateway.domain.signing_requests import SignerRole, SigningState
from gateway.domain.status import LicenceStatus
from gateway.elicence.cards import CardKind
from gateway.errors import ForbiddenError, NotFoundError, SignatureRefusedError, TransitionRefusedError
from gateway.services.status_changes import StatusDecision
from signing import sm2
from signing.cose import parse_sign1
from signing.pades import sign_prepared
from signing.pdf.reading import read_structure
from signing.pyhanko_writing import prepare_signature
from signing.signature_spec import SignatureSpec
from signing.validation.policy import PermittedChange
from signing.validation.policy_files import read_policy
from signing.validation.report import Changes
from tests.conftest import vector_lines
from tests.elicence import HOLDER, phone_at, trust_phones

APPLICATION = next(a for a in vector_lines("applications") if a["CYRSFZJHM"] == HOLDER) | {"YXQJSRQ": "长期"}


@pytest.fixture(scope="module")
def simulator(tmp_path_factory):
    return phone_at(tmp_path_factory.mktemp("elicence"), "http://127.0.0.1:1")


@pytest.fixture
def licence(fresh, simulator):
    """(gateway, identifier) of one licence of the holder."""
    simulator.cards.card(HOLDER)
    trust_phones(fresh, simulator)
    return fresh, fresh.licences.issue(APPLICATION).licence_identifier


def sign(container, simulator, view, code=HOLDER):
    """What the phone does, without HTTP."""
    key, token = simulator.cards.card(code).key, view.request.token
    sessions = container.signing_sessions
    sessions.present(token)
    shown = sessions.offer(token, CertificateOffer(key.certificate, SignerRole.LEGAL_REPRESENTATIVE, "林某某"))
    [document] = shown.documents
    value = DocumentAnswer(document.document_id, AnswerForm.RAW, sm2.sign(key.private, document.to_be_signed))
    return sessions.answer(token, SigningAnswer(key.certificate, (value,)))


def verified(container, data):
    return container.verifications.verify(data, "licence.pdf")


def test_the_holder_accepts_and_verification_says_issued_by_a_accepted_by_b(licence, simulator):
    container, identifier = licence
    asked = container.acceptances.ask(identifier)
    assert (asked.attempt, asked.newly_asked, asked.accepted_sm3) == (1, True, None)
    assert sign(container, simulator, asked).standing.state is SigningState.SIGNED
    issued, accepted = container.licence_records.file(identifier), container.acceptances.file(identifier).content
    assert accepted.startswith(issued)
    report = verified(container, accepted)
    assert (report.answer.genuine, report.answer.in_force) == ("yes", "yes")
    assert [r.code for r in report.answer.reasons] == ["GENUINE", "ACCEPTED_BY_HOLDER", "IN_FORCE"]
    assert [(s.kind, s.indication, s.level) for s in report.signatures] == [
        ("certification", "TOTAL-PASSED", "PAdES-B-T"),
        ("enterprise", "TOTAL-PASSED", "PAdES-B-T"),
    ]
    parties = report.parties
    assert parties.issued_by.name == "阳江市江城区市场监督管理局"
    assert (parties.accepted_by.name, parties.accepted_by.unified_social_credit_code) == (
        "阳江市江城区漠江泰和餐饮服务有限公司",
        HOLDER,
    )
    assert report.registry.licence_identifier == identifier


def test_the_issued_file_stays_verifiable_and_both_are_kept(licence, simulator):
    container, identifier = licence
    sign(container, simulator, container.acceptances.ask(identifier))
    report = verified(container, container.licence_records.file(identifier))
    assert (report.answer.genuine, report.answer.in_force) == ("yes", "yes")
    assert [r.code for r in report.answer.reasons] == ["GENUINE", "IN_FORCE"]
    assert (report.parties.issued_by.name, report.parties.accepted_by) == ("阳江市江城区市场监督管理局", None)
    [view] = container.acceptances.of_licence(identifier)
    files = [view.issued_sm3, view.accepted_sm3]
    assert files == [
        sm2.sm3(container.licence_records.file(identifier)).hex(),
        sm2.sm3(container.acceptances.file(identifier).content).hex(),
    ]
    public = container.licences.public_answer(identifier)
    assert (public.listed.genuine, public.acceptance.accepted_sm3) == ("yes", view.accepted_sm3)
    assert container.licence_records.get(identifier).accepted_sm3 == view.accepted_sm3


def test_a_kept_report_tells_the_parties_again(licence, simulator):
    container, identifier = licence
    sign(container, simulator, container.acceptances.ask(identifier))
    report = verified(container, container.acceptances.file(identifier).content)
    assert container.verifications.kept_report(report.report_number) == report


def test_asking_again_gives_the_request_that_is_open_or_was_signed(licence, simulator):
    container, identifier = licence
    first = container.acceptances.ask(identifier)
    again = container.acceptances.ask(identifier)
    assert (again.request.request_id, again.newly_asked) == (first.request.request_id, False)
    sign(container, simulator, first)
    assert container.acceptances.ask(identifier).accepted_sm3 is not None
    assert len(container.acceptances.of_licence(identifier)) == 1


def test_after_a_refusal_it_may_be_asked_anew(licence, simulator):
    container, identifier = licence
    first = container.acceptances.ask(identifier)
    container.signing_sessions.present(first.request.token)
    container.signing_sessions.decline(first.request.token, "资料有误")
    second = container.acceptances.ask(identifier)
    assert (second.attempt, second.newly_asked) == (2, True)
    sign(container, simulator, second)
    states = [each.request.standing.state for each in container.acceptances.of_licence(identifier)]
    assert states == [SigningState.DECLINED, SigningState.SIGNED]


def test_nothing_is_handed_out_before_it_is_accepted(licence):
    container, identifier = licence
    container.acceptances.ask(identifier)
    with pytest.raises(NotFoundError):
        container.acceptances.file(identifier)
    assert container.licences.public_answer(identifier).acceptance is None


def test_two_who_ask_at_once_get_one_request(licence, monkeypatch):
    container, identifier = licence
    create = container.signing_requests.create

    def meanwhile(order, **changes):
        monkeypatch.setattr(container.signing_requests, "create", create)
        container.acceptances.ask(identifier)
        return create(order, **changes)

    monkeypatch.setattr(container.signing_requests, "create", meanwhile)
    late = container.acceptances.ask(identifier)
    [kept] = container.acceptances.of_licence(identifier)
    assert (late.request.request_id, late.newly_asked) == (kept.request.request_id, False)


def test_what_has_ended_is_not_accepted(licence):
    container, identifier = licence
    container.status_changes.record(
        identifier, StatusDecision(LicenceStatus.REVOKED, legal_ground="行政许可法", reason="测试")
    )
    with pytest.raises(TransitionRefusedError):
        container.acceptances.ask(identifier)


def test_only_within_the_limits_of_the_caller(licence):
    container, identifier = licence
    stranger = replace(OPERATOR, authority_codes=frozenset({"11441702G00006660X"}))
    for call in (container.acceptances.ask, container.acceptances.of_licence, container.acceptances.file):
        with pytest.raises(ForbiddenError):
            call(identifier, actor=stranger)


def drawn(data):
    """Dark or red pixels where a holder's countersignature is seen, and everywhere else."""
    with pypdfium2.PdfDocument(data) as pdf:
        pdf.init_forms()
        page = np.asarray(pdf[0].render(scale=2, may_draw_forms=True).to_pil().convert("L")) < 170
    left, bottom, width, height = (side * 72 / 25.4 * 2 for side in ACCEPTANCE_PLACE)
    rows, columns = (
        slice(int(page.shape[0] - bottom - height), int(page.shape[0] - bottom)),
        slice(int(left), int(left + width)),
    )
    inside = int(page[rows, columns].sum())
    return inside, int(page.sum()) - inside


def test_the_countersignature_is_seen_in_its_place_and_nothing_else_changes(licence, simulator):
    container, identifier = licence
    sign(container, simulator, container.acceptances.ask(identifier))
    issued, accepted = container.licence_records.file(identifier), container.acceptances.file(identifier).content
    (before, around), (after, around_after) = drawn(issued), drawn(accepted)
    assert before == 0 and after > 2000
    assert around == around_after


def test_the_strict_policy_knows_the_countersignature_from_a_change(licence, simulator):
    container, identifier = licence
    sign(container, simulator, container.acceptances.ask(identifier))
    accepted, strict = container.acceptances.file(identifier).content, read_policy("strict")
    changes = [f.changes for f in read_structure(accepted, strict.limits, strict.permitted_changes).fields]
    assert changes == [Changes.PERMITTED, Changes.NONE]
    # Without the certification's word the same signature is a change like any other.
    bare = strict.permitted_changes - {PermittedChange.SIGNATURES_IN_CERTIFIED_FIELDS}
    assert read_structure(accepted, strict.limits, bare).fields[0].changes is Changes.FORBIDDEN


def test_a_field_without_a_size_is_signed_unseen(licence, simulator, monkeypatch):
    """Files of the release before: the field is certified as it is, and making it larger would change the page."""
    container, _ = licence
    with monkeypatch.context() as earlier:
        earlier.setattr("gateway.documents.licence_page.ACCEPTANCE_PLACE", (0.0, 0.0, 0.0, 0.0))
        other = APPLICATION | {"ZZHM": "JY14417000099999"}
        identifier = container.licences.issue(other).licence_identifier
    sign(container, simulator, container.acceptances.ask(identifier))
    report = verified(container, container.acceptances.file(identifier).content)
    assert [r.code for r in report.answer.reasons] == ["GENUINE", "ACCEPTED_BY_HOLDER", "IN_FORCE"]


def test_a_file_without_a_place_is_accepted_by_a_statement_beside_it(fresh, simulator, monkeypatch):
    """Files of earlier releases are certified without any field, at level 1: no further signature is permitted in them."""
    with monkeypatch.context() as earlier:
        earlier.setattr("gateway.documents.pdf_writer._empty_fields", lambda _: ())
        identifier = fresh.licences.issue(APPLICATION).licence_identifier
    simulator.cards.card(HOLDER)
    trust_phones(fresh, simulator)
    asked = fresh.acceptances.ask(identifier)
    assert (asked.form, [d.form for d in asked.request.documents]) == ("statement", ["json"])
    sign(fresh, simulator, asked)
    accepted, issued = fresh.acceptances.file(identifier), fresh.licence_records.file(identifier)
    assert accepted.media_type.startswith("application/cose")
    assert json.loads(parse_sign1(accepted.content).payload)["electronic_sm3"] == sm2.sm3(issued).hex()
    assert fresh.licences.public_answer(identifier).acceptance.form == "statement"
    report = verified(fresh, issued)
    assert [r.code for r in report.answer.reasons] == ["GENUINE", "ACCEPTED_BY_STATEMENT", "IN_FORCE"]
    assert report.parties.accepted_by.unified_social_credit_code == HOLDER
    assert fresh.verifications.kept_report(report.report_number) == report
    # A statement that was altered in storage accepts nothing.
    [view] = fresh.acceptances.of_licence(identifier)
    [stored] = (fresh.settings.data_dir / "files").rglob(f"{view.accepted_sm3}*")
    stored.chmod(0o600)
    stored.write_bytes(accepted.content[:-1] + bytes([accepted.content[-1] ^ 1]))
    report = verified(fresh, issued)
    assert [r.code for r in report.answer.reasons] == ["GENUINE", "IN_FORCE"]


def refused(call, *arguments):
    with pytest.raises(SignatureRefusedError) as caught:
        call(*arguments)
    (error,) = caught.value.errors
    return error.code


def answer_of(container, simulator, view, *, spoil=lambda value: value, user_id=sm2.DEFAULT_ID):
    """The answer of the holder's phone to an acceptance, before it is posted."""
    key = simulator.cards.card(HOLDER).key
    offer = CertificateOffer(key.certificate, SignerRole.LEGAL_REPRESENTATIVE, "林某某")
    [document] = container.signing_sessions.offer(view.request.token, offer).documents
    value = spoil(sm2.sign(key.private, document.to_be_signed, signer_id=user_id))
    return SigningAnswer(key.certificate, (DocumentAnswer(document.document_id, AnswerForm.RAW, value),))


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (CardKind.GOOD, "WRONG_ENTERPRISE"),
        (CardKind.EXPIRED, "CERTIFICATE_EXPIRED"),
        (CardKind.REVOKED, "CERTIFICATE_REVOKED"),
        (CardKind.TWO_CODES, "CREDIT_CODES_DIFFER"),
    ],
)
def test_cards_that_accept_nothing(licence, simulator, kind, code):
    container, identifier = licence
    holder = simulator.cards.other(HOLDER) if kind is CardKind.GOOD else HOLDER
    certificate = simulator.cards.card(holder, kind).certificate
    trust_phones(container, simulator)
    token = container.acceptances.ask(identifier).request.token
    offer = CertificateOffer(certificate, SignerRole.LEGAL_REPRESENTATIVE, "林某某")
    assert refused(container.signing_sessions.offer, token, offer) == code
    assert container.licences.public_answer(identifier).acceptance is None


def test_signatures_that_accept_nothing(licence, simulator):
    """Malformed, under another user ID, over another licence, used before: each says why, and the holder still accepts."""
    container, identifier = licence
    other = container.licences.issue(APPLICATION | {"ZZHM": "JY14417000099999"}).licence_identifier
    one, two = (container.acceptances.ask(each) for each in (identifier, other))
    theirs, post = answer_of(container, simulator, two), container.signing_sessions.answer
    malformed = answer_of(container, simulator, one, spoil=lambda value: value + b"\0")
    assert refused(post, one.request.token, malformed) == "MALFORMED_SIGNATURE"
    foreign = answer_of(container, simulator, one, user_id=b"ALICE123@YAHOO.COM")
    assert refused(post, one.request.token, foreign) == "WRONG_USER_ID"
    assert refused(post, one.request.token, theirs) == "OTHER_DIGEST"
    assert post(two.request.token, theirs).standing.state is SigningState.SIGNED
    assert refused(post, one.request.token, theirs) == "REPLAYED"
    assert sign(container, simulator, one).standing.state is SigningState.SIGNED


def test_an_acceptance_after_the_end_or_over_an_altered_file(licence, simulator):
    container, identifier = licence
    asked = container.acceptances.ask(identifier)
    answer = answer_of(container, simulator, asked)
    late = type(container)(container.settings, clock=lambda: container.clock() + timedelta(hours=2))
    assert refused(late.signing_sessions.answer, asked.request.token, answer) == "REQUEST_EXPIRED"
    late.deps.engine.dispose()
    again = container.acceptances.ask(identifier)
    answer = answer_of(container, simulator, again)
    path = container.deps.files.local_path(again.request.documents[0].sm3, ".pdf")
    path.chmod(0o600)
    path.write_bytes(path.read_bytes().replace(b"HolderAcceptance", b"HolderAcceptancE"))
    assert refused(container.signing_sessions.answer, again.request.token, answer) == "DOCUMENT_ALTERED"
    assert container.licences.public_answer(identifier).acceptance is None


def enterprise_signed(container, simulator, code, data=None):
    """What anyone may make of a licence file with an electronic business licence, without asking us."""
    spec = SignatureSpec(claimed_at=container.clock(), field_name=ACCEPTANCE_FIELD)
    return sign_prepared(
        prepare_signature(data, spec), simulator.cards.card(code).key, timestamps=container.deps.timestamps
    )


def test_another_enterprise_in_the_holders_place_accepts_nothing(licence, simulator):
    container, identifier = licence
    other = simulator.cards.other(HOLDER)
    file = enterprise_signed(container, simulator, other, container.licence_records.file(identifier))
    report = verified(container, file)
    assert [s.indication for s in report.signatures] == ["TOTAL-PASSED", "TOTAL-PASSED"]
    assert report.answer.genuine == "unknown"
    assert report.answer.reasons[0].code == "SIGNED_BY_ANOTHER_ENTERPRISE"
    assert report.parties.accepted_by is None


def test_an_enterprise_alone_makes_no_licence(licence, simulator):
    """A forged face with the attachment of a real licence, signed by a real enterprise, and by no authority."""
    container, identifier = licence
    with pikepdf.open(BytesIO(container.licence_records.file(identifier))) as pdf:
        del pdf.Root.AcroForm
        del pdf.Root.Perms
        del pdf.pages[0].Annots
        buffer = BytesIO()
        pdf.save(buffer)
    file = enterprise_signed(container, simulator, HOLDER, buffer.getvalue())
    report = verified(container, file)
    assert [(s.kind, s.indication) for s in report.signatures] == [("enterprise", "TOTAL-PASSED")]
    assert report.answer.genuine == "unknown"
    assert report.answer.reasons[0].code == "NOT_SIGNED_BY_AUTHORITY"
    assert (report.parties.issued_by, report.parties.accepted_by) == (None, None)


def test_the_report_for_people_names_both(licence, simulator):
    container, identifier = licence
    sign(container, simulator, container.acceptances.ask(identifier))
    told = human_report(verified(container, container.acceptances.file(identifier).content))
    facts = {fact.label.en: fact.text for fact in told.document}
    assert facts["Issued by"].zh.startswith("阳江市江城区市场监督管理局")
    assert facts["Accepted by"].en.endswith(HOLDER)
    assert "持证主体已签收" in told.sentence.zh and "accepted by its holder" in told.sentence.en
