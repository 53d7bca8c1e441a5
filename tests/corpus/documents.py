"""The licence that attacks begin with: one page, a visible seal, a certifying signature over the whole file."""

import re
from datetime import timedelta

from tests.corpus.makers import cms
from tests.corpus.makers.keys import SM3
from tests.corpus.makers.pdf import (
    CATALOG,
    CONTENT,
    FONT,
    INFO,
    PAGE,
    PAGES,
    SEAL,
    SIGNATURE,
    WIDGET,
    Pdf,
    fill,
    flate,
    new,
    signature_value,
    stream,
    update,
    with_data,
)
from tests.pki import NOW

TEXT = b"BT /F1 18 Tf 40 740 Td (FOOD BUSINESS LICENCE JY14417020000001) Tj 0 -40 Td (%b) Tj ET"
SCOPE, FORGED_SCOPE = b"Scope: prepacked food", b"Scope: wine, spirits and fireworks"
MINUTE = timedelta(minutes=1)


def page(annotations=b"6 0 R", extra=b""):
    return (
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R"
        b"/Resources<</Font<</F1 5 0 R>>>>/Annots[%b]%b>>" % (annotations, extra)
    )


def catalog(fields=b"6 0 R", extra=b"", *, certify=1, form=b""):
    perms = b"" if certify is None else b"/Perms<</DocMDP 7 0 R>>"
    return b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[%b]/SigFlags 3%b>>%b%b>>" % (fields, form, perms, extra)


def widget(value=b"7 0 R", rectangle=b"380 80 500 200", field=b"Signature1", appearance=b"/AP<</N 8 0 R>>"):
    return b"<</Type/Annot/Subtype/Widget/FT/Sig/T(%b)/V %b/P 3 0 R/Rect[%b]/F 132%b>>" % (
        field,
        value,
        rectangle,
        appearance,
    )


def form_object(content=b"q 1 0 0 RG 4 w 10 10 100 100 re S Q"):
    return stream(content, b"/Type/XObject/Subtype/Form/BBox[0 0 120 120]")


def objects(*, certify=1, pdf_date=NOW, extra=b"", **value):
    """The objects of a licence whose signature is still open."""
    date = b"/M(D:%b)" % f"{pdf_date:%Y%m%d%H%M%S}Z".encode() if pdf_date else b""
    return {
        CATALOG: catalog(certify=certify),
        PAGES: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        PAGE: page(),
        CONTENT: flate(TEXT % SCOPE),
        FONT: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
        WIDGET: widget(),
        SIGNATURE: signature_value(certify=certify, extra=date + extra, **value),
        SEAL: form_object(),
        INFO: b"<</Title(Food business licence)>>",
    }


def draft(changed=None, **options) -> Pdf:
    """A licence with an open signature; ``changed`` objects replace or join the usual ones."""
    return new({**objects(**options), **(changed or {})})


def sm3(data):
    return cms.digest(SM3, data)


def signature_of(holder, **options):
    """A function of the covered bytes that makes a baseline signature."""
    return lambda content: cms.pades(holder, cms.digest(holder.pair.digest_oid, content), **options)


def stamped(unit, at=NOW, **options):
    """Unsigned attributes with a time-stamp over the signature value."""
    return lambda signature: (cms.signature_timestamp(cms.token(unit, sm3(signature), at, **options)),)


def signed(holder, changed=None, *, make=None, unsigned=(), **options) -> Pdf:
    """A licence signed by ``holder``, or filled with what ``make`` makes of the covered bytes."""
    pdf = draft(changed, **options)
    return with_data(pdf, fill(pdf.data, make or signature_of(holder, unsigned=unsigned)))


def unsigned_licence() -> Pdf:
    """The same face without a signature field."""
    whole = objects()
    del whole[SIGNATURE], whole[WIDGET]
    whole[CATALOG] = b"<</Type/Catalog/Pages 2 0 R>>"
    whole[PAGE] = page(b"")
    return new(whole)


def forged_content():
    """The page's content with another scope of business."""
    return flate(TEXT % FORGED_SCOPE)


