"""Pictures of a file for its reader: the first page, and as many further ones as there is room for."""

import pytest

from gateway.imaging import pdf_pages
from gateway.imaging.pdf_pages import MAX_SHOWN_PAGES, page_pictures
from tests.unit.imaging.test_qr_reading import pdf

PNG = b"\x89PNG"
TEXT = b"0 0 0 rg 40 40 100 100 re f"


@pytest.mark.parametrize(("pages", "shown"), [(1, 1), (3, 3), (9, MAX_SHOWN_PAGES)])
def test_the_first_pages_are_drawn(pages, shown):
    drawn = page_pictures(pdf(TEXT, pages))
    assert [picture[:4] for picture in drawn] == [PNG] * shown


def test_further_pages_share_their_room(monkeypatch):
    data = pdf(TEXT, 4)
    first, second, third, _ = page_pictures(data)
    monkeypatch.setattr(pdf_pages, "MAX_FURTHER_OCTETS", len(second) + len(third))
    assert page_pictures(data) == [first, second, third]
    monkeypatch.setattr(pdf_pages, "MAX_FURTHER_OCTETS", 0)
    assert page_pictures(data) == [first]


def test_what_cannot_be_drawn_has_no_picture():
    assert page_pictures(b"%PDF-1.7 nothing") == []
