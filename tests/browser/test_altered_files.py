"""An altered list, QR payload or PDF is refused on the reader's device with the reason code of command line and API."""

import pytest

from tests.alterations import REFUSED, ROWS, altered, code_text, genuine
from tests.browser.test_own_device import checking, reasons

__all__ = ["checking"]
pytestmark = pytest.mark.browser
MEDIA = {"list": ("list.cbor", "application/cose"), "pdf": ("licence.pdf", "application/pdf")}


def hand_in(page, form, data):
    if form == "code":
        page.fill("#code", code_text(data))
        page.click("#check-text button")
        return
    name, media_type = MEDIA[form]
    page.set_input_files("#file", {"name": name, "mimeType": media_type, "buffer": data})


@pytest.mark.parametrize(("form", "kind"), ROWS)
def test_the_browser_gives_the_reason_of_the_others(checking, gallery, form, kind):
    hand_in(checking, form, altered(gallery, form, kind))
    assert reasons(checking) == [REFUSED[form, kind]]
    assert {method for method, _, _ in checking.sent} == {"GET"}


@pytest.mark.parametrize("form", ["list", "code"])
def test_what_is_not_altered_is_genuine(checking, gallery, form):
    hand_in(checking, form, genuine(gallery, form))
    assert reasons(checking)[0] == "GENUINE"
