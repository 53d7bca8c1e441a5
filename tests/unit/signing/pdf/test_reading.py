"""The strict reader against pyHanko: the same structure, whatever wrote the file; and every signature is found."""

import itertools
import random
import re
from datetime import datetime, timedelta
from io import BytesIO

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils.metadata import info

from signing import pyhanko_reading
from signing.errors import MalformedDataError, ResourceLimitError, SigningError, UnsupportedFormatError
from signing.pades import sign_prepared
from signing.pdf.file import open_pdf
from signing.pdf.objects import Name, NotUnderstoodError, Reference, Text, parse_value
from signing.pdf.reading import read_attachments, read_structure
from signing.pyhanko_adapter import sign_with_pyhanko
from signing.validation.policy import Limits
from signing.validation.report import Changes, Coverage
from tests.bench.bench_render import ours
from tests.pki import NOW, make_pki
from tests.unit.documents.faces import application_faces
from tests.unit.signing.pki import plain_pdf, prepared_pdf
from tests.unit.signing.revisions import long_lived, signed_again, signed_form, updated

LIMITS = Limits()
MODES = pikepdf.ObjectStreamMode
SAVED = {
    "classic": {"object_stream_mode": MODES.disable},
    "streams": {"object_stream_mode": MODES.generate},
    "linearised": {"linearize": True, "object_stream_mode": MODES.disable},
    "linearised streams": {"linearize": True, "object_stream_mode": MODES.generate},
}


def rewritten(data, **options):
    stream = BytesIO()
    with pikepdf.open(BytesIO(data)) as pdf:
        pdf.save(stream, **options)
    return stream.getvalue()


@pytest.fixture(scope="module")
def pki():
    return make_pki()


class _Ticking(datetime):
    """A clock that moves on by a second whenever it is asked, so that every revision notes another date."""

    seconds = itertools.count()

    @classmethod
    def now(cls, tz):
        return (NOW + timedelta(seconds=next(cls.seconds))).astimezone(tz)


