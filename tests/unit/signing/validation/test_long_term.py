"""Proofs of existence: what document time-stamps save, what they cannot save, and which level is reached (5.6)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from certs.authority import CertificateAuthority
from certs.revocation import RevokedEntry
from signing.algorithms import SM3_OID
from signing.augmentation import add_document_timestamp, archive
from signing.evidence_gathering import EvidenceAtHand
from signing.keys import SignatureAlgorithm
from signing.pades import sign_prepared
from signing.pyhanko_writing import append_evidence
from signing.validation.evidence import ValidationData
from signing.validation.existence import ExistenceProofs
from signing.validation.long_term import things_in
from signing.validation.policy import ValidationPolicy
from signing.validation.process import validate_pdf
from signing.validation.x509 import load_certificate
from tests.pki import DAY, NOW, make_pki
from tests.unit.signing.pki import prepared_pdf

HOUR = timedelta(hours=1)
LATER = NOW + 200 * DAY
"""When everything is judged: signer and first unit have expired, their CA publishes no lists any more."""


class Archive:
    """A signer and a unit under a CA whose lists come only with the document; the archive's unit is under another."""

    def __init__(self, signer_until=50 * DAY):
        self.pki = make_pki()
        self.ca = self.pki.authority(name="只随附")
        self.signer = self.pki.leaf(issuer=self.ca, until=signer_until)
        self.unit = self.pki.unit(issuer=self.ca, until=60 * DAY)
        self.revoked = []

    def lists(self, at=NOW):
        times = {"this_update": at - HOUR, "next_update": at + 30 * DAY}
        theirs = CertificateAuthority(self.ca).crl(number=1, revoked=self.revoked, **times)
        return (*self.pki.crls(**times), theirs)

    @property
    def evidence(self):
        return EvidenceAtHand(
            (self.pki.root.certificate, self.pki.issuing.certificate, self.ca.certificate), self.lists()
        )

    def signed(self):
        return sign_prepared(prepared_pdf(), self.signer, timestamps=self.unit)

    def archived(self, at=NOW):
        return archive(self.signed(), self.evidence, self.pki.unit(at, until=900 * DAY))

    def policy(self, at=LATER) -> ValidationPolicy:
        """Lists of the root and of the archive unit's CA, not of the signer's."""
        return self.pki.policy(crls=self.pki.crls(this_update=at - HOUR, next_update=at + DAY))

    def judge(self, document, at=LATER, policy=None):
        reports = validate_pdf(document, policy or self.policy(at), at=at).signatures
        return [(r.indication, r.sub_indication, r.level) for r in reports]


PASSED, OPEN, FAILED = "TOTAL-PASSED", "INDETERMINATE", "TOTAL-FAILED"


def test_an_archive_outlives_signer_unit_and_lists():
    house = Archive()
    assert house.judge(house.archived()) == [(PASSED, None, "PAdES-B-LTA"), (PASSED, None, "")]


def test_without_the_archive_the_same_evidence_proves_nothing():
    house = Archive()
    document = append_evidence(house.signed(), house.evidence.gather([house.signer.certificate], house.signer.chain))
    [(indication, sub, level)] = house.judge(document)
    # The time-stamp is not proven any more either, so that not even B-T is reached.
    assert (indication, sub, level) == (OPEN, "OUT_OF_BOUNDS_NO_POE", "PAdES-B-B")


def test_an_archive_that_came_after_the_expiry_proves_nothing_about_before():
    house = Archive()
    late = archive(house.signed(), house.evidence, house.pki.unit(NOW + 100 * DAY, until=900 * DAY))
    assert house.judge(late)[0][:2] == (OPEN, "OUT_OF_BOUNDS_NO_POE")


def test_an_archive_without_evidence_leaves_the_revocation_open():
    house = Archive()
    bare = add_document_timestamp(house.signed(), house.pki.unit(until=900 * DAY))
    assert house.judge(bare)[0] == (OPEN, "OUT_OF_BOUNDS_NO_POE", "PAdES-B-T")


def test_evidence_that_came_after_the_archive_needs_no_proof_while_its_ca_is_good():
    house = Archive()
    document = add_document_timestamp(house.signed(), house.pki.unit(until=900 * DAY))
    lists = ValidationData((house.ca.certificate,), house.lists())
    unproven = append_evidence(document, lists)
    found = validate_pdf(unproven, house.policy(), at=LATER).signatures[0]
    # The CA itself is still valid, so that its lists may be believed without a proof; only their freshness counts.
    assert found.indication == PASSED


def test_a_revocation_that_the_archive_shows_counts_from_its_instant():
    for revoked_at, expected in ((NOW - DAY, (OPEN, "REVOKED_NO_POE")), (NOW + HOUR / 2, (PASSED, None))):
        house = Archive()
        serial = load_certificate(house.signer.certificate).parsed.serial_number
        house.revoked.append(RevokedEntry(serial, revoked_at))
        document = archive(house.signed(), _late(house), house.pki.unit(NOW + DAY, until=900 * DAY))
        assert house.judge(document)[0][:2] == expected


def _late(house):
    """Evidence gathered an hour after the signature."""
    evidence = house.evidence
    return EvidenceAtHand(evidence.certificates, house.lists(NOW + 2 * HOUR))


