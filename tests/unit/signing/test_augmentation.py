"""Every PAdES level with every algorithm, and the way from each level to the next, as stock pyHanko judges them."""

from functools import cache
from io import BytesIO

import pikepdf
import pytest
from pyhanko.sign.validation.status import SignatureCoverageLevel

from signing.algorithms import SHA256_OID, SM3_OID
from signing.augmentation import Level, Sources, add_document_timestamp, add_evidence, archive, sign_document
from signing.errors import EvidenceMissingError, SigningError, UnsupportedFormatError
from signing.evidence_gathering import EvidenceAtHand
from signing.keys import SignatureAlgorithm
from signing.pades import sign_prepared
from signing.pyhanko_adapter import (
    validate_archive_with_pyhanko,
    validate_from_store_with_pyhanko,
    validate_timestamps_with_pyhanko,
    validate_with_pyhanko,
)
from signing.signature_spec import DocMdp, SignatureSpec
from signing.validation.policy import TrustAnchor, ValidationPolicy
from signing.validation.process import validate_pdf
from signing.validation.report import Indication
from tests.pki import DAY, make_pki
from tests.pki import NOW as TODAY
from tests.unit.signing.pki import NOW, pki, plain_pdf, prepared_pdf
from tests.unit.signing.western_pki import western_pki

SPEC = SignatureSpec(claimed_at=NOW, certify=DocMdp.NO_CHANGES)


@cache
def evidence():
    return EvidenceAtHand((pki().root.certificate, pki().issuing.certificate), pki().crls())


def houses():
    """By algorithm: (key, root, sources, lists)."""
    own = (pki().seal, pki().root.certificate, Sources(pki().unit, evidence()), pki().crls())
    found = {SignatureAlgorithm.SM2_WITH_SM3: own}
    for algorithm in (SignatureAlgorithm.ECDSA_WITH_SHA256, SignatureAlgorithm.RSA_WITH_SHA256):
        house = western_pki(algorithm)
        sources = Sources(house.unit, house.evidence, timestamp_digest_oid=SHA256_OID)
        found[algorithm] = (house.seal, house.root, sources, (house.crl,))
    return found


@pytest.fixture(params=SignatureAlgorithm)
def house(request):
    return houses()[request.param]


def signed(house, level):
    key, _, sources, _ = house
    return sign_document(plain_pdf(), key, SPEC, level, sources)


def store(document):
    with pikepdf.open(BytesIO(document)) as pdf:
        dss = pdf.Root.get("/DSS")
        return None if dss is None else {name: len(dss.get(name, ())) for name in ("/Certs", "/CRLs", "/OCSPs")}


@pytest.mark.parametrize("level", Level)
def test_pyhanko_finds_every_level_sound(house, level):
    document = signed(house, level)
    [status] = validate_with_pyhanko(document, trust_anchors=[house[1]], crls=house[3])
    assert status.bottom_line
    assert (status.timestamp_validity is not None) == (level is not Level.B_B)
    covered = level in (Level.B_B, Level.B_T)
    assert (status.coverage is SignatureCoverageLevel.ENTIRE_FILE) == covered


def test_a_b_lt_signature_needs_nothing_but_the_anchor(house):
    [status] = validate_from_store_with_pyhanko(signed(house, Level.B_LT), trust_anchors=[house[1]])
    assert status.bottom_line
    assert status.timestamp_validity.trusted


def test_a_b_lta_signature_is_archived(house):
    document = signed(house, Level.B_LTA)
    assert validate_archive_with_pyhanko(document, trust_anchors=[house[1]], moment=NOW) == ["PASSED"]
    [stamp] = validate_timestamps_with_pyhanko(document, trust_anchors=[house[1]], crls=house[3])
    assert stamp.valid
    assert stamp.trusted
    assert stamp.coverage is SignatureCoverageLevel.ENTIRE_FILE


def test_step_by_step_gives_what_signing_at_once_gives(house):
    _, root, sources, _ = house
    document = add_evidence(signed(house, Level.B_T), sources.evidence)
    assert store(document) == store(signed(house, Level.B_LT))
    document = archive(document, sources.evidence, sources.timestamps, digest_oid=sources.timestamp_digest_oid)
    assert validate_archive_with_pyhanko(document, trust_anchors=[root], moment=NOW) == ["PASSED"]


def test_the_store_holds_chains_and_lists_and_no_vri():
    document = add_evidence(sign_prepared(prepared_pdf(), pki().seal, timestamps=pki().unit), evidence())
    assert store(document) == {"/Certs": 4, "/CRLs": 2, "/OCSPs": 0}
    assert b"/VRI" not in document


def test_what_is_stored_already_is_not_stored_again():
    document = add_evidence(sign_prepared(prepared_pdf(), pki().seal, timestamps=pki().unit), evidence())
    assert add_evidence(document, evidence()) == document


def test_a_renewal_adds_the_evidence_of_the_last_time_stamp_and_a_new_one():
    own = houses()[SignatureAlgorithm.SM2_WITH_SM3]
    document = signed(own, Level.B_LTA)
    western = western_pki()
    both = EvidenceAtHand((*evidence().certificates, western.root), (*evidence().crls, western.crl))
    handed_over = archive(document, both, western.unit, digest_oid=SHA256_OID)
    assert store(handed_over) == store(document)
    renewed = archive(handed_over, both, pki().unit)
    # The root and the unit of the other house, and its list, came in with the second renewal.
    assert store(renewed) == {"/Certs": 6, "/CRLs": 3, "/OCSPs": 0}
    anchors = [pki().root.certificate, western.root]
    assert validate_archive_with_pyhanko(renewed, trust_anchors=anchors, moment=NOW) == ["PASSED"]
    assert len(validate_timestamps_with_pyhanko(renewed, trust_anchors=anchors)) == 3


