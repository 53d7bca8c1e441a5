"""The holder's countersignature on its licence (ISO 32000-2, 12.8.2.2 and 12.7.5.5): who may make it, and what it may change.

The licence is certified at level 2 with one empty field for its holder, whose lock makes that signature the last change.
"""

import json

from signing import der
from tests.corpus.case import case
from tests.corpus.documents import (
    catalog,
    forged_content,
    page,
    signature_of,
    signed,
    sm3,
    stamped,
    unsigned_licence,
    widget,
)
from tests.corpus.makers import cms
from tests.corpus.makers.keys import sm2_pair
from tests.corpus.makers.pdf import CATALOG, CONTENT, PAGE, fill, new, signature_value, stream, update, with_data
from tests.corpus.makers.x509 import DAY
from tests.corpus.world import ANOTHER_CODE, HOLDER_CODE

FIELD, VALUE, FILE, ATTACHMENT = 20, 21, 22, 23
LOCK = b"/Lock<</Type/SigFieldLock/Action/All/P 1>>"
LOCKING = (
    b"/Reference[<</Type/SigRef/TransformMethod/FieldMDP/Data 1 0 R/TransformParams"
    b"<</Type/TransformParams/Action/All/P 1/V/1.2>>>>]"
)
PLACE = b"80 200 300 260"


def _field(value=b"", rectangle=PLACE):
    """The holder's field, empty until ``value`` says where its signature is."""
    filled = widget(b"99 0 R", rectangle, b"HolderAcceptance", LOCK)
    return filled.replace(b"/V 99 0 R", b"/V %b" % value if value else b"")


def _parts(number="JY14417020000001", certify=2):
    """Objects that make the usual licence one that names its holder for machines, and has a place for it."""
    attached = json.dumps({"licence_number": number, "holder": {"code": HOLDER_CODE}}).encode()
    names = b"/Names<</EmbeddedFiles<</Names[(licence.json) %d 0 R]>>>>" % FILE
    return {
        CATALOG: catalog(b"6 0 R %d 0 R" % FIELD, names, certify=certify),
        PAGE: page(b"6 0 R %d 0 R" % FIELD),
        FIELD: _field(),
        FILE: b"<</Type/Filespec/F(licence.json)/UF(licence.json)/EF<</F %d 0 R>>>>" % ATTACHMENT,
        ATTACHMENT: stream(attached, b"/Type/EmbeddedFile"),
    }


def _licence(world, *, number="JY14417020000001", certify=2):
    parts = _parts(number, certify)
    return signed(world.signer, parts, certify=certify, unsigned=stamped(world.unit))


def _open(pdf, changed=None):
    """The licence as it is prepared for its holder: the field names a signature that is still to come."""
    value = signature_value(certify=None, extra=b"/Reason(acceptance of JY14417020000001)" + LOCKING)
    return update(pdf, {FIELD: _field(b"%d 0 R" % VALUE), VALUE: value, **(changed or {})})


def _accepted(pdf, holder=None, *, make=None, changed=None):
    prepared = _open(pdf, changed)
    return with_data(prepared, fill(prepared.data, make or signature_of(holder)))


def _made_of(world, make_info):
    """What makes the CMS out of one signer info for the digest of what is covered."""
    holder = world.holder
    return lambda content: cms.signed_data([make_info(holder, sm3(content))], (holder.certificate, *holder.chain))


# Good ones


@case
def good_acceptance(world):
    return _accepted(_licence(world), make=signature_of(world.holder, unsigned=stamped(world.unit))).data


@case
def good_acceptance_stamped_before_revocation(world):
    """The time-stamp proves that the certificate was good when the holder signed; it was revoked an hour later."""
    holder = world.enterprise()
    world.revoke(holder, world.at - DAY / 24, issuer=world.enterprise_ca)
    unsigned = stamped(world.unit, world.at - DAY / 12)
    return _accepted(_licence(world), make=signature_of(holder, unsigned=unsigned)).data


# Who signed


@case
def acceptance_by_another_enterprise(world):
    return _accepted(_licence(world), world.enterprise(ANOTHER_CODE)).data


@case
def acceptance_by_expired_certificate(world):
    return _accepted(_licence(world), world.enterprise(since=-400 * DAY, until=-2 * DAY)).data


@case
def acceptance_by_revoked_certificate(world):
    holder = world.revoke(world.enterprise(), issuer=world.enterprise_ca)
    return _accepted(_licence(world), holder).data


@case
def acceptance_by_two_credit_codes(world):
    """The subject names the holder, the extension another enterprise: it speaks for neither."""
    return _accepted(_licence(world), world.enterprise(extension_code=ANOTHER_CODE)).data


