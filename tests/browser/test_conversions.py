"""The console's page of a conversion in a real browser: figures change in place, and without scripts by loading it anew."""

import json

import pytest

from tests.browser.test_console import desk, seated
from tests.browser.test_pages import inspect
from tests.console_office import hygiene_licence, shared_office

__all__ = ["desk", "shared_office"]
pytestmark = pytest.mark.browser


def uploaded(page, name, rows):
    """Take a register in as a clerk does."""
    page.goto("/console/conversions")
    page.uncheck("[name=dry_run]")
    content = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()
    page.set_input_files("#file", {"name": name, "mimeType": "application/x-ndjson", "buffer": content})
    page.click("main button[type=submit]:below(#file)")
    page.wait_for_url("**/conversions/*")


@pytest.mark.parametrize(("language", "width"), [("zh", 1280), ("en", 360)])
def test_progress_changes_in_place(browser, desk, shared_office, applications, axe, screens, language, width):
    conversions, licence = shared_office.container.conversions, hygiene_licence(applications)
    rows = [licence | {"ZZHM": f"粤卫公证字〔2020〕第{language}{number}号"} for number in range(120)]
    with seated(browser, desk, shared_office, "window", language, width) as page:
        uploaded(page, "登记表.ndjson", [*rows, licence | {"YXQJSRQ": ""}])
        first, second = conversions.pending_chunks(page.url.rpartition("/")[2])
        inspect(page, axe, screens / f"conversion-running-{language}-{width}.png")
        page.evaluate("window.isSamePage = true")
        conversions.work(*first)
        page.wait_for_selector("#done:text-is('101 / 121')")
        assert page.evaluate("[window.isSamePage, document.getElementById('bar').value]") == [True, 101]
        assert "MISSING" in page.inner_text("#reasons")
        conversions.work(*second)
        page.wait_for_selector("#progress[data-state=finished]")
        assert page.inner_text("#failed") == "1"
        inspect(page, axe, screens / f"conversion-finished-{language}-{width}.png")
        page.goto("/console/conversions")
        inspect(page, axe, screens / f"conversions-{language}-{width}.png")
