"""Evil annotation and sneaky signature: what looks like content, but is drawn by an annotation or a second signature.

After "Breaking the Specification: PDF Certification" (Rohlmann, Mladenov, Mainka, Schwenk, 2021).
"""

from tests.corpus.attacks.shadow import TEXT_FIELD, appearance, with_form_field
from tests.corpus.case import case
from tests.corpus.documents import catalog, countersigned, forged_content, page, signed, widget
from tests.corpus.makers.pdf import CATALOG, CONTENT, PAGE, SIGNATURE, WIDGET, signature_value, update


def _annotated(world, annotation, *, certify):
    pdf = signed(world.signer, certify=certify)
    return update(pdf, {PAGE: page(b"6 0 R 20 0 R"), 20: annotation, 21: appearance(b"Scope: fireworks")}).data


FREE_TEXT = (
    b"<</Type/Annot/Subtype/FreeText/Rect[40 690 400 720]/Contents(Scope: fireworks)/DA(/F1 18 Tf 0 g)"
    b"/F 4/P 3 0 R/AP<</N 21 0 R>>>>"
)
STAMP = b"<</Type/Annot/Subtype/Stamp/Rect[40 690 400 720]/F 4/P 3 0 R/AP<</N 21 0 R>>>>"
REDACT = b"<</Type/Annot/Subtype/Redact/Rect[40 690 400 720]/F 4/P 3 0 R/IC[1 1 1]/AP<</N 21 0 R>>>>"
LINK = b"<</Type/Annot/Subtype/Link/Rect[0 0 595 842]/P 3 0 R/A<</S/URI/URI(http://forged.example/)>>>>"
NOTE = b"<</Type/Annot/Subtype/Text/Rect[0 0 20 20]/P 3 0 R/Contents(a note)>>"


@case
def eaa_free_text_uncertified(world):
    return _annotated(world, FREE_TEXT, certify=None)


@case
def eaa_free_text_p1(world):
    return _annotated(world, FREE_TEXT, certify=1)


@case
def eaa_free_text_p2(world):
    return _annotated(world, FREE_TEXT, certify=2)


@case
def eaa_free_text_p3(world):
    """Annotations are what P 3 allows (12.8.2.2.2); for a licence they are none the less a change."""
    return _annotated(world, FREE_TEXT, certify=3)


@case
def eaa_stamp_p3(world):
    return _annotated(world, STAMP, certify=3)


@case
def eaa_redaction_p3(world):
    return _annotated(world, REDACT, certify=3)


@case
def eaa_link_over_the_page(world):
    return _annotated(world, LINK, certify=1)


@case
def eaa_invisible_note_p3(world):
    return _annotated(world, NOTE, certify=3)


@case
def eaa_seal_moved(world):
    """The seal's widget gets another rectangle and hides the scope of business."""
    return update(signed(world.signer), {WIDGET: widget(rectangle=b"0 0 595 842")}).data


@case
def eaa_seal_hidden(world):
    """A suspended licence's seal made invisible, or the other way round."""
    return update(signed(world.signer), {WIDGET: widget().replace(b"/F 132", b"/F 134")}).data


@case
def ssa_evil_signature_uncertified(world):
    """A second, visible signature by a stranger covers the scope of business of an uncertified licence."""
    return countersigned(signed(world.signer, certify=None), world.stranger, visible=True).data


@case
def ssa_evil_signature_p1(world):
    return countersigned(signed(world.signer), world.stranger, visible=True).data


@case
def ssa_evil_signature_p2(world):
    """P 2 allows further signatures (12.8.2.2.2); this one draws over the page."""
    return countersigned(signed(world.signer, certify=2), world.stranger, visible=True).data


@case
def ssa_evil_signature_p3(world):
    return countersigned(signed(world.signer, certify=3), world.stranger, visible=True).data


@case
def ssa_evil_signature_broken(world):
    """The second signature does not even verify; the first must not be shown as the only one."""
    broken = lambda content: b"\x30\x03\x02\x01\x00"  # noqa: E731
    return countersigned(signed(world.signer, certify=2), None, visible=True, make=broken).data


