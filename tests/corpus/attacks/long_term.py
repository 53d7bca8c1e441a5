"""Signatures that are made to last (EN 319 142-1, 5.4 and 6; EN 319 102-1, 5.6): evidence, archives, and harm to both.

The makers are two: this corpus writes some files byte by byte, stock pyHanko writes the others, so that maker and judge
never share a mistake.
"""

from dataclasses import replace

from signing.pyhanko_adapter import sign_with_pyhanko
from tests.corpus.case import case
from tests.corpus.documents import (
    archived,
    catalog,
    countersigned,
    forged_content,
    objects,
    page,
    signed,
    signed_twice,
    sm3,
    stamped,
    unsigned_licence,
    with_evidence,
)
from tests.corpus.makers import by_pyhanko, cms
from tests.corpus.makers.pdf import (
    CATALOG,
    CONTENT,
    FIRST_FREE,
    PAGE,
    SIGNATURE,
    WIDGET,
    Pdf,
    new,
    update,
)
from tests.corpus.makers.x509 import DAY, UNIT, Revoked, crl
from tests.corpus.world import KEEPS_EXPIRED
from tests.pki import NOW

EARLIER = NOW - 2 * DAY


def _lists(world):
    return tuple(world.crl_of(issuer) for issuer in (world.root, world.ca))


def _with_time(world, signer=None, at=EARLIER):
    return signed(signer or world.signer, unsigned=stamped(world.unit, at))


def _lasting(world, signer=None):
    return with_evidence(
        _with_time(world, signer),
        certificates=(world.root.certificate, world.ca.certificate),
        crls=_lists(world),
    )


@case
def good_evidence(world):
    return _lasting(world).data


@case
def good_evidence_without_timestamp(world):
    """Evidence alone makes no B-LT: nothing proves the time."""
    return with_evidence(signed(world.signer), crls=_lists(world)).data


@case
def good_archive(world):
    return archived(_lasting(world), world.unit).data


@case
def good_archive_renewed(world):
    once = archived(_lasting(world), world.unit, NOW - DAY)
    return archived(with_evidence(once, crls=_lists(world)), world.unit, field=b"Archive2").data


@case
def good_archive_renewed_with_another_store(world):
    """The renewal writes the DSS as another object; the old one is left behind without a reader."""
    once = archived(_lasting(world), world.unit, NOW - DAY)
    return archived(with_evidence(once, crls=_lists(world), anew=True), world.unit, field=b"Archive2").data


@case
def good_archive_by_ecdsa(world):
    return archived(_lasting(world), world.family("ecdsa")[1]).data


@case
def good_document_timestamp_instead(world):
    """A document time-stamp proves the time of a B-B signature (EN 319 142-1, 5.4.3)."""
    return archived(signed(world.leaf(until=-DAY)), world.unit, EARLIER).data


@case
def only_a_document_timestamp(world):
    """No one signed, but a time-stamp covers the file: whole, though no licence."""
    return archived(_unsigned_with_form(), world.unit).data


def _unsigned_with_form():
    whole = objects(certify=None)
    del whole[SIGNATURE], whole[WIDGET]
    whole[CATALOG] = catalog(b"", certify=None)
    whole[PAGE] = page(b"")
    return new(whole)


# Everything has expired, and the archive holds


def _old(world, *, revoked_at=None, archive_at=-790 * DAY, evidence=True):
    """Signed 800 days ago by a signer and stamped by a unit that have both expired since; archived 790 days ago."""
    authority = world.authority("旧签发", listed=False, since=-1500 * DAY, until=-450 * DAY)
    signer = world.leaf(issuer=authority, since=-900 * DAY, until=-500 * DAY)
    unit = world.leaf("旧时间戳", authority, extensions=UNIT, since=-900 * DAY, until=-480 * DAY)
    revoked = () if revoked_at is None else (Revoked(signer.certificate, NOW + revoked_at),)
    listed = {"this_update": NOW - 795 * DAY, "next_update": NOW - 765 * DAY, "extensions": (KEEPS_EXPIRED,)}
    lists = crl(authority, revoked=revoked, **listed), crl(world.root, **listed)
    pdf = signed(signer, unsigned=stamped(unit, NOW - 800 * DAY), pdf_date=NOW - 800 * DAY)
    if evidence:
        pdf = with_evidence(pdf, certificates=(world.root.certificate, authority.certificate), crls=lists)
    return pdf if archive_at is None else archived(pdf, world.old_unit, NOW + archive_at)


@case
def good_archive_outlives_its_signer(world):
    return _old(world).data


@case
def archive_missing_after_expiry(world):
    """The same without the archive time-stamp: nothing proves that the evidence is old."""
    return _old(world, archive_at=None).data


@case
def archive_without_evidence_after_expiry(world):
    return _old(world, evidence=False).data


@case
def archive_made_too_late(world):
    """Archived when unit and signer had expired already."""
    return _old(world, archive_at=-300 * DAY).data


@case
def archive_shows_revocation_before_signing(world):
    return _old(world, revoked_at=-810 * DAY).data


@case
def good_archive_shows_revocation_after_signing(world):
    return _old(world, revoked_at=-798 * DAY).data


# Harm to evidence and archives


