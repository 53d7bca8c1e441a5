"""The shortest way to each verdict: one defect a function, made with our own signer. The whole table is in ``tests/corpus``."""

import re

import pytest

from certs.profiles import ISSUING_CA, TIMESTAMPING_UNIT
from signing.cms import assemble, build_signed_data, signed_attributes
from signing.errors import MalformedDataError, SigningError
from signing.pades import document_digest, embed, sign_prepared
from signing.pyhanko_adapter import sign_with_pyhanko
from signing.sm2 import sm3
from signing.validation.cms_reading import parse_cms, strip_padding
from signing.validation.policy import Revocation
from signing.validation.process import validate_certificate, validate_pdf
from signing.validation.report import Conclusion, Indication, SubIndication
from tests.pki import CREDIT_CODE, DAY, ELECTRONIC_BUSINESS_LICENCE, NOW, make_pki, make_stranger
from tests.unit.signing.pki import plain_pdf, prepared_pdf

PASSED, OPEN, FAILED = Indication.TOTAL_PASSED, Indication.INDETERMINATE, Indication.TOTAL_FAILED


class Case:
    """What one defect is given: a fresh PKI, a signer, a document."""

    def __init__(self):
        self.pki = make_pki()
        self.at = NOW
        self.policy = None

    def signed(self, key=None, unit=None):
        return sign_prepared(prepared_pdf(), key or self.pki.leaf(), timestamps=unit)

    def judge(self, document):
        report = validate_pdf(document, self.policy or self.pki.policy(), at=self.at).signatures[0]
        return report.indication, report.sub_indication, report.level


def untouched(case):
    return case.signed()


def with_time_stamp(case):
    return case.signed(unit=case.pki.unit())


def content_byte_changed(case):
    document = case.signed()
    at = document.index(b"/MediaBox") + 12
    return document[:at] + b"9" + document[at + 1 :]


def signature_value_changed(case):
    prepared, key = prepared_pdf(), case.pki.leaf()
    attributes = signed_attributes(message_digest=document_digest(prepared, "1.2.156.10197.1.401"), key=key)
    return embed(prepared, assemble(attributes=attributes, signature=key.sign(attributes + b"x"), key=key))


def attributes_of_another_document(case):
    prepared = prepared_pdf()
    return embed(prepared, build_signed_data(message_digest=sm3(b"another"), key=case.pki.leaf()))


def trailing_junk(case):
    return case.signed() + b"\n% more\n"


def objects_appended_without_xref(case):
    document = case.signed()
    tail = document[document.rindex(b"startxref") :]
    return document + b"3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>\nendobj\n" + tail


def page_replaced_by_update(case):
    document = case.signed()
    start = document.rindex(b"startxref") + 10
    previous = int(document[start : document.index(b"\n", start)])
    body = b"3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 999 999]/Annots[4 0 R]>>\nendobj\n"
    xref = len(document) + len(body)
    return (
        document
        + body
        + b"xref\n3 1\n%010d 00000 n \ntrailer\n<</Size 6/Root 1 0 R/Prev %d>>\n" % (len(document), previous)
        + b"startxref\n%d\n%%%%EOF\n" % xref
    )


def byte_range_leaves_a_hole(case):
    prepared, key = prepared_pdf(), case.pki.leaf()
    document = sign_prepared(prepared, key)
    numbers = re.search(rb"/ByteRange\s*\[\s*0\s+(\d+)\s+(\d+)\s+(\d+)", document)
    moved = str(int(numbers[2]) + 40).encode().rjust(len(numbers[2]))
    return document[: numbers.start(2)] + moved[: len(numbers[2])] + document[numbers.end(2) :]


def two_signer_infos(case):
    prepared, key = prepared_pdf(), case.pki.leaf()
    cms = build_signed_data(message_digest=document_digest(prepared, "1.2.156.10197.1.401"), key=key)
    return embed(prepared, _with_second_signer(cms))


def _with_second_signer(cms):
    from asn1crypto import cms as asn1_cms

    info = asn1_cms.ContentInfo.load(cms)
    signers = info["content"]["signer_infos"]
    signers.append(signers[0].copy())
    return info.dump(force=True)


def no_certificate(case):
    prepared, key = prepared_pdf(), case.pki.leaf()
    digest = document_digest(prepared, "1.2.156.10197.1.401")
    return embed(prepared, build_signed_data(message_digest=digest, key=key, with_certificates=False))


def trailing_bytes_in_the_contents(case):
    prepared, key = prepared_pdf(), case.pki.leaf()
    cms = build_signed_data(message_digest=document_digest(prepared, "1.2.156.10197.1.401"), key=key)
    return embed(prepared, cms + b"\x00\x00\x01")


def unknown_kind_of_signature(case):
    return case.signed().replace(b"/ETSI.CAdES.detached", b"/GM.sm9cms.detached ")


def untrusted_root(case):
    return case.signed(make_stranger().leaf())


def certificate_without_right_to_sign(case):
    return case.signed(case.pki.leaf(ISSUING_CA, issuer=case.pki.root))


