"""Seal signatures (flavour C) of every version: read, built, and judged."""

from dataclasses import replace

import pytest

from signing import der
from signing.errors import MalformedDataError
from signing.pades import document_digest, embed
from signing.ses import (
    SealInfo,
    SealPicture,
    build_seal,
    build_seal_signature,
    certificate_digest,
    parse_seal,
    parse_seal_signature,
)
from signing.sm2 import sm3
from signing.validation.process import validate_pdf
from tests.pki import DAY, NOW, make_pki, make_stranger
from tests.unit.signing.pki import prepared_pdf

VERSIONS = (1, 4, 5)
PICTURE = SealPicture("png", b"\x89PNG", 40, 40)


def info(version, *certificates, digests=(), since=-30 * DAY, until=300 * DAY, made=-30 * DAY):
    return SealInfo(
        version=version,
        vendor="test",
        seal_id="44170200000001",
        kind=3,
        name="阳江市江城区市场监督管理局",
        created_at=NOW + made,
        valid_from=NOW + since,
        valid_until=NOW + until,
        picture=PICTURE,
        certificates=certificates,
        certificate_digests=digests,
    )


class Case:
    """A signer and a maker, and a PDF that waits for a seal."""

    def __init__(self, version=4, signer=None, maker=None):
        self.pki = make_pki()
        self.version = version
        self.signer = signer or self.pki.leaf()
        self.maker = maker or self.pki.leaf(since=-60 * DAY)
        self.prepared = replace(prepared_pdf(), data=_named(prepared_pdf().data))

    @property
    def data_hash(self):
        return document_digest(self.prepared, "1.2.156.10197.1.401")

    def seal(self, seal_info=None):
        return build_seal(seal_info or info(self.version, self.signer.certificate), self.maker)

    def sealed(self, *, seal=None, signed_at=NOW - DAY, **options):
        value = build_seal_signature(
            seal=seal or self.seal(),
            version=self.version,
            data_hash=options.pop("data_hash", self.data_hash),
            signed_at=signed_at,
            property_info="PDF",
            key=options.pop("key", self.signer),
            **options,
        )
        return embed(self.prepared, value)

    def judge(self, document, policy=None, at=NOW):
        [report] = validate_pdf(document, policy or self.pki.policy(), at=at).signatures
        return report


def _named(data):
    """The prepared PDF with the names of flavour C, of the same length."""
    named = data.replace(b"/Adobe.PPKLite", b"/Gomain.GMPkiL").replace(b"/ETSI.CAdES.detached", b"/GM.sm2seal         ")
    assert len(named) == len(data)
    return named


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("raw", [False, True])
def test_every_version_and_both_forms_of_a_value_are_judged_alike(version, raw):
    case = Case(version)
    report = case.judge(case.sealed(raw=raw))
    assert (report.indication, report.sub_indication) == ("TOTAL-PASSED", None)
    assert (report.kind, report.format, report.level) == ("seal", "SES", "")
    assert report.algorithm == "SM2-with-SM3"
    assert report.trust == "trusted"
    assert report.claimed_signing_time is not None


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_built_is_read_back(version):
    case = Case(version)
    seal = parse_seal(case.seal())
    assert seal.info == info(version, case.signer.certificate)
    encoded = build_seal_signature(
        seal=case.seal(), version=version, data_hash=bytes(32), signed_at=NOW, property_info="x", key=case.signer
    )
    signature = parse_seal_signature(encoded)
    assert (signature.version, signature.signed_at, signature.data_hash) == (version, NOW, bytes(32))
    assert signature.certificate == case.signer.certificate


@pytest.mark.parametrize("version", VERSIONS)
def test_every_cut_and_every_addition_is_refused(version):
    case = Case(version)
    encoded = build_seal_signature(
        seal=case.seal(), version=version, data_hash=bytes(32), signed_at=NOW, property_info="x", key=case.signer
    )
    for length in (*range(0, len(encoded), 41), len(encoded) - 1):
        with pytest.raises(MalformedDataError):
            parse_seal_signature(encoded[:length])
    with pytest.raises(MalformedDataError):
        parse_seal_signature(encoded + b"\0")
    with pytest.raises(MalformedDataError):
        parse_seal_signature(der.sequence(encoded, der.NULL, der.NULL))


def test_versions_must_fit_their_fields():
    case = Case(4)
    wrong = build_seal_signature(
        seal=case.seal(), version=1, data_hash=bytes(32), signed_at=NOW, property_info="x", key=case.signer
    )
    four = der.sequence(
        parse_seal_signature(wrong).signed, der.octet_string(b""), der.oid("1.2.3"), der.bit_string(b"")
    )
    with pytest.raises(MalformedDataError):
        parse_seal_signature(four)
    with pytest.raises(MalformedDataError):
        parse_seal(case.seal().replace(der.ia5("ES"), der.ia5("EX")))