@case
def evidence_removed(world):
    """The update takes the DSS away again: the signature falls back to what is at hand."""
    pdf = _lasting(world)
    return update(pdf, {CATALOG: catalog()}).data


@case
def evidence_removed_and_needed(world):
    authority = world.authority("只随附", listed=False)
    lists = (crl(authority, this_update=NOW - DAY / 24, next_update=NOW + DAY),)
    pdf = with_evidence(signed(world.leaf(issuer=authority)), crls=lists)
    return update(pdf, {CATALOG: catalog()}).data


@case
def evidence_emptied(world):
    """The DSS is written anew with nothing in it, its lists are left without a reader."""
    pdf = _lasting(world)
    return update(pdf, {FIRST_FREE: b"<</Type/DSS>>"}).data


@case
def evidence_of_rubbish(world):
    return with_evidence(_with_time(world), certificates=(b"rubbish",), crls=(b"rubbish",), ocsp_responses=(b"0",)).data


@case
def evidence_is_no_dictionary(world):
    return update(signed(world.signer), {CATALOG: catalog(extra=b"/DSS 20 0 R"), 20: b"[1 2 3]"}).data


@case
def evidence_in_the_signed_revision(world):
    """Control: the DSS stood in the file before it was signed."""
    extra = {CATALOG: catalog(extra=b"/DSS 20 0 R"), 20: b"<</Type/DSS>>"}
    return signed(world.signer, extra).data


@case
def evidence_with_page_change(world):
    pdf = _lasting(world)
    return update(pdf, {CONTENT: forged_content()}).data


@case
def archive_of_other_data(world):
    return archived(_lasting(world), world.unit, make=lambda _: cms.token(world.unit, sm3(b"other"), NOW)).data


@case
def archive_of_a_stranger(world):
    return archived(_lasting(world), world.strange_unit).data


@case
def archive_is_rubbish(world):
    return archived(_lasting(world), world.unit, make=lambda _: b"\x30\x03\x02\x01\x00").data


@case
def archive_followed_by_page_change(world):
    return update(archived(_lasting(world), world.unit), {CONTENT: forged_content()}).data


@case
def archive_followed_by_junk(world):
    return archived(_lasting(world), world.unit).data + b"junk"


@case
def archive_with_page_change(world):
    """The update that brings the document time-stamp writes the page's content anew as well: the stamp covers both."""
    pdf = _lasting(world)
    forged = update(pdf, {CONTENT: forged_content()})
    return archived(forged, world.unit).data


@case
def archive_made_visible(world):
    """A document time-stamp that draws over the page."""
    pdf = archived(_lasting(world), world.unit)
    return update(pdf, {FIRST_FREE: pdf.objects[FIRST_FREE]}).data


# Signed twice: SM2 for domestic readers, ECDSA for the others (signing.md, "Dual signature")


@case
def good_dual(world):
    return signed_twice(world.signer, world.family("ecdsa")[0]).data


@case
def good_dual_archived(world):
    """Signed twice, then evidence and a document time-stamp over both."""
    pdf = signed_twice(world.signer, world.family("ecdsa")[0], unsigned=stamped(world.unit, EARLIER))
    return archived(with_evidence(pdf, crls=_lists(world)), world.unit).data


@case
def dual_second_by_a_stranger(world):
    return signed_twice(world.signer, world.stranger).data


@case
def dual_second_broken(world):
    return signed_twice(world.signer, None, make=lambda content: cms.pades(world.signer, sm3(content + b"x"))).data


@case
def dual_first_broken(world):
    """The first signature is over other attributes, the second is in order and covers everything."""
    broken = replace(world.signer, pair=world.stranger.pair)
    return signed_twice(broken, world.family("ecdsa")[0]).data


@case
def dual_in_a_new_field(world):
    """The second signer brings its own field, and the first did not allow for it."""
    return countersigned(signed(world.signer), world.family("ecdsa")[0]).data


# Made by stock pyHanko


@case
def pyhanko_sm2(world):
    return sign_with_pyhanko(unsigned_licence().data, world.signer)


@case
def pyhanko_sm2_timestamped(world):
    return by_pyhanko.sign(unsigned_licence().data, world.signer, world.unit, "B-T")


@case
def pyhanko_sm2_evidence(world):
    return by_pyhanko.sign(unsigned_licence().data, world.signer, world.unit, "B-LT", world)


@case
def pyhanko_sm2_archive(world):
    return by_pyhanko.sign(unsigned_licence().data, world.signer, world.unit, "B-LTA", world)


@case
def pyhanko_ecdsa_evidence(world):
    return by_pyhanko.sign(unsigned_licence().data, *world.family("ecdsa"), "B-LT", world)


@case
def pyhanko_ecdsa_archive(world):
    return by_pyhanko.sign(unsigned_licence().data, *world.family("ecdsa"), "B-LTA", world)


@case
def pyhanko_rsa_archive(world):
    return by_pyhanko.sign(unsigned_licence().data, *world.family("rsa"), "B-LTA", world)


@case
def pyhanko_archive_then_forged(world):
    data = by_pyhanko.sign(unsigned_licence().data, world.signer, world.unit, "B-LTA", world)
    return update(Pdf(data, {CONTENT: b"", 99: b""}), {CONTENT: forged_content()}).data
