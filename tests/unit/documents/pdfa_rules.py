"""The rules of PDF/A-3b (ISO 19005-3:2012) that concern files like ours, checked on the bytes with pikepdf.

veraPDF is in no package registry that the project may use; these are our own reading of the clauses. Each rule
yields sentences that start with the number of the clause; a file without any is taken as conforming.
"""

import re
import struct
from io import BytesIO
from xml.etree import ElementTree as ET

import pikepdf
from fontTools.ttLib import TTFont
from pikepdf import Array, Dictionary, Name, Operator, Stream, String

XMP = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "pdfaid": "http://www.aiim.org/pdfa/ns/id/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
}
OPERATORS = re.compile(
    r"[bBfFSsWnqQGgKkJjMdhilmcvwy]|[bBfWT]\*|BDC|BMC|EMC|[BE][ITX]|d[01]|cm|CS|cs|Do|DP|gs|ID|MP|re|RG|rg|ri"
    r"|SC|sc|SCN|scn|sh|T[cdDfjJLmrswz]|['\"]"
)
FORBIDDEN_ACTIONS = re.compile("/(Launch|Sound|Movie|ResetForm|ImportData|Hide|SetOCGState|Rendition|Trans|JavaScript)")
TABLES = {"glyf", "head", "hhea", "hmtx", "loca", "maxp"}


def violations(data):
    """All broken rules of a file."""
    found = list(file_structure(data))
    with pikepdf.open(BytesIO(data)) as pdf:
        for rule in (
            objects,
            actions,
            metadata,
            output_intent,
            fonts,
            images,
            page,
            annotations,
            attachments,
            signature,
        ):
            found += list(rule(pdf))
    return found


def file_structure(data):
    """6.1.2, 6.1.3, 6.1.4, 6.1.7, 6.1.9: header, trailer, cross-reference, streams, object syntax."""
    if not re.match(rb"%PDF-1\.[0-7]\n%[\x80-\xff]{4,}\n", data):
        yield "6.1.2 header"
    if not re.search(
        rb"trailer\n<<.*/ID ?\[ ?<[0-9a-f]{32}> ?<[0-9a-f]{32}> ?\].*>>\nstartxref\n\d+\n%%EOF\n?$", data, re.DOTALL
    ):
        yield "6.1.3 trailer"
    if b"/Encrypt" in data[data.rindex(b"trailer") :]:
        yield "6.1.3 encryption"
    table = data[int(re.search(rb"startxref\n(\d+)", data)[1]) :]
    if not re.match(rb"xref\n0 \d+\n(\d{10} \d{5} [nf] \n)+trailer", table):
        yield "6.1.4 cross-reference table"
    for section in re.finditer(rb"\nxref\n((?:\d+ \d+\n(?:\d{10} \d{5} [nf] \n)+)+)trailer", data):
        for first, rows in re.findall(rb"(\d+) \d+\n((?:\d{10} \d{5} [nf] \n)+)", section[1]):
            for number, (offset, kind) in enumerate(re.findall(rb"(\d{10}) \d{5} ([nf]) \n", rows), int(first)):
                if kind == b"n" and not data[int(offset) :].startswith(b"%d 0 obj\n" % number):
                    yield f"6.1.9 object {number}"


def objects(pdf):
    """6.1.6-6.1.8, 6.1.13: streams, strings, names."""
    for item in pdf.objects:
        if isinstance(item, Stream):
            filters = item.get(Name.Filter, Name.FlateDecode)
            if filters != Name.FlateDecode:
                yield f"6.1.7.2 filter {filters}"
            if {"/F", "/FFilter", "/FDecodeParms"} & set(item.keys()):
                yield "6.1.7.1 external stream"
        for value in walk(item):
            if isinstance(value, String) and len(bytes(value)) > 32_767:
                yield "6.1.13 long string"
            if isinstance(value, Name) and len(str(value).encode()) > 128:
                yield "6.1.13 long name"


def actions(pdf):
    """6.4.2, 6.5, 6.10: nothing acts, hides or asks."""
    values = (value for item in pdf.objects for value in walk(item) if isinstance(value, Dictionary))
    yield from (f"6.5.1 action {v.S}" for v in values if FORBIDDEN_ACTIONS.fullmatch(str(v.get(Name.S, ""))))
    for key in ("/AA", "/OCProperties", "/Requirements", "/OpenAction", "/NeedsRendering"):
        if key in pdf.Root:
            yield f"6.5.2, 6.4.2, 6.10 catalogue entry {key}"
    if Name.JavaScript in pdf.Root.get(Name.Names, Dictionary()):
        yield "6.5.1 JavaScript"