def test_a_seal_may_list_digests():
    case = Case(4)
    good = case.seal(info(4, digests=(certificate_digest(case.signer.certificate),)))
    assert case.judge(case.sealed(seal=good)).indication == "TOTAL-PASSED"
    other = case.seal(info(4, digests=(certificate_digest(case.maker.certificate),)))
    assert case.judge(case.sealed(seal=other)).sub_indication == "SIG_CONSTRAINTS_FAILURE"


def name_of_decisive(report):
    for conclusion in ("FAILED", "INDETERMINATE"):
        for check in report.checks:
            if check.conclusion == conclusion:
                return check.name
    return None


def forged_seal(case):
    return build_seal(info(4, case.signer.certificate), replace(case.maker, private=case.signer.private))


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda c: c.sealed(data_hash=sm3(b"other")), ("HASH_FAILURE", "cryptographic_verification.message_digest")),
        (lambda c: c.sealed(seal=forged_seal(c)), ("SIG_CRYPTO_FAILURE", "seal.signature")),
        (
            lambda c: c.sealed(key=replace(c.signer, private=c.maker.private)),
            ("SIG_CRYPTO_FAILURE", "cryptographic_verification.signature_value"),
        ),
        (lambda c: c.sealed(seal=c.seal(info(4, c.maker.certificate))), ("SIG_CONSTRAINTS_FAILURE", "seal.signer")),
        (
            lambda c: c.sealed(seal=c.seal(info(4, c.signer.certificate, until=-2 * DAY))),
            ("SIG_CONSTRAINTS_FAILURE", "seal.validity"),
        ),
        (lambda c: c.sealed(signed_at=NOW - 40 * DAY), ("SIG_CONSTRAINTS_FAILURE", "seal.validity")),
        (lambda c: c.sealed(signed_at=NOW + DAY), ("SIG_CONSTRAINTS_FAILURE", "seal.validity")),
        (
            lambda c: c.sealed(seal=c.seal(info(4, c.signer.certificate, made=DAY))),
            ("SIG_CONSTRAINTS_FAILURE", "seal.maker_certificate"),
        ),
        (
            lambda c: c.sealed(seal=c.seal(info(4, c.signer.certificate, made=-70 * DAY))),
            ("SIG_CONSTRAINTS_FAILURE", "seal.maker_certificate"),
        ),
    ],
)
def test_what_is_wrong_with_a_seal(make, expected):
    case = Case()
    report = case.judge(make(case))
    assert (report.sub_indication, name_of_decisive(report)) == expected


def test_a_strange_maker_is_not_trusted():
    case = Case(maker=make_stranger().leaf(since=-60 * DAY))
    report = case.judge(case.sealed())
    assert (report.sub_indication, name_of_decisive(report)) == ("NO_CERTIFICATE_CHAIN_FOUND", "seal.maker_certificate")


def test_a_maker_that_was_good_at_the_making_is_a_note():
    revoked = Case()
    revoked.pki.revoke(revoked.maker, NOW - DAY)
    expired = Case(maker=make_pki().leaf(since=-60 * DAY, until=-DAY))
    for case in (revoked, expired):
        report = case.judge(case.sealed(), case.pki.policy())
        assert report.indication == "TOTAL-PASSED"
        [note] = [c for c in report.checks if c.name == "seal.maker_certificate"]
        assert "good when the seal was made" in note.detail
    before = Case()
    before.pki.revoke(before.maker, NOW - 31 * DAY)
    assert before.judge(before.sealed(), before.pki.policy()).sub_indication == "REVOKED_NO_POE"


def test_a_time_stamp_of_version_five_proves_the_time():
    case = Case(5, signer=make_pki().leaf(until=-DAY))
    unit = case.pki.unit(NOW - 2 * DAY)
    report = case.judge(case.sealed(signed_at=NOW - 2 * DAY, timestamp=lambda value: unit.stamp(sm3(value))))
    assert (report.indication, report.best_signature_time) == ("TOTAL-PASSED", NOW - 2 * DAY)
    assert case.judge(case.sealed(signed_at=NOW - 2 * DAY)).sub_indication == "OUT_OF_BOUNDS_NO_POE"


@pytest.mark.parametrize(("made", "expected"), [(-20 * DAY, "TIMESTAMP_ORDER_FAILURE"), (-30 * DAY, None)])
def test_a_seal_that_was_stamped_before_it_says_it_was_made(made, expected):
    case = Case(5)
    unit = case.pki.unit(NOW - 25 * DAY)
    seal = build_seal(info(5, case.signer.certificate, made=made), case.maker, timestamp=lambda v: unit.stamp(sm3(v)))
    assert case.judge(case.sealed(seal=seal)).sub_indication == expected
