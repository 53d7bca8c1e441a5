"""Universal signature forgery: a forged page under a genuine CMS whose ByteRange or Contents says nothing.

After the 24 variants of "1 Trillion Dollar Refund" (Mladenov, Mainka and others, 2019): a verifier that takes
"nothing to check" for "nothing wrong" shows the forged page as signed.
"""

from tests.corpus.case import case
from tests.corpus.documents import draft, forged_content, signed
from tests.corpus.makers.pdf import CONTENT, SIGNATURE, WIDGET, contents_of

_MISSING = b""


def _stolen(world):
    """The contents of a genuine licence, brackets included, and the file."""
    data = signed(world.signer).data
    start, end = contents_of(data)
    return data, data[start:end]


def _forged(
    world, *, contents=None, ranges=None, subject=b"/Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached"
):
    """A forged licence with the given entries of its signature dictionary; what is None is as in a genuine one."""
    original, stolen = _stolen(world)
    contents = b"/Contents" + stolen if contents is None else contents
    if ranges is None:
        start, end = contents_of(original)
        ranges = b"/ByteRange[0 %d %d %d]" % (start, end, len(original) - end)
    value = b"<<%b%b%b>>" % (subject, ranges, contents)
    return draft({CONTENT: forged_content(), SIGNATURE: value}).data


@case
def usf_contents_missing(world):
    return _forged(world, contents=_MISSING)


@case
def usf_contents_null(world):
    return _forged(world, contents=b"/Contents null")


@case
def usf_contents_empty(world):
    return _forged(world, contents=b"/Contents<>")


@case
def usf_contents_zeros(world):
    return _forged(world, contents=b"/Contents<%b>" % (b"0" * 12_288))


@case
def usf_contents_a_name(world):
    return _forged(world, contents=b"/Contents/Signature")


@case
def usf_contents_a_dictionary(world):
    return _forged(world, contents=b"/Contents<</Length 9>>")


@case
def usf_contents_rubbish(world):
    return _forged(world, contents=b"/Contents<%b>" % (b"deadbeef" * 500))


@case
def usf_byte_range_missing(world):
    return _forged(world, ranges=_MISSING)


@case
def usf_byte_range_null(world):
    return _forged(world, ranges=b"/ByteRange null")


@case
def usf_byte_range_empty(world):
    return _forged(world, ranges=b"/ByteRange[]")


@case
def usf_byte_range_zeros(world):
    return _forged(world, ranges=b"/ByteRange[0 0 0 0]")


@case
def usf_byte_range_negative(world):
    return _forged(world, ranges=b"/ByteRange[0 -1 -1 -1]")


@case
def usf_byte_range_three_numbers(world):
    return _forged(world, ranges=b"/ByteRange[0 100 200]")


@case
def usf_byte_range_six_numbers(world):
    return _forged(world, ranges=b"/ByteRange[0 100 200 100 400 100]")


@case
def usf_byte_range_strings(world):
    return _forged(world, ranges=b"/ByteRange[(0)(100)(200)(300)]")


@case
def usf_byte_range_reals(world):
    return _forged(world, ranges=b"/ByteRange[0.0 100.5 200.5 300.5]")


@case
def usf_byte_range_a_number(world):
    return _forged(world, ranges=b"/ByteRange 7")


@case
def usf_byte_range_overlapping(world):
    return _forged(world, ranges=b"/ByteRange[0 1000 500 1000]")


@case
def usf_byte_range_past_the_end(world):
    return _forged(world, ranges=b"/ByteRange[0 100 200 99999999]")


@case
def usf_byte_range_huge(world):
    return _forged(world, ranges=b"/ByteRange[0 %d %d %d]" % (10**30, 10**31, 10**32))


@case
def usf_byte_range_not_from_zero(world):
    return _forged(world, ranges=b"/ByteRange[10 100 200 300]")


@case
def usf_byte_range_of_the_original(world):
    """Nothing but the page is forged: the plainest forgery of all."""
    return _forged(world)


@case
def usf_both_missing(world):
    return _forged(world, contents=_MISSING, ranges=_MISSING)


@case
def usf_both_null(world):
    return _forged(world, contents=b"/Contents null", ranges=b"/ByteRange null")


@case
def usf_sub_filter_missing(world):
    return _forged(world, subject=b"/Type/Sig/Filter/Adobe.PPKLite")


def _with_value(value):
    field = b"<</Type/Annot/Subtype/Widget/FT/Sig/T(Signature1)/V %b/P 3 0 R/Rect[0 0 0 0]>>" % value
    return draft({CONTENT: forged_content(), WIDGET: field, SIGNATURE: b"null"}, certify=None).data


@case
def usf_value_null(world):
    return _with_value(b"null")


@case
def usf_value_a_dangling_reference(world):
    return _with_value(b"77 0 R")


@case
def usf_value_a_string(world):
    return _with_value(b"(signed)")