def time_stamping_certificate_signs(case):
    return case.signed(case.pki.leaf(TIMESTAMPING_UNIT))


def certificate_under_a_leaf(case):
    return case.signed(_under(case.pki.leaf(), case.pki))


def _under(issuer, pki):
    return pki.leaf(issuer=issuer)


def no_revocation_list(case):
    case.policy = case.pki.policy(crls=())
    return case.signed()


def no_revocation_list_and_none_required(case):
    case.policy = case.pki.policy(crls=(), revocation=Revocation.IF_AVAILABLE)
    return case.signed()


def stale_revocation_list(case):
    case.policy = case.pki.policy(crls=case.pki.crls(this_update=NOW - 9 * DAY, next_update=NOW - DAY))
    return case.signed()


def revocation_list_of_a_stranger(case):
    case.policy = case.pki.policy(crls=make_stranger().crls())
    return case.signed()


def revoked(case):
    key = case.pki.leaf()
    case.pki.revoke(key, NOW - DAY)
    return case.signed(key)


def revoked_before_the_time_stamp(case):
    key = case.pki.leaf()
    case.pki.revoke(key, NOW - 3 * DAY)
    return case.signed(key, case.pki.unit(NOW - 2 * DAY))


def revoked_after_the_time_stamp(case):
    key = case.pki.leaf()
    case.pki.revoke(key, NOW - DAY)
    return case.signed(key, case.pki.unit(NOW - 2 * DAY))


def expired_without_time_stamp(case):
    return case.signed(case.pki.leaf(until=-DAY))


def expired_after_the_time_stamp(case):
    return case.signed(case.pki.leaf(until=-DAY), case.pki.unit(NOW - 2 * DAY))


def expired_before_the_time_stamp(case):
    return case.signed(case.pki.leaf(until=-2 * DAY), case.pki.unit(NOW - DAY))


def not_yet_valid(case):
    return case.signed(case.pki.leaf(since=DAY))


def time_stamp_over_something_else(case):
    unit = case.pki.unit()
    prepared, key = prepared_pdf(), case.pki.leaf()
    digest = document_digest(prepared, "1.2.156.10197.1.401")
    return embed(prepared, build_signed_data(message_digest=digest, key=key, timestamp=lambda _: unit.stamp(bytes(32))))


def time_stamp_of_a_stranger(case):
    return case.signed(unit=make_stranger().unit())


def time_stamp_by_a_seal_certificate(case):
    from certs.tsa import TimestampingUnit

    return case.signed(unit=TimestampingUnit(case.pki.leaf(), policy_oid="1.2.3", clock=lambda: NOW))


def time_stamp_of_the_future(case):
    return case.signed(unit=case.pki.unit(NOW + DAY))


def signed_by_stock_pyhanko(case):
    return sign_with_pyhanko(plain_pdf(), case.pki.leaf(), field_name="Sig1", timestamps=None)


TABLE = {
    untouched: (PASSED, None, "PAdES-B-B"),
    with_time_stamp: (PASSED, None, "PAdES-B-T"),
    signed_by_stock_pyhanko: (PASSED, None, "PAdES-B-B"),
    content_byte_changed: (FAILED, SubIndication.HASH_FAILURE, "PAdES-B-B"),
    signature_value_changed: (FAILED, SubIndication.SIG_CRYPTO_FAILURE, "PAdES-B-B"),
    attributes_of_another_document: (FAILED, SubIndication.HASH_FAILURE, "PAdES-B-B"),
    trailing_junk: (FAILED, SubIndication.HASH_FAILURE, "PAdES-B-B"),
    objects_appended_without_xref: (FAILED, SubIndication.HASH_FAILURE, "PAdES-B-B"),
    page_replaced_by_update: (FAILED, SubIndication.HASH_FAILURE, "PAdES-B-B"),
    byte_range_leaves_a_hole: (FAILED, SubIndication.FORMAT_FAILURE, "PAdES-B-B"),
    two_signer_infos: (FAILED, SubIndication.FORMAT_FAILURE, ""),
    no_certificate: (OPEN, SubIndication.NO_SIGNING_CERTIFICATE_FOUND, "PAdES-B-B"),
    trailing_bytes_in_the_contents: (FAILED, SubIndication.FORMAT_FAILURE, ""),
    unknown_kind_of_signature: (OPEN, SubIndication.CUSTOM, ""),
    untrusted_root: (OPEN, SubIndication.NO_CERTIFICATE_CHAIN_FOUND, "PAdES-B-B"),
    certificate_without_right_to_sign: (OPEN, SubIndication.CHAIN_CONSTRAINTS_FAILURE, "PAdES-B-B"),
    time_stamping_certificate_signs: (OPEN, SubIndication.CHAIN_CONSTRAINTS_FAILURE, "PAdES-B-B"),
    certificate_under_a_leaf: (OPEN, SubIndication.CHAIN_CONSTRAINTS_FAILURE, "PAdES-B-B"),
    no_revocation_list: (OPEN, SubIndication.TRY_LATER, "PAdES-B-B"),
    no_revocation_list_and_none_required: (PASSED, None, "PAdES-B-B"),
    stale_revocation_list: (OPEN, SubIndication.TRY_LATER, "PAdES-B-B"),
    revocation_list_of_a_stranger: (OPEN, SubIndication.TRY_LATER, "PAdES-B-B"),
    revoked: (OPEN, SubIndication.REVOKED_NO_POE, "PAdES-B-B"),
    revoked_before_the_time_stamp: (OPEN, SubIndication.REVOKED_NO_POE, "PAdES-B-T"),
    revoked_after_the_time_stamp: (PASSED, None, "PAdES-B-T"),
    expired_without_time_stamp: (OPEN, SubIndication.OUT_OF_BOUNDS_NO_POE, "PAdES-B-B"),
    expired_after_the_time_stamp: (PASSED, None, "PAdES-B-T"),
    expired_before_the_time_stamp: (OPEN, SubIndication.OUT_OF_BOUNDS_NO_POE, "PAdES-B-T"),
    not_yet_valid: (OPEN, SubIndication.OUT_OF_BOUNDS_NO_POE, "PAdES-B-B"),
    time_stamp_over_something_else: (PASSED, None, "PAdES-B-B"),
    time_stamp_of_a_stranger: (PASSED, None, "PAdES-B-B"),
    time_stamp_by_a_seal_certificate: (PASSED, None, "PAdES-B-B"),
    time_stamp_of_the_future: (PASSED, None, "PAdES-B-B"),
}