@case
def ssa_trusted_but_visible(world):
    """The second signer is trusted, but what it draws was not there when the authority signed."""
    other = world.leaf("另一机关")
    return countersigned(signed(world.signer, certify=2), other, visible=True).data


@case
def ssa_trusted_invisible_uncertified(world):
    """An invisible second signature by another trusted signer: a change after the first one all the same."""
    other = world.leaf("另一机关")
    return countersigned(signed(world.signer, certify=None), other).data


@case
def ssa_signature_with_forged_page(world):
    """A second trusted signature in one update with a forged page."""
    pdf = signed(world.signer, certify=2)
    return countersigned(pdf, world.leaf("另一机关"), changed={CONTENT: forged_content()}).data


# Certification (12.8.2.2): what was allowed is stretched, taken away or contradicted.


@case
def certification_p2_form_filled(world):
    """Filling in is what P 2 allows; the default policy for licences names no change as permitted."""
    pdf = with_form_field(world, certify=2)
    return update(pdf, {20: TEXT_FIELD % (b"fireworks", b""), 21: appearance(b"fireworks")}).data


@case
def certification_p3_form_filled(world):
    pdf = with_form_field(world, certify=3)
    return update(pdf, {20: TEXT_FIELD % (b"fireworks", b""), 21: appearance(b"fireworks")}).data


@case
def certification_removed(world):
    """The update takes /Perms away, so that a viewer no longer knows of the certification, and annotates."""
    pdf = signed(world.signer)
    changed = {
        CATALOG: catalog(certify=None),
        PAGE: page(b"6 0 R 20 0 R"),
        20: FREE_TEXT,
        21: appearance(b"Scope: fireworks"),
    }
    return update(pdf, changed).data


@case
def certification_lowered(world):
    """The signature dictionary is written anew with P 3 instead of P 1, and the page annotated."""
    pdf = signed(world.signer)
    start = pdf.data.index(b"7 0 obj\n") + 8
    value = pdf.data[start : pdf.data.index(b"\nendobj", start)].replace(b"/P 1/V", b"/P 3/V")
    changed = {SIGNATURE: value, PAGE: page(b"6 0 R 20 0 R"), 20: FREE_TEXT, 21: appearance(b"fireworks")}
    return update(pdf, changed).data


@case
def certification_without_perms(world):
    """Control: the signature certifies by its reference, the catalog does not say so; nothing was changed."""
    return signed(world.signer, {CATALOG: catalog(certify=None)}).data


@case
def certification_perms_only(world):
    """Control: the catalog points to a signature that has no DocMDP reference; nothing was changed."""
    return signed(world.signer, {SIGNATURE: signature_value(certify=None)}).data


@case
def certification_unknown_level(world):
    """P 9 does not exist; whatever it means, nothing was changed."""
    return signed(world.signer, certify=9).data


@case
def certification_twice(world):
    """A second certification by a stranger: only the first signature may certify (12.8.2.2.1)."""
    return countersigned(signed(world.signer, certify=2), world.stranger, certify=3).data


@case
def certification_lock_broken(world):
    """The signature locks all fields (12.8.2.4), and one is filled in afterwards."""
    lock = b"/Reference[<</Type/SigRef/TransformMethod/FieldMDP/TransformParams<</Type/TransformParams/Action/All/V/1.2>>>>]"
    changed = {
        CATALOG: catalog(b"6 0 R 20 0 R", certify=None),
        PAGE: page(b"6 0 R 20 0 R"),
        SIGNATURE: signature_value(certify=None, extra=lock),
        20: TEXT_FIELD % (b"prepacked food", b""),
        21: appearance(b"prepacked food"),
    }
    pdf = signed(world.signer, changed, certify=None)
    return update(pdf, {20: TEXT_FIELD % (b"fireworks", b""), 21: appearance(b"fireworks")}).data
