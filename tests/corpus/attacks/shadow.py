"""Shadow attacks: the author prepares the file before it is signed, and an update brings out what was hidden.

After "Shadow Attacks: Hiding and Replacing Content in Signed PDFs" (Mainka, Mladenov, Rohlmann, 2021): hide, replace,
hide and replace; and what an update can do to fonts, actions, names and layers.
"""

from tests.corpus.case import case
from tests.corpus.documents import TEXT, catalog, draft, forged_content, page, signature_of, signed, with_evidence
from tests.corpus.makers.pdf import (
    CATALOG,
    CONTENT,
    FONT,
    PAGE,
    PAGES,
    SEAL,
    fill,
    flate,
    offset_of_xref,
    stream,
    table,
    update,
)

FORM = b"/DA(/F1 12 Tf 0 g)/DR<</Font<</F1 5 0 R>>>>"
UNCERTIFIED = {"certify": None}
TEXT_FIELD = (
    b"<</Type/Annot/Subtype/Widget/FT/Tx/T(scope)/V(%b)/DA(/F1 12 Tf 0 g)/P 3 0 R/Rect[40 600 400 630]"
    b"/F 4/AP<</N 21 0 R>>%b>>"
)


def appearance(text):
    return stream(
        b"/Tx BMC q BT /F1 12 Tf 2 10 Td (%b) Tj ET Q EMC" % text,
        b"/Type/XObject/Subtype/Form/BBox[0 0 360 30]/Resources<</Font<</F1 5 0 R>>>>",
    )


def with_form_field(world, *, certify):
    """A signed file with a text field on the page, as licences never have one."""
    changed = {
        CATALOG: catalog(b"6 0 R 20 0 R", certify=certify, form=FORM),
        PAGE: page(b"6 0 R 20 0 R"),
        20: TEXT_FIELD % (b"prepacked food", b""),
        21: appearance(b"prepacked food"),
    }
    return signed(world.signer, changed, certify=certify)


# Hide: what lies on top is taken away, and the hidden content below is seen.


def _with_overlay(world):
    contents = {PAGE: page().replace(b"/Contents 4 0 R", b"/Contents[20 0 R 4 0 R]"), 20: forged_content()}
    return signed(world.signer, contents)


@case
def shadow_hide_by_page_contents(world):
    """The signed page draws both; the update leaves the upper one out."""
    return update(_with_overlay(world), {PAGE: page().replace(b"/Contents 4 0 R", b"/Contents 20 0 R")}).data


@case
def shadow_hide_by_freed_object(world):
    return update(_with_overlay(world), {}, freed=(CONTENT,)).data


@case
def shadow_hide_by_pages(world):
    """The hidden page was signed, but no one saw it."""
    hidden = {
        20: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 21 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        21: forged_content(),
    }
    return update(signed(world.signer, hidden), {PAGES: b"<</Type/Pages/Kids[20 0 R]/Count 1>>"}).data


@case
def shadow_hide_by_layer(world):
    """Optional content (8.11): the update only turns one layer off and the other on."""
    layers = b"/OCProperties<</OCGs[20 0 R 21 0 R]/D<</ON[%b]/OFF[%b]>>>>"
    text = b"/OC /L1 BDC %b EMC /OC /L2 BDC BT /F1 18 Tf 40 700 Td (Scope: fireworks) Tj ET EMC" % (
        TEXT % b"Scope: food"
    )
    changed = {
        CATALOG: catalog(extra=layers % (b"20 0 R", b"21 0 R")),
        PAGE: page().replace(b"/Resources<<", b"/Resources<</Properties<</L1 20 0 R/L2 21 0 R>>"),
        CONTENT: flate(text),
        20: b"<</Type/OCG/Name(shown)>>",
        21: b"<</Type/OCG/Name(hidden)>>",
    }
    pdf = signed(world.signer, changed)
    return update(pdf, {CATALOG: catalog(extra=layers % (b"21 0 R", b"20 0 R"))}).data


# Replace: objects that seem harmless are written anew.