def test_a_renewed_archive_survives_the_unit_of_the_first():
    house = Archive()
    first = archive(house.signed(), house.evidence, house.pki.unit(until=80 * DAY))
    assert house.judge(first)[0][0] == OPEN
    again = EvidenceAtHand(house.evidence.certificates, house.lists(NOW + 70 * DAY))
    renewed = archive(first, again, house.pki.unit(NOW + 70 * DAY, until=900 * DAY))
    assert [r[0] for r in house.judge(renewed)] == [PASSED, PASSED, PASSED]


def test_a_weak_algorithm_is_saved_by_a_time_stamp_that_is_not():
    """Everything under the signature is ECDSA, whose end has come; the archive over it is SM2."""
    house, western = Archive(), make_pki(SignatureAlgorithm.ECDSA_WITH_SHA256)
    certificates = (western.root.certificate, western.issuing.certificate, *house.evidence.certificates)
    evidence = EvidenceAtHand(certificates, (*house.lists(), *western.crls()))
    signed = sign_prepared(prepared_pdf(), western.leaf(), timestamps=western.unit())
    policy = house.policy()
    signatures = {**policy.algorithms.signatures, "1.2.840.10045.4.3.2": NOW + 100 * DAY}
    ended = replace(
        policy,
        trust_anchors=(*policy.trust_anchors, *western.policy().trust_anchors),
        algorithms=replace(policy.algorithms, signatures=signatures),
    )
    archived = archive(signed, evidence, house.pki.unit(until=900 * DAY))
    assert house.judge(archived, policy=ended) == [(PASSED, None, "PAdES-B-LTA"), (PASSED, None, "")]
    assert house.judge(signed, policy=ended)[0][:2] == (OPEN, "CRYPTO_CONSTRAINTS_FAILURE_NO_POE")
    late = archive(signed, evidence, house.pki.unit(NOW + 110 * DAY, until=900 * DAY))
    assert house.judge(late, policy=ended)[0][:2] == (OPEN, "CRYPTO_CONSTRAINTS_FAILURE_NO_POE")


def test_a_document_time_stamp_alone_gives_b_t():
    house = Archive()
    document = add_document_timestamp(sign_prepared(prepared_pdf(), house.signer), house.unit)
    policy = replace(house.policy(NOW), crls=house.lists())
    assert house.judge(document, at=NOW, policy=policy) == [(PASSED, None, "PAdES-B-T"), (PASSED, None, "")]


@pytest.mark.parametrize("digest_oid", [SM3_OID, "2.16.840.1.101.3.4.2.1"])
def test_levels_go_up_with_what_is_there(digest_oid):
    house = Archive()
    policy = replace(house.policy(NOW), crls=house.lists())
    signed = house.signed()
    with_lists = append_evidence(signed, ValidationData((house.ca.certificate,), house.lists()))
    without_the_roots = append_evidence(signed, ValidationData((), house.lists()[2:]))
    stamped = add_document_timestamp(with_lists, house.pki.unit(), digest_oid=digest_oid)
    levels = [house.judge(d, at=NOW, policy=policy)[0][2] for d in (signed, without_the_roots, with_lists, stamped)]
    assert levels == ["PAdES-B-T", "PAdES-B-T", "PAdES-B-LT", "PAdES-B-LTA"]


def test_evidence_in_the_file_is_enough_for_a_counterparty_without_lists():
    house = Archive()
    document = append_evidence(house.signed(), house.evidence.gather([house.signer.certificate], house.signer.chain))
    anchors_only = replace(house.policy(NOW), certificates=(), crls=())
    assert house.judge(document, at=NOW, policy=anchors_only) == [(PASSED, None, "PAdES-B-LT")]
    assert house.judge(house.signed(), at=NOW, policy=anchors_only)[0][:2] == (OPEN, "TRY_LATER")


def test_time_stamps_in_an_impossible_order_are_told():
    """The document time-stamp over the signature is older than the time-stamp in it."""
    house = Archive()
    backwards = add_document_timestamp(house.signed(), house.pki.unit(NOW - DAY))
    policy = replace(house.policy(NOW), crls=house.lists())
    assert house.judge(backwards, at=NOW, policy=policy)[0][:2] == (OPEN, "TIMESTAMP_ORDER_FAILURE")


def test_a_signature_over_a_document_time_stamp_is_not_older_than_it():
    """Expired before the time-stamp that the signature covers: proof that it was made too late (5.3.4, 4)."""
    from signing.pyhanko_writing import prepare_signature
    from signing.signature_spec import SignatureSpec
    from tests.unit.signing.pki import plain_pdf

    house = Archive(signer_until=-5 * DAY)
    stamped = add_document_timestamp(plain_pdf(), house.pki.unit(NOW - DAY))
    document = sign_prepared(prepare_signature(stamped, SignatureSpec(claimed_at=NOW - 6 * DAY)), house.signer)
    policy = replace(house.policy(NOW), crls=house.lists())
    assert house.judge(document, at=NOW, policy=policy)[1][:2] == (FAILED, "EXPIRED")


def test_proofs_keep_the_earliest_instant():
    proofs = (
        ExistenceProofs(NOW).extended([b"a", b"b"], NOW - DAY).extended([b"a"], NOW - 3 * DAY).extended([b"a"], NOW)
    )
    assert [proofs.earliest(thing) for thing in (b"a", b"b", b"c")] == [NOW - 3 * DAY, NOW - DAY, NOW]
    assert list(things_in(ValidationData((b"1",), (b"2",), (b"3",)))) == [b"1", b"2", b"3"]