def test_nothing_that_was_signed_changes():
    document = signed(houses()[SignatureAlgorithm.SM2_WITH_SM3], Level.B_T)
    assert archive(document, evidence(), pki().unit).startswith(document)


def test_a_document_time_stamp_proves_the_time_of_a_bare_signature():
    bare = sign_prepared(prepared_pdf(), pki().seal)
    with pytest.raises(SigningError, match="no time-stamp"):
        add_evidence(bare, evidence())
    document = archive(add_document_timestamp(bare, pki().unit), evidence(), pki().unit)
    anchors = [pki().root.certificate]
    [status] = validate_from_store_with_pyhanko(document, trust_anchors=anchors)
    assert status.bottom_line
    stamps = validate_timestamps_with_pyhanko(document, trust_anchors=anchors, crls=evidence().crls)
    assert [stamp.trusted for stamp in stamps] == [True, True]


def ours(document, anchors, at):
    """Our own process with the anchors and what the document holds, no list besides: (name, level, indication)."""
    policy = ValidationPolicy(tuple(map(TrustAnchor, anchors)))
    reports = validate_pdf(document, policy, at=at).signatures
    return [(report.name, report.level, report.indication) for report in reports]


def test_our_own_validation_agrees_at_the_levels_of_long_term(house):
    key, root, sources, _ = house
    document = sign_document(plain_pdf(), key, SPEC, Level.B_LT, sources)
    assert ours(document, [root], NOW) == [("Signature", "PAdES-B-LT", Indication.TOTAL_PASSED)]
    renewed = archive(
        archive(document, sources.evidence, sources.timestamps, digest_oid=sources.timestamp_digest_oid),
        sources.evidence,
        sources.timestamps,
        digest_oid=sources.timestamp_digest_oid,
    )
    first, *stamps = ours(add_evidence(renewed, sources.evidence), [root], NOW)
    assert first == ("Signature", "PAdES-B-LTA", Indication.TOTAL_PASSED)
    assert [indication for _, _, indication in stamps] == [Indication.TOTAL_PASSED] * 2


def test_a_renewed_archive_outlives_the_first_certificates():
    """The signer and the first unit expired long ago; the stamp of another unit, made before that, carries them on."""
    office = make_pki()
    life = {"since": -390 * DAY, "until": -100 * DAY}
    known = (office.root.certificate, office.issuing.certificate)

    def source(moment):
        return EvidenceAtHand(known, office.crls(this_update=moment - DAY / 24, next_update=moment + 30 * DAY))

    signing, renewal = TODAY - 380 * DAY, TODAY - 150 * DAY
    first, second = office.unit(at=signing, **life), office.unit(at=renewal, since=-200 * DAY)
    spec = SignatureSpec(claimed_at=signing, certify=DocMdp.NO_CHANGES)
    document = sign_document(plain_pdf(), office.leaf(**life), spec, Level.B_LTA, Sources(first, source(signing)))
    renewed = archive(document, source(renewal), second)

    def judged(archived):
        return ours(add_evidence(archived, source(TODAY)), known[:1], TODAY)[0]

    assert judged(renewed) == ("Signature", "PAdES-B-LTA", Indication.TOTAL_PASSED)
    assert judged(document)[2] is Indication.INDETERMINATE


@pytest.mark.parametrize(
    ("source", "lacking"),
    [
        (EvidenceAtHand((pki().root.certificate,), ()), "revocation data"),
        (EvidenceAtHand((pki().root.certificate,), pki().crls()[:1]), "revocation data"),
        (EvidenceAtHand((), pki().crls()), "issuer"),
    ],
    ids=["no-lists", "one-list", "no-root"],
)
def test_half_the_evidence_is_none(source, lacking):
    document = sign_prepared(prepared_pdf(), pki().seal, timestamps=pki().unit)
    with pytest.raises(EvidenceMissingError, match=lacking):
        add_evidence(document, source)


def test_an_unsigned_document_and_an_unknown_kind_are_refused():
    with pytest.raises(SigningError, match="not signed"):
        add_evidence(plain_pdf(), evidence())
    document = sign_prepared(prepared_pdf(), pki().seal).replace(b"/ETSI.CAdES.detached", b"/GM.sm2cms.detached ")
    with pytest.raises(UnsupportedFormatError, match=r"GM\.sm2cms"):
        add_evidence(document, evidence())


@pytest.mark.parametrize(
    ("level", "sources"),
    [(Level.B_T, Sources()), (Level.B_LT, Sources(pki().unit)), (Level.B_LTA, Sources(pki().unit))],
)
def test_a_level_without_its_sources_is_refused(level, sources):
    with pytest.raises(SigningError):
        sign_document(plain_pdf(), pki().seal, SPEC, level, sources)


def test_the_imprint_has_the_digest_that_was_asked_for():
    document = add_document_timestamp(plain_pdf(), western_pki().unit, digest_oid=SHA256_OID)
    [stamp] = validate_timestamps_with_pyhanko(document, trust_anchors=[western_pki().root], crls=[western_pki().crl])
    assert stamp.md_algorithm == "sha256"
    other = add_document_timestamp(plain_pdf(), pki().unit, digest_oid=SM3_OID)
    [stamp] = validate_timestamps_with_pyhanko(other, trust_anchors=[pki().root.certificate], crls=pki().crls())
    assert stamp.trusted