@pytest.mark.parametrize("defect", TABLE, ids=lambda f: f.__name__)
def test_verdict(defect):
    case = Case()
    document = defect(case)
    assert case.judge(document) == TABLE[defect]


def test_an_unsigned_file_has_no_signatures():
    assert validate_pdf(plain_pdf(), make_pki().policy(), at=NOW).signatures == ()


@pytest.mark.parametrize("data", [b"", b"hello", b"%PDF-1.7\n", b"%PDF-1.7\n%%EOF", plain_pdf()[:60]])
def test_what_is_no_pdf_is_malformed(data):
    with pytest.raises(MalformedDataError):
        validate_pdf(data, make_pki().policy(), at=NOW)


def test_every_single_byte_change_is_noticed_or_refused():
    """Walks over the file in steps; no change may leave the verdict at passed."""
    case = Case()
    document = case.signed()
    policy = case.pki.policy()
    gap = document.index(b"/Contents<") + 10
    end = document.index(b">", gap)
    cms_end = gap + len(document[gap:end].rstrip(b"0"))
    original = _signed_parts(document[gap:end])
    places = [*range(0, gap, 17), *range(gap, cms_end, 101), *range(end, len(document), 7)]
    for place in places:
        changed = document[:place] + bytes([document[place] ^ 0x01]) + document[place + 1 :]
        try:
            signatures = validate_pdf(changed, policy, at=NOW).signatures
        except SigningError:
            continue
        if signatures and signatures[0].indication is PASSED:
            # CMS leaves its bag of further certificates unsigned; whatever counts must be as it was.
            assert gap <= place < cms_end and _signed_parts(changed[gap:end]) == original, place


def _signed_parts(digits):
    cms = parse_cms(strip_padding(bytes.fromhex(digits.decode())))
    return cms.signed_attributes, cms.signature, cms.issuer_and_serial_number


def test_trust_follows_the_anchor():
    pki = make_pki()
    document = sign_prepared(prepared_pdf(), pki.leaf())
    trusts = [
        validate_pdf(document, policy, at=NOW).signatures[0].trust
        for policy in (pki.policy(), pki.policy(egov_qualified=True), make_stranger().policy())
    ]
    assert trusts == ["trusted", "egov_qualified", "none"]


def test_an_anchor_vouches_for_its_uses_only():
    pki = make_pki()
    certificate = pki.leaf(ELECTRONIC_BUSINESS_LICENCE).certificate
    enterprise = pki.policy(uses=frozenset({"enterprise"}))
    assert validate_certificate(certificate, enterprise, at=NOW, use="enterprise").conclusion is Conclusion.PASSED
    refused = validate_certificate(certificate, enterprise, at=NOW, use="signature")
    assert refused.sub_indication is SubIndication.NO_CERTIFICATE_CHAIN_FOUND


def test_a_broken_certificate_is_an_answer():
    answer = validate_certificate(b"no certificate", make_pki().policy(), at=NOW, use="signature")
    assert answer.conclusion is Conclusion.INDETERMINATE


def test_the_signers_credit_code_is_read_by_the_given_rules():
    from dataclasses import replace

    from certs.credit_code import extract_credit_code

    pki = make_pki()
    policy = replace(pki.policy(), read_credit_code=extract_credit_code)
    report = validate_pdf(sign_prepared(prepared_pdf(), pki.leaf()), policy, at=NOW).signatures[0]
    assert report.signer.unified_social_credit_code == CREDIT_CODE
