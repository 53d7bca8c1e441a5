"""Each way in which an answer to a signing request does not hold has its own reason, on both databases."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain.signing_answers import AnswerForm, DocumentAnswer
from gateway.domain.signing_orders import DocumentOrder, SignaturePlace, SigningOrder
from gateway.domain.signing_reasons import SigningReason
from gateway.domain.signing_requests import MOST_REFUSALS, DocumentForm, SignerRole, SigningState
from gateway.errors import (
    ConflictError,
    NotFoundError,
    RevocationUnknownError,
    SignatureRefusedError,
    TransitionRefusedError,
    ValidationFailedError,
)
from gateway.persistence.models import Enterprise
from gateway.services.installation import LICENCE_ROOT_KEY
from gateway.services.signing_forms import SUFFIXES
from signing import sm2
from signing.cms import assemble, signed_attributes
from signing.deferred import RemoteKey
from signing.keys import SignatureAlgorithm
from tests.phones import ROLE, new_phone, phone_of
from tests.pki import DAY
from tests.unit.services.test_binding import revoke
from tests.unit.services.test_holder_certificates import openssl_certificate
from tests.unit.services.test_signing_requests import actions
from tests.unit.signing.pki import plain_pdf

BYTES = b"a drawing"


@pytest.fixture
def codes(applications):
    """Two enterprises with an electronic business licence."""
    return list(dict.fromkeys(a["CYRSFZJHM"] for a in applications))[:2]


@pytest.fixture
def make(fresh, codes):
    """Makes a request for the first enterprise."""
    department = next(iter(fresh.catalogue.load().authorities_by_code))

    def ask(*documents, code=codes[0]):
        documents = documents or (DocumentOrder("图纸", DocumentForm.BYTES, BYTES),)
        return fresh.signing_requests.create(SigningOrder(code, "申请", ROLE, documents, department_code=department))

    return ask


@pytest.fixture
def phone(fresh, codes):
    return phone_of(fresh, codes[0])


def reason(call, *arguments):
    with pytest.raises(SignatureRefusedError) as caught:
        call(*arguments)
    (error,) = caught.value.errors
    return error.code


def offered(container, request, phone):
    """The request with what this phone is to sign."""
    return container.signing_sessions.offer(request.token, phone.offer())


def at(container, later):
    """The same gateway at another time."""
    moved = type(container)(container.settings, clock=lambda: container.clock() + later)
    moved.deps.__dict__["engine"] = container.deps.engine
    return moved


def test_the_certificate_of_another_enterprise(fresh, make, codes, phone):
    request, stranger = make(), phone_of(fresh, codes[1])
    assert reason(fresh.signing_sessions.offer, request.token, stranger.offer()) == "WRONG_ENTERPRISE"
    answer = stranger.answer(offered(fresh, request, phone))
    assert reason(fresh.signing_sessions.answer, request.token, answer) == "WRONG_ENTERPRISE"
    # The stranger did no harm: the enterprise itself still signs.
    assert phone.sign(fresh, request.token).standing.state is SigningState.SIGNED


def test_an_expired_certificate_and_one_of_tomorrow(fresh, make, codes):
    old = new_phone(fresh, codes[0], since=-40 * DAY, days=30)
    assert reason(fresh.signing_sessions.offer, make().token, old.offer()) == "CERTIFICATE_EXPIRED"
    early = new_phone(fresh, codes[0], since=DAY)
    assert reason(fresh.signing_sessions.offer, make().token, early.offer()) == "CERTIFICATE_NOT_YET_VALID"


def test_a_certificate_that_is_revoked_while_the_request_is_open(fresh, make, codes, phone):
    request = make()
    answer = phone.answer(offered(fresh, request, phone))
    revoke(fresh, codes[0])
    moved = at(fresh, timedelta(seconds=2))
    assert reason(moved.signing_sessions.answer, request.token, answer) == "CERTIFICATE_REVOKED"


def test_unknown_revocation_is_no_refusal(fresh, make, phone):
    request = make()
    answer = phone.answer(offered(fresh, request, phone))
    (fresh.deps.trust_dir / "crls" / f"{LICENCE_ROOT_KEY}.crl").unlink()
    moved = at(fresh, timedelta(seconds=2))
    with pytest.raises(RevocationUnknownError):
        moved.signing_sessions.answer(request.token, answer)
    assert moved.signing_requests.show(request.request_id).refusals == 0


def test_two_credit_codes_that_differ(fresh, make, codes, phone, tmp_path):
    """Our own CA makes no such certificate; that of OpenSSL is looked at before it is asked who issued it."""
    two = openssl_certificate(tmp_path, f"/CN={codes[1]} Co. Ltd./serialNumber={codes[0]}")
    offer = replace(phone.offer(), certificate=two)
    assert reason(fresh.signing_sessions.offer, make().token, offer) == "CREDIT_CODES_DIFFER"
    request = make()
    answer = replace(phone.answer(offered(fresh, request, phone)), certificate=two)
    assert reason(fresh.signing_sessions.answer, request.token, answer) == "CREDIT_CODES_DIFFER"


def test_an_enterprise_that_was_cancelled(fresh, make, codes, phone):
    request = make()
    answer = phone.answer(offered(fresh, request, phone))
    with fresh.deps.sessions.begin() as session:
        session.get_one(Enterprise, codes[0]).registration_status = "cancelled"
    assert reason(fresh.signing_sessions.answer, request.token, answer) == "ENTERPRISE_CANCELLED"
    with pytest.raises(ValidationFailedError) as refused:
        make()
    assert [(each.field, each.code) for each in refused.value.errors] == [("enterprise_code", "ENTERPRISE_CANCELLED")]


def test_another_role(fresh, make, phone):
    offer = phone.offer(SignerRole.HANDLING_PERSON)
    assert reason(fresh.signing_sessions.offer, make().token, offer) == "WRONG_ROLE"


@pytest.mark.parametrize("form", list(DocumentForm))
def test_the_digest_of_another_request(fresh, make, phone, form):
    contents = {DocumentForm.PDF: plain_pdf(), DocumentForm.JSON: b"{}", DocumentForm.BYTES: BYTES}
    one, other = (make(DocumentOrder("文件", form, contents[form])) for _ in range(2))
    theirs = offered(fresh, other, phone)
    offered(fresh, one, phone)
    assert reason(fresh.signing_sessions.answer, one.token, phone.answer(theirs)) == "OTHER_DIGEST"


def test_a_signature_that_was_used_before(fresh, make, phone):
    first, second = make(), make()
    used = phone.answer(offered(fresh, first, phone))
    assert fresh.signing_sessions.answer(first.token, used).standing.state is SigningState.SIGNED
    offered(fresh, second, phone)
    assert reason(fresh.signing_sessions.answer, second.token, used) == "REPLAYED"
    # Written as r || s it is the same signature.
    (value,) = used.signatures
    raw = replace(used, signatures=(replace(value, value=sm2.signature_to_raw(value.value)),))
    assert reason(fresh.signing_sessions.answer, second.token, raw) == "REPLAYED"


def test_one_value_for_two_documents(fresh, make, phone):
    request = make(*(DocumentOrder(title, DocumentForm.BYTES, BYTES) for title in "甲乙"))
    answer = phone.answer(offered(fresh, request, phone))
    one = answer.signatures[0]
    twice = replace(answer, signatures=(one, replace(one, document_id="2")))
    assert reason(fresh.signing_sessions.answer, request.token, twice) == "OTHER_DIGEST"


def test_after_the_end(fresh, make, phone):
    request = make()
    answer = phone.answer(offered(fresh, request, phone))
    late = at(fresh, timedelta(hours=2))
    assert reason(late.signing_sessions.answer, request.token, answer) == "REQUEST_EXPIRED"
    assert late.signing_requests.show(request.request_id).standing.state is SigningState.EXPIRED
    assert "signing_request_expired" in actions(fresh, request.request_id)
    with pytest.raises(TransitionRefusedError):
        fresh.signing_sessions.decline(request.token, "")


@pytest.mark.parametrize("form", list(DocumentForm))
def test_a_document_that_was_altered_in_storage(fresh, make, phone, form):
    contents = {DocumentForm.PDF: plain_pdf(), DocumentForm.JSON: b'{"a":1}', DocumentForm.BYTES: BYTES}
    request = make(DocumentOrder("文件", form, contents[form]))
    view = offered(fresh, request, phone)
    path = fresh.deps.files.local_path(view.documents[0].sm3, SUFFIXES[form])
    path.write_bytes(path.read_bytes().replace(b"1", b"2") + b" ")
    assert reason(fresh.signing_sessions.answer, request.token, phone.answer(view)) == "DOCUMENT_ALTERED"
    standing = fresh.signing_requests.show(request.request_id).standing
    assert (standing.state, standing.reason_code) == (SigningState.FAILED, "DOCUMENT_ALTERED")


def test_another_user_id(fresh, make, codes):
    """Those that are usual, that the request or the certificate suggest, and that a connector is known for."""
    request, phone = make(), new_phone(fresh, codes[0])
    view, private = offered(fresh, request, phone), phone.key.private
    answer = lambda user_id: phone.answer(view, sign=lambda m: sm2.sign(private, m, signer_id=user_id))  # noqa: E731
    for user_id in (b"", b"ALICE123@YAHOO.COM", b"8765432187654321", codes[0].encode(), "某某有限公司".encode()):
        assert reason(fresh.signing_sessions.answer, request.token, answer(user_id)) == "WRONG_USER_ID"
    assert reason(fresh.signing_sessions.answer, request.token, answer(b"of-the-vendor")) == "SIGNATURE_WRONG"
    known = replace(answer(b"of-the-vendor"), foreign_user_ids=("of-the-vendor",))
    assert reason(fresh.signing_sessions.answer, request.token, known) == "WRONG_USER_ID"


def test_a_digest_without_key_and_user_id(fresh, make, codes):
    request, phone = make(), new_phone(fresh, codes[0])
    view = offered(fresh, request, phone)
    answer = phone.answer(view, sign=lambda m: sm2.backend().sign_digest(phone.key.private, sm2.sm3(m)))
    assert reason(fresh.signing_sessions.answer, request.token, answer) == "WRONG_USER_ID"


@pytest.mark.parametrize(
    "break_it",
    [
        lambda value: b"",
        lambda value: value[:-1],
        lambda value: value + b"\0",
        lambda value: b"\x30\x81" + value[1:],
        lambda value: bytes(64),
        lambda value: bytes.fromhex("3006020100020101"),
    ],
    ids=["empty", "cut", "trailing", "long length", "zero scalars", "r is zero"],
)
def test_malformed_der(fresh, make, phone, break_it):
    request = make()
    view = offered(fresh, request, phone)
    answer = phone.answer(view, sign=lambda message: break_it(phone.key.sign(message)))
    assert reason(fresh.signing_sessions.answer, request.token, answer) == "MALFORMED_SIGNATURE"


def test_a_value_that_fits_nothing(fresh, make, phone):
    request = make()
    view = offered(fresh, request, phone)
    answer = phone.answer(view, sign=lambda message: phone.key.sign(message + b"!"))
    assert reason(fresh.signing_sessions.answer, request.token, answer) == "SIGNATURE_WRONG"


def test_whoever_goes_on_guessing_ends_the_request(fresh, make, phone):
    request = make()
    view = offered(fresh, request, phone)
    for _ in range(MOST_REFUSALS):
        answer = phone.answer(view, sign=lambda message: phone.key.sign(message + b"!"))
        assert reason(fresh.signing_sessions.answer, request.token, answer) == "SIGNATURE_WRONG"
    standing = fresh.signing_requests.show(request.request_id).standing
    assert (standing.state, standing.reason_code) == (SigningState.FAILED, SigningReason.TOO_MANY_REFUSALS)
    with pytest.raises(ConflictError):
        fresh.signing_sessions.answer(request.token, phone.answer(view))
    assert actions(fresh, request.request_id).count("signing_answer_refused") == MOST_REFUSALS


def cms_answer(phone, view, attributes):
    """The answer as a CMS that the app made itself."""
    key = RemoteKey(SignatureAlgorithm.SM2_WITH_SM3, phone.key.certificate)
    cms = assemble(attributes=attributes, signature=phone.key.sign(attributes), key=key)
    answer = phone.answer(view)
    return replace(answer, signatures=(DocumentAnswer("1", AnswerForm.CMS, cms),))


def test_a_cms_that_the_app_made(fresh, make, phone):
    request = make(DocumentOrder("承诺书", DocumentForm.PDF, plain_pdf(), place=SignaturePlace(1, 3, 20)))
    view = offered(fresh, request, phone)
    answer = cms_answer(phone, view, view.documents[0].to_be_signed)
    assert fresh.signing_sessions.answer(request.token, answer).standing.state is SigningState.SIGNED


def test_a_cms_over_something_else(fresh, make, phone):
    request = make()
    view = offered(fresh, request, phone)
    for digest in (sm2.sm3(b"other"), sm2.sm3(BYTES)):
        # The second has the right digest and names no request: it could be from anywhere.
        attributes = signed_attributes(message_digest=digest, key=phone.key)
        assert (
            reason(fresh.signing_sessions.answer, request.token, cms_answer(phone, view, attributes)) == "OTHER_DIGEST"
        )
    broken = replace(phone.answer(view), signatures=(DocumentAnswer("1", AnswerForm.CMS, b"\x30\x00"),))
    assert reason(fresh.signing_sessions.answer, request.token, broken) == "MALFORMED_SIGNATURE"


def test_the_code_shows_nothing_any_more_when_the_request_was_over_long_ago(fresh, make, phone):
    request = make()
    phone.sign(fresh, request.token)
    assert at(fresh, timedelta(days=6)).signing_sessions.document(request.token, "1").content == BYTES
    late = at(fresh, timedelta(days=8)).signing_sessions
    for look in (
        late.glance,
        late.present,
        lambda token: late.document(token, "1"),
        lambda token: late.decline(token, ""),
    ):
        with pytest.raises(NotFoundError):
            look(request.token)
    assert at(fresh, timedelta(days=8)).signing_requests.signed(request.request_id, "1").content


def test_signatures_are_taken_together_or_not_at_all(fresh, make, phone):
    request = make(*(DocumentOrder(title, DocumentForm.BYTES, title.encode()) for title in "甲乙"))
    answer = phone.answer(offered(fresh, request, phone))
    for wrong in (answer.signatures[:1], answer.signatures * 2):
        with pytest.raises(ValidationFailedError):
            fresh.signing_sessions.answer(request.token, replace(answer, signatures=wrong))
    in_another_order = replace(answer, signatures=answer.signatures[::-1])
    signed = fresh.signing_sessions.answer(request.token, in_another_order)
    assert signed.standing.state is SigningState.SIGNED
    assert fresh.signing_sessions.answer(request.token, answer).standing == signed.standing


def test_another_answer_after_the_first_one_is_a_conflict(fresh, make, phone):
    request = make()
    view = offered(fresh, request, phone)
    fresh.signing_sessions.answer(request.token, phone.answer(view))
    with pytest.raises(ConflictError):
        fresh.signing_sessions.answer(request.token, phone.answer(view))


def test_a_certificate_that_was_not_offered(fresh, make, codes, phone):
    request = make()
    view = offered(fresh, request, phone)
    renewed = new_phone(fresh, codes[0])
    with pytest.raises(ConflictError):
        fresh.signing_sessions.answer(request.token, renewed.answer(view))
    # The newer one may take over before anything is signed.
    assert renewed.sign(fresh, request.token).standing.state is SigningState.SIGNED


def test_what_cannot_be_signed_is_refused_when_it_is_asked(make):
    for document in (
        DocumentOrder("坏", DocumentForm.PDF, b"%PDF-1.7 nothing"),
        DocumentOrder("坏", DocumentForm.JSON, b'{"a":1,"a":2}'),
        DocumentOrder("外", DocumentForm.PDF, plain_pdf(), place=SignaturePlace(1, 500, 20)),
        DocumentOrder("位", DocumentForm.BYTES, BYTES, place=SignaturePlace(1, 5, 5)),
        DocumentOrder("", DocumentForm.BYTES, BYTES),
        DocumentOrder("空", DocumentForm.BYTES, b""),
    ):
        with pytest.raises(ValidationFailedError) as caught:
            make(document)
        assert caught.value.errors[0].pointer.startswith("/documents/0/")