def walk(item, depth=0):
    """Direct values inside an object."""
    yield item
    if depth > 12:
        return
    if isinstance(item, Dictionary | Stream):
        for value in item.values() if isinstance(item, Dictionary) else item.stream_dict.values():
            if not getattr(value, "is_indirect", False):
                yield from walk(value, depth + 1)
    elif isinstance(item, Array):
        for value in item:
            if not getattr(value, "is_indirect", False):
                yield from walk(value, depth + 1)


def metadata(pdf):
    """6.6.2, 6.6.4: an XMP packet in plain text that says what the file is."""
    stream = pdf.Root.get(Name.Metadata)
    if stream is None or Name.Filter in stream:
        yield "6.6.2.1 metadata stream"
        return
    packet = stream.read_bytes()
    header = packet.split(b"?>")[0]
    if b"bytes=" in header or b"encoding=" in header:
        yield "6.6.2.1 packet header"
    tree = ET.fromstring(packet)
    for path, expected in ((".//pdfaid:part", "3"), (".//pdfaid:conformance", "B"), (".//dc:title//rdf:li", None)):
        text = tree.findtext(path, namespaces=XMP)
        if not text or (expected and text != expected):
            yield f"6.6.4 {path}"
    if tree.findtext(".//xmp:CreateDate", namespaces=XMP) is None:
        yield "6.6.2.3 dates"
    if Name.Info in pdf.trailer:
        yield "6.6.2.3 an information dictionary would have to agree"


def output_intent(pdf):
    """6.2.3: one ICC profile for all device colours."""
    intents = pdf.Root.get(Name.OutputIntents, Array())
    profiles = {i.DestOutputProfile.objgen for i in intents if i.get(Name.S) == Name.GTS_PDFA1}
    if len(profiles) != 1:
        yield "6.2.3 output intent"
        return
    stream = intents[0].DestOutputProfile
    profile = stream.read_bytes()
    size, version, kind, space = struct.unpack(">I4xB3x4s4s", profile[:20])
    if size != len(profile) or version > 4 or kind not in (b"mntr", b"prtr") or profile[36:40] != b"acsp":
        yield "6.2.3 profile"
    if space != b"RGB " or stream.N != 3:
        yield "6.2.4.3 device colours need an RGB profile"


def fonts(pdf):
    """6.2.11: every font embedded, widths as in the program, every code shown has a glyph and a meaning."""
    shown = codes_shown(pdf.pages[0])
    for name, font in pdf.pages[0].Resources.Font.items():
        descendant = font.DescendantFonts[0]
        descriptor = descendant.FontDescriptor
        if font.Subtype != Name.Type0 or font.Encoding != Name("/Identity-H"):
            yield f"6.2.11.3 {name}"
        if descendant.CIDToGIDMap != Name.Identity or descendant.Subtype != Name.CIDFontType2:
            yield f"6.2.11.3.2 {name}"
        if Name.FontFile2 not in descriptor:
            yield f"6.2.11.4.1 {name} is not embedded"
            continue
        if Name.CIDSet in descriptor:
            yield f"6.2.11.4.2 {name}: a CIDSet would have to be complete"
        if {font.BaseFont, descendant.BaseFont, descriptor.FontName} != {font.BaseFont}:
            yield f"6.2.11.4.1 {name} is named differently"
        program = TTFont(BytesIO(descriptor.FontFile2.read_bytes()))
        if TABLES - set(program.keys()) or program["head"].unitsPerEm != 1000:
            yield f"6.2.11.4.1 {name} lacks tables"
        yield from glyphs(name, program, shown.get(name, set()), widths(descendant.W), unicode_map(font.ToUnicode))


def glyphs(name, program, codes, stated, meanings):
    """6.2.11.5, 6.2.11.7, 6.2.11.8 for the codes that are shown in one font."""
    order = program.getGlyphOrder()
    for code in sorted(codes):
        if not 0 < code < len(order):
            yield f"6.2.11.8 {name} shows glyph {code}"
        elif stated.get(code) != program["hmtx"][order[code]][0]:
            yield f"6.2.11.5 {name} width of glyph {code}"
        if code not in meanings or meanings[code] in "\0\ufeff\ufffe":
            yield f"6.2.11.7.2 {name} meaning of glyph {code}"


