"""Pictures of a page as it was signed and as it is now."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from gateway.imaging.pdf_pages import MAX_CHANGED_PAGES, changed_page_pictures
from signing.validation.process import validate_pdf
from tests.hostile_pdfs import stream
from tests.pki import NOW, make_pki
from tests.unit.signing.revisions import signed_form, updated

BLACK = stream(b"", b"0 0 200 200 re f")


@pytest.fixture(scope="module")
def pki():
    return make_pki()


def pictures(data, pki):
    return changed_page_pictures(data, validate_pdf(data, pki.policy(), at=NOW).signatures[0])


def darkness(picture):
    return 255 - np.asarray(Image.open(BytesIO(picture)).convert("L")).mean()


def test_a_replaced_content_is_seen_before_and_after(pki):
    (page,) = pictures(updated(signed_form(pki.leaf()), {8: BLACK}), pki)
    assert page.page == 1
    assert darkness(page.before) < 20
    assert darkness(page.after) > 200
    assert Image.open(BytesIO(page.before)).size == Image.open(BytesIO(page.after)).size
    assert len(page.before) < 100_000


def test_what_is_as_it_was_signed_gives_no_pictures(pki):
    assert pictures(signed_form(pki.leaf()), pki) == ()


def test_a_page_that_was_not_there_has_no_picture_before(pki):
    pages = {2: b"<</Type/Pages/Kids[3 0 R 40 0 R]/Count 2>>", 41: BLACK}
    pages[40] = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents 41 0 R>>"
    found = {page.page: page for page in pictures(updated(signed_form(pki.leaf()), pages), pki)}
    assert found[2].before is None
    assert darkness(found[2].after) > 200


def test_a_revision_that_cannot_be_drawn_gives_none(pki):
    busy = stream(b"", b"0 0 m 100 700 300 90 595 842 c S\n" * 300_000)
    (page,) = pictures(updated(signed_form(pki.leaf()), {8: busy}), pki)
    assert page.before is not None
    assert page.after is None


def test_of_many_pages_the_first_are_shown(pki):
    kids = b" ".join(b"%d 0 R" % number for number in range(40, 50))
    pages = dict.fromkeys(range(40, 50), b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents 8 0 R>>")
    pages[2] = b"<</Type/Pages/Kids[3 0 R " + kids + b"]/Count 11>>"
    found = pictures(updated(signed_form(pki.leaf()), pages), pki)
    assert [page.page for page in found] == list(range(1, MAX_CHANGED_PAGES + 1))