def further_field(pdf, value, *, field=b"Signature2", rectangle=b"0 0 0 0", appearance=b"", number=None, certify=1):
    """Objects of one more signature field with the open signature ``value``."""
    number = number or pdf.next_number
    fields = _names_in(pdf.objects[CATALOG], b"/Fields[") + b" %d 0 R" % number
    annotations = _names_in(pdf.objects[PAGE], b"/Annots[") + b" %d 0 R" % number
    return {
        CATALOG: _with_names(pdf.objects[CATALOG], b"/Fields[", fields),
        PAGE: _with_names(pdf.objects[PAGE], b"/Annots[", annotations),
        number: widget(b"%d 0 R" % (number + 1), rectangle, field, appearance),
        number + 1: value,
    }


def _names_in(body, key):
    start = body.index(key) + len(key)
    return body[start : body.index(b"]", start)]


def _with_names(body, key, names):
    return body.replace(key + _names_in(body, key), key + names, 1)


def countersigned(
    pdf, holder, *, make=None, field=b"Signature2", visible=False, certify=None, changed=None, unsigned=()
):
    """One more signature in an update."""
    value = signature_value(certify=certify, extra=b"/M(D:%b)" % f"{NOW:%Y%m%d%H%M%S}Z".encode())
    parts = further_field(
        pdf,
        value,
        field=field,
        rectangle=b"80 80 200 200" if visible else b"0 0 0 0",
        appearance=b"/AP<</N 8 0 R>>" if visible else b"",
    )
    updated = update(pdf, {**parts, **(changed or {})})
    return with_data(updated, fill(updated.data, make or signature_of(holder, unsigned=unsigned)))


def signed_twice(first, second, *, make=None, certify=2, unsigned=(), **options):
    """The second signature fills a field that stood empty when the first was made."""
    empty = widget(b"99 0 R", b"0 0 0 0", b"Signature2", b"").replace(b"/V 99 0 R", b"")
    whole = {CATALOG: catalog(b"6 0 R 20 0 R", certify=certify), PAGE: page(b"6 0 R 20 0 R"), 20: empty}
    pdf = signed(first, whole, certify=certify, unsigned=unsigned, **options)
    filled = {20: widget(b"21 0 R", b"0 0 0 0", b"Signature2", b""), 21: signature_value(certify=None)}
    updated = update(pdf, filled)
    return with_data(updated, fill(updated.data, make or signature_of(second)))


def with_evidence(pdf, *, certificates=(), crls=(), ocsp_responses=(), extra=b"", anew=False):
    """An update with a document security store (12.8.4.3); what an earlier one held stays in it.

    The earlier store is written anew under its own number, or left behind by one under another number.
    """
    former = _store_number(pdf)
    store = former if former and not anew else pdf.next_number
    number, changed, parts = max(store, pdf.next_number - 1) + 1, {}, b""
    for key, values in ((b"Certs", certificates), (b"CRLs", crls), (b"OCSPs", ocsp_responses)):
        held = pdf.objects.get(former, b"")
        names = _names_in(held, b"/%b[" % key) if b"/%b[" % key in held else b""
        for value in values:
            changed[number] = flate(value)
            names += b" %d 0 R" % number
            number += 1
        parts += b"/%b[%b]" % (key, names) if names else b""
    changed[store] = b"<</Type/DSS%b%b>>" % (parts, extra)
    if store != former:
        root = pdf.objects[CATALOG].replace(b"/DSS %d 0 R" % former, b"")
        changed[CATALOG] = root[:-2] + b"/DSS %d 0 R>>" % store
    return update(pdf, changed)


def _store_number(pdf):
    found = re.search(rb"/DSS (\d+) 0 R", pdf.objects[CATALOG])
    return int(found[1]) if found else 0


def archived(pdf, unit, at=NOW, *, field=b"Archive1", make=None, **options):
    """An update with a document time-stamp (12.8.5) over everything before it."""
    value = signature_value(sub_filter="ETSI.RFC3161", certify=None, kind="DocTimeStamp")
    updated = update(pdf, further_field(pdf, value, field=field))
    make = make or (lambda content: cms.token(unit, sm3(content), at, **options))
    return with_data(updated, fill(updated.data, make))