def codes_shown(page_object):
    """Font name to glyph numbers."""
    shown, current = {}, None
    for operands, operator in pikepdf.parse_content_stream(page_object):
        if operator == Operator("Tf"):
            current = str(operands[0])
        if operator == Operator("Tj"):
            text = bytes(operands[0])
            shown.setdefault(current, set()).update(struct.unpack(f">{len(text) // 2}H", text))
    return shown


def widths(array):
    stated, items = {}, list(array)
    for first, group in zip(items[::2], items[1::2], strict=True):
        stated |= {int(first) + offset: int(width) for offset, width in enumerate(group)}
    return stated


def unicode_map(stream):
    pairs = re.findall(rb"<([0-9A-F]{4})> <([0-9A-F]+)>", stream.read_bytes().split(b"endcodespacerange")[1])
    return {int(code, 16): bytes.fromhex(text.decode()).decode("utf-16-be") for code, text in pairs}


def images(pdf):
    """6.2.8: no interpolation, no alternates; 6.2.5-6.2.6: no external or PostScript objects."""
    for item in pdf.objects:
        if isinstance(item, Stream) and item.get(Name.Type) == Name.XObject:
            if item.get(Name.Interpolate, False) or {"/Alternates", "/OPI", "/Ref", "/PS"} & set(item.keys()):
                yield f"6.2.8 {item.objgen}"
            if item.Subtype not in (Name.Image, Name.Form) or item.get("/Subtype2") == Name.PS:
                yield f"6.2.9 {item.objgen}"


def page(pdf):
    """6.2.2, 6.2.10, 6.1.12: known operators, own resources, a blending space, nesting."""
    for one in pdf.pages:
        if Name.Resources not in one:
            yield "6.2.2 resources"
        if Name.Group in one and one.Group.get(Name.CS) != Name.DeviceRGB:
            yield "6.2.10 blending space"
        nesting = deepest = 0
        for _, operator in pikepdf.parse_content_stream(one):
            if not OPERATORS.fullmatch(str(operator)):
                yield f"6.2.2 operator {operator}"
            nesting += {"q": 1, "Q": -1}.get(str(operator), 0)
            deepest = max(deepest, nesting)
        if nesting != 0 or deepest > 28:
            yield f"6.1.13 q and Q: {nesting} left, {deepest} deep"


def annotations(pdf):
    """6.3, 6.4: printed, visible, with an appearance, without actions."""
    for annotation in pdf.pages[0].get(Name.Annots, Array()):
        if annotation.Subtype != Name.Widget:
            yield f"6.3.1 {annotation.Subtype}"
        flags = int(annotation.F)
        if not flags & 4 or flags & (1 | 2 | 32 | 256):
            yield f"6.3.2 flags {flags}"
        left, bottom, right, top = (float(edge) for edge in annotation.Rect)
        appearance = annotation.get(Name.AP)
        # What has no size needs no appearance.
        if (appearance is not None or (left, bottom) != (right, top)) and (
            appearance is None or list(appearance.keys()) != ["/N"] or not isinstance(appearance.N, Stream)
        ):
            yield "6.3.3 appearance"
        if {"/A", "/AA"} & set(annotation.keys()):
            yield "6.4.1 action of a field"
    form = pdf.Root.get(Name.AcroForm, Dictionary())
    if form.get(Name.NeedAppearances, False) or Name.XFA in form:
        yield "6.4.1 form"


def attachments(pdf):
    """6.8: every embedded file is associated and described."""
    names = pdf.Root.get(Name.Names, Dictionary()).get(Name.EmbeddedFiles, Dictionary()).get(Name.Names, Array())
    associated = {item.objgen for item in pdf.Root.get(Name.AF, Array())}
    for file in list(names)[1::2]:
        if not {"/F", "/UF", "/EF", "/AFRelationship"} <= set(file.keys()) or file.objgen not in associated:
            yield "6.8 file specification"
        embedded = file.EF.F
        if Name.Subtype not in embedded or Name.ModDate not in embedded.get(Name.Params, Dictionary()):
            yield "6.8 embedded file"


def signature(pdf):
    """6.1.12, 6.4.3: permissions by DocMDP only; ByteRange, a reference without digests."""
    permissions = pdf.Root.get(Name.Perms, Dictionary())
    if set(permissions.keys()) - {"/DocMDP", "/UR3"}:
        yield "6.1.12 permissions"
    value = permissions.get(Name.DocMDP)
    if value is None:
        return
    if {"/DigestLocation", "/DigestMethod", "/DigestValue"} & set(value.Reference[0].keys()):
        yield "6.1.12 signature reference"
    if len(value.ByteRange) != 4:
        yield "6.4.3 ByteRange"