@pytest.fixture(scope="module")
def files(pki):
    """Files of every shape, by name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(info, "datetime", _Ticking)
        return _files(pki)


def _files(pki):
    key = pki.leaf()
    licence = ours(application_faces()[0], key)
    found = {
        "plain": plain_pdf(),
        "signed": sign_prepared(prepared_pdf(), key),
        "licence": licence,
        "form": signed_form(key),
        "two signatures": signed_again(signed_form(key), key),
        "long lived": long_lived(plain_pdf(), pki),
        "trailing junk": licence + b"junk",
    }
    for name, options in SAVED.items():
        base = rewritten(licence, **options)
        found[f"saved {name}"] = base
        found[f"{name}, signed"] = sign_with_pyhanko(rewritten(plain_pdf(), **options), key)
        found[f"{name}, long lived"] = long_lived(rewritten(plain_pdf(), **options), pki)
    return found


def seen(structure):
    """What both readers must agree on; of what may follow a signature they have their own opinions."""
    fields = [
        (
            field.name,
            field.filter,
            field.sub_filter,
            field.contents,
            field.byte_range,
            field.claimed_signing_time,
            field.certifies,
            field.is_sound,
            field.coverage,
            field.validation_data,
        )
        for field in structure.fields
    ]
    return fields, structure.page_count, structure.validation_data


def test_both_readers_see_the_same(files):
    for name, data in files.items():
        assert open_pdf(data, LIMITS).pages(), name  # ours understands each of these
        own, other = read_structure(data, LIMITS), pyhanko_reading.read_structure(data, LIMITS)
        assert seen(own) == seen(other), name
        assert [f.changes for f in own.fields] == [f.changes for f in other.fields], (
            name,
            own.fields[0].changed_objects,
        )
        assert [f.revision for f in own.fields] == [f.revision for f in other.fields], name
        assert read_attachments(data) == pyhanko_reading.read_attachments(data), name


def test_of_mutated_files_ours_never_takes_what_pyhanko_finds_changed(files):
    """Bytes are changed one to four at a time; where both read the file, both see the same signature."""
    chance = random.Random(3)
    agreed = 0
    for name in ("signed", "two signatures", "long lived", "streams, long lived"):
        original = files[name]
        for _ in range(60):
            changed = bytearray(original)
            for _ in range(chance.randint(1, 4)):
                changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
            own, other = (_read(reader, bytes(changed)) for reader in (read_structure, pyhanko_reading.read_structure))
            if own is None or other is None:
                continue
            sound = {(f.contents, f.byte_range) for f in other.fields if f.is_sound}
            mine = {(f.contents, f.byte_range) for f in own.fields if f.is_sound}
            assert sound <= mine  # ours also finds what hangs in no field
            agreed += 1
    assert agreed > 40


def _read(reader, data):
    try:
        return reader(data, LIMITS)
    except SigningError:
        return None


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_whatever_is_done_to_a_file_it_is_read_or_refused(files, data):
    original = files[data.draw(st.sampled_from(["form", "two signatures", "streams, long lived"]))]
    start = data.draw(st.integers(0, len(original)))
    cut = data.draw(st.integers(0, 300))
    changed = original[:start] + data.draw(st.binary(max_size=40)) + original[start + cut :]
    structure = _read(read_structure, changed)
    assert structure is None or all(
        f.coverage is not Coverage.ENTIRE_FILE or sum(f.byte_range[2:]) == len(changed) for f in structure.fields
    )


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_an_object_or_refused(data):
    try:
        _, end = parse_value(data, 0)
    except (NotUnderstoodError, ResourceLimitError):
        return
    assert 0 < end <= len(data)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (b"/A#42", Name("AB")),
        (b"12 0 R", Reference(12, 0)),
        (b"[1 -2 +3.5 .5 4.]", [1, -2, 3.5, 0.5, 4.0]),
        (b"(a\\(b\\)(c)\\101\\\nd\\n)", Text(b"a(b)(c)Ad\n", 0, 0)),
        (b"<4 14 2 4>", Text(b"AB@", 0, 0)),
        (b"<</A true/B null/C[<</D/E>>]>>", {"A": True, "B": None, "C": [{"D": Name("E")}]}),
        (b"%note\n\x00 [12 0/R]", [12, 0, Name("R")]),
    ],
)
def test_objects_as_the_standard_writes_them(written, value):
    assert parse_value(written, 0)[0] == value


@pytest.mark.parametrize(
    "written", [b"", b"<</A 1/A 2>>", b"<</A>>", b"(a", b"[1", b"<4x>", b"endobj", b"1.2.3", b"truest"]
)
def test_what_could_be_read_in_two_ways_is_not_read(written):
    with pytest.raises(NotUnderstoodError):
        parse_value(written, 0)


def test_signatures_are_found_wherever_they_hang(pki):
    """In a nested field, in an annotation only, twice, in /Perms, and nowhere at all."""
    signature = b"<</ByteRange[0 1 99999999 9]/Contents<00>/SubFilter/%b>>"
    objects = {
        1: b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[20 0 R 24 0 R]>>/Perms<</UR3 31 0 R>>>>",
        3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Annots[22 0 R]>>",
        20: b"<</T(a)/FT/Sig/Kids[21 0 R]>>",
        21: b"<</T(b)/Parent 20 0 R/V 30 0 R>>",
        22: b"<</Subtype/Widget/FT/Sig/T(c)/V 32 0 R>>",
        24: b"<</T(d)/FT/Sig/V 30 0 R>>",
        30: signature % b"adbe.pkcs7.detached",
        31: signature % b"adbe.x509.rsa_sha1",
        32: signature % b"GM.sm2seal",
        33: (signature % b"adbe.pkcs7.sha1").replace(b"/ByteRange", b"/Byte#52ange"),
    }
    structure = read_structure(updated(signed_form(pki.leaf()), objects), LIMITS)
    found = {(field.name, field.sub_filter) for field in structure.fields}
    assert found == {
        ("a.b", "adbe.pkcs7.detached"),
        ("d", "adbe.pkcs7.detached"),
        ("c", "GM.sm2seal"),
        ("/Perms/UR3", "adbe.x509.rsa_sha1"),
        ("object 33", "adbe.pkcs7.sha1"),
        ("object 5", "ETSI.CAdES.detached"),
    }


def test_a_byte_range_may_leave_out_its_own_contents_only(pki):
    key = pki.leaf()
    data = signed_form(key)
    start = data.index(b"/Contents<") + 9
    end = data.index(b">", start) + 1
    gap = data[start:end]
    for change in (
        lambda d: d.replace(gap, gap[:-2] + b" >"),
        lambda d: d.replace(b"/ByteRange[0 ", b"/ByteRange[1 "),
        lambda d: re.sub(rb"/ByteRange\[[^]]*", lambda m: b"/ByteRange[0 1 2 3 4 5".ljust(len(m[0])), d),
    ):
        changed = change(data)
        assert changed != data
        field = read_structure(changed, LIMITS).fields[0]
        assert not field.is_sound
        assert (field.coverage, field.changes) == (Coverage.PARTIAL, Changes.FORBIDDEN)


def test_a_signature_elsewhere_with_the_same_contents_is_not_sound(pki):
    """Signature wrapping: a second dictionary names the gap of the first, and has its value."""
    data = signed_form(pki.leaf())
    first = read_structure(data, LIMITS).fields[0]
    value = b"<</ByteRange[%d %d %d %d]/Contents<%b>/SubFilter/ETSI.CAdES.detached>>" % (
        *first.byte_range,
        first.contents.hex().encode(),
    )
    fields = read_structure(updated(data, {5: value}), LIMITS).fields
    assert [field.is_sound for field in fields] == [False]


def test_encrypted_files_are_unsupported():
    data = rewritten(plain_pdf(), encryption=pikepdf.Encryption(owner="o", user=""))
    with pytest.raises(UnsupportedFormatError):
        read_structure(data, LIMITS)


def test_what_is_too_large_is_not_opened():
    with pytest.raises(ResourceLimitError):
        read_structure(plain_pdf(), Limits(document_bytes=10))
    with pytest.raises(MalformedDataError):
        read_structure(b"no pdf", LIMITS)