@case
def acceptance_by_a_certificate_without_code(world):
    return _accepted(_licence(world), world.enterprise(None)).data


@case
def acceptance_by_a_stranger(world):
    """A root that nobody trusts wrote the holder's credit code."""
    return _accepted(_licence(world), world.stranger).data


@case
def acceptance_without_issue(world):
    """Only the holder signed: an enterprise issues nothing, whatever its signature certifies."""
    return signed(world.holder, _parts(), certify=2).data


@case
def acceptance_of_an_unsigned_face(world):
    """The holder accepts a face that no authority ever signed."""
    whole = unsigned_licence().objects | _parts(certify=None)
    whole[CATALOG] = whole[CATALOG].replace(b"6 0 R ", b"")
    whole[PAGE] = whole[PAGE].replace(b"6 0 R ", b"")
    return _accepted(new(whole), world.holder).data


# What was signed


@case
def acceptance_prepared_file_altered(world):
    """Between prepare and complete the reason that the signature gives was written anew."""

    def make(content):
        assert b"acceptance of" in content
        return cms.pades(world.holder, sm3(content.replace(b"acceptance of", b"inspection of")))

    return _accepted(_licence(world), make=make).data


@case
def acceptance_issued_part_altered(world):
    """Between prepare and complete the title in what the authority signed became another."""
    accepted = _accepted(_licence(world), world.holder).data
    assert accepted.count(b"(Food business") == 1
    return accepted.replace(b"(Food business", b"(Wine business")


@case
def acceptance_copied_from_another_licence(world):
    """The last update of another accepted licence of the same holder, byte for byte, behind this one."""
    own, other = _licence(world), _licence(world, number="JY14417020000002")
    assert len(own.data) == len(other.data)
    return own.data + _accepted(other, world.holder).data[len(other.data) :]


# How it was signed


@case
def acceptance_wrong_user_id(world):
    return _accepted(_licence(world), world.enterprise(pair=sm2_pair(b"ALICE123@YAHOO.COM"))).data


@case
def acceptance_value_malformed(world):
    """Two octets behind the SEQUENCE of r and s: BER readers pass over them."""

    def make_info(holder, value):
        attributes = cms.usual_attributes(holder, value)
        genuine = holder.sign(der.tlv(0x31, b"".join(sorted(attributes))))
        return cms.signer_info(holder, attributes, signature=genuine + b"\x00\x00")

    return _accepted(_licence(world), make=_made_of(world, make_info)).data


@case
def acceptance_cms_malformed(world):
    """The outermost length says more octets than there is room for."""

    def make(content):
        whole = cms.pades(world.holder, sm3(content))
        return whole[:1] + b"\x84\x7f\xff\xff\xff" + der.content_of(whole)

    return _accepted(_licence(world), make=make).data


# What else it changed


@case
def acceptance_with_forged_page(world):
    """One update with the holder's signature and another scope of business: level 2 permits the first alone."""
    return _accepted(_licence(world), world.holder, changed={CONTENT: forged_content()}).data


@case
def acceptance_moves_its_field(world):
    """The field grows over the text when it is signed: level 2 lets a field be signed, not moved."""
    moved = {FIELD: _field(b"%d 0 R" % VALUE, b"0 0 595 842")}
    return _accepted(_licence(world), world.holder, changed=moved).data


@case
def acceptance_on_level_1(world):
    """The authority's certification permits no change at all, and so no acceptance in the file."""
    return _accepted(_licence(world, certify=1), world.holder).data


@case
def acceptance_followed_by_change(world):
    return update(_accepted(_licence(world), world.holder), {CONTENT: forged_content()}).data


@case
def acceptance_followed_by_annotation(world):
    pdf = _accepted(_licence(world), world.holder)
    note = b"<</Type/Annot/Subtype/FreeText/Rect[40 690 400 720]/Contents(Scope: fireworks)/DA(/F1 18 Tf 0 g)/F 4/P 3 0 R>>"
    return update(pdf, {PAGE: page(b"6 0 R %d 0 R 30 0 R" % FIELD), 30: note}).data


@case
def acceptance_taken_out_again(world):
    """An update empties the field, so that viewers show a licence that nobody accepted."""
    return update(_accepted(_licence(world), world.holder), {FIELD: _field()}).data


@case
def acceptance_cut_off(world):
    """Without its last update the file is the issued one, byte for byte: that is no forgery."""
    issued = _licence(world)
    accepted = _accepted(issued, world.holder)
    return accepted.data[: len(issued.data)]