@case
def shadow_replace_font(world):
    """Another font draws the same codes as other glyphs."""
    encoding = b"/Encoding<</Type/Encoding/Differences[48/nine/eight/seven/six/five/four/three/two/one/zero]>>"
    return update(signed(world.signer), {FONT: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica%b>>" % encoding}).data


@case
def shadow_replace_font_uncertified(world):
    encoding = b"/Encoding<</Type/Encoding/Differences[48/nine/eight/seven/six/five/four/three/two/one/zero]>>"
    pdf = signed(world.signer, **UNCERTIFIED)
    return update(pdf, {FONT: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica%b>>" % encoding}).data


@case
def shadow_replace_seal(world):
    """The seal's appearance is written anew: another authority's seal on the same signature."""
    red = stream(b"q 0 0 1 rg 0 0 120 120 re f Q", b"/Type/XObject/Subtype/Form/BBox[0 0 120 120]")
    return update(signed(world.signer), {SEAL: red}).data


@case
def shadow_replace_form_value(world):
    pdf = with_form_field(world, certify=1)
    return update(pdf, {20: TEXT_FIELD % (b"fireworks", b""), 21: appearance(b"fireworks")}).data


@case
def shadow_replace_form_value_uncertified(world):
    """What pyHanko takes by default: filling in a form after an approval signature."""
    pdf = with_form_field(world, certify=None)
    return update(pdf, {20: TEXT_FIELD % (b"fireworks", b""), 21: appearance(b"fireworks")}).data


@case
def shadow_replace_appearance_only(world):
    """The value stays, what is drawn changes."""
    return update(with_form_field(world, certify=None), {21: appearance(b"fireworks")}).data


@case
def shadow_replace_need_appearances(world):
    """The update only asks the viewer to draw the fields itself, from values that were prepared to differ."""
    changed = {
        CATALOG: catalog(b"6 0 R 20 0 R", certify=None, form=FORM),
        PAGE: page(b"6 0 R 20 0 R"),
        20: TEXT_FIELD % (b"fireworks", b""),
        21: appearance(b"prepacked food"),
    }
    pdf = signed(world.signer, changed, certify=None)
    root = catalog(b"6 0 R 20 0 R", certify=None, form=FORM + b"/NeedAppearances true")
    return update(pdf, {CATALOG: root}).data


# Hide and replace: the file holds a second set of objects, and the update only says which set counts.


@case
def shadow_hide_and_replace(world):
    """A whole forged definition of the page's content is inside the signed bytes; the update's table points to it."""
    pdf = draft()
    at = offset_of_xref(pdf.data)
    second = b"4 0 obj\n%b\nendobj\n" % forged_content()
    tail = pdf.data[at:].replace(b"startxref\n%d" % at, b"startxref\n%d" % (at + len(second)))
    data = fill(pdf.data[:at] + second + tail, signature_of(world.signer))
    xref = table({CONTENT: at}, with_zero=False)
    end = b"trailer\n<</Size 20/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n"
    return data + xref + end % (offset_of_xref(data), len(data))


@case
def shadow_hide_and_replace_by_startxref(world):
    """Only a pointer is appended: it leads to a second table within the signed bytes."""
    pdf = draft()
    at = offset_of_xref(pdf.data)
    second = b"4 0 obj\n%b\nendobj\n" % forged_content()
    hidden = second + table({CONTENT: at}, with_zero=False)
    trailer = b"trailer\n<</Size 20/Root 1 0 R/Prev %010d>>\n"
    first_table = at + len(hidden) + len(trailer % 0)
    hidden += trailer % first_table
    tail = pdf.data[at:].replace(b"startxref\n%d" % at, b"startxref\n%d" % first_table)
    data = fill(pdf.data[:at] + hidden + tail, signature_of(world.signer))
    return data + b"startxref\n%d\n%%%%EOF\n" % (at + len(second))


# Actions and names.


def _catalog_with(world, extra, more=None):
    return update(signed(world.signer), {CATALOG: catalog(extra=extra), **(more or {})}).data


@case
def shadow_open_action_added(world):
    return _catalog_with(world, b"/OpenAction<</S/URI/URI(http://forged.example/)>>")


@case
def shadow_javascript_names_added(world):
    script = b"/Names<</JavaScript<</Names[(a)20 0 R]>>>>"
    return _catalog_with(world, script, {20: b"<</S/JavaScript/JS(app.alert\\(1\\))>>"})


@case
def shadow_attachment_added(world):
    """A second machine-readable licence beside the page."""
    names = b"/Names<</EmbeddedFiles<</Names[(licence.json)20 0 R]>>>>"
    return _catalog_with(
        world,
        names,
        {
            20: b"<</Type/Filespec/F(licence.json)/UF(licence.json)/EF<</F 21 0 R>>>>",
            21: stream(b'{"scope": "fireworks"}', b"/Type/EmbeddedFile"),
        },
    )


@case
def shadow_additional_actions_added(world):
    return _catalog_with(world, b"/AA<</WC<</S/JavaScript/JS(app.alert\\(1\\))>>>>")


@case
def shadow_page_labels_added(world):
    return _catalog_with(world, b"/PageLabels<</Nums[0<</S/D/St 7>>]>>")


@case
def shadow_viewer_preferences_added(world):
    return _catalog_with(world, b"/ViewerPreferences<</HideToolbar true/HideMenubar true>>")


@case
def shadow_layers_added(world):
    return _catalog_with(world, b"/OCProperties<</OCGs[20 0 R]/D<</OFF[20 0 R]>>>>", {20: b"<</Type/OCG/Name(n)>>"})


@case
def shadow_xfa_added(world):
    return update(signed(world.signer), {CATALOG: catalog(form=b"/XFA 20 0 R"), 20: stream(b"<xdp/>")}).data


@case
def shadow_version_raised(world):
    return _catalog_with(world, b"/Version/2.0")


@case
def shadow_evidence_with_a_stowaway(world):
    """An update that adds a DSS, as is allowed, and writes the page's content anew, as is not."""
    pdf = with_evidence(signed(world.signer), crls=(world.crl_of(world.ca),))
    return update(pdf, {CONTENT: forged_content()}).data


@case
def shadow_evidence_that_is_content(world):
    """The page's content is passed off as a revocation list in the DSS."""
    changed = {
        CATALOG: catalog(extra=b"/DSS 20 0 R"),
        20: b"<</Type/DSS/CRLs[4 0 R]>>",
        CONTENT: forged_content(),
    }
    return update(signed(world.signer), changed).data
