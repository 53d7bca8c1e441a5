"""For whom a mouse, a wide screen or colours are no help: what axe-core cannot see (WCAG 2.2, level AA)."""

import io
import itertools

import pypdfium2
import pytest

from tests.browser.test_pages import opened
from tests.gallery import RICH

pytestmark = pytest.mark.browser

FOCUSABLE = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']"
IN_ORDER = (
    f"""[...document.querySelectorAll("{FOCUSABLE}")].filter(e => e.checkVisibility({{visibilityProperty: true}}))"""
)
WHERE = f"""() => {{
  const e = document.activeElement, box = e.getBoundingClientRect(), look = getComputedStyle(e)
  return {{
    place: {IN_ORDER}.indexOf(e),
    is_seen: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    is_marked: look.outlineStyle !== 'none' && parseFloat(look.outlineWidth) >= 2,
    is_large: e.matches('p a, dd a, li a') || (box.width >= 24 && box.height >= 24),
    name: e.outerHTML.slice(0, 120),
  }}
}}"""
# The least spacing that readers may set without losing anything (success criterion 1.4.12).
SPACED = "*{line-height:1.5!important;letter-spacing:.12em!important;word-spacing:.16em!important} p{margin-bottom:2em!important}"
LINES_OF_ANSWER = """() => {
  const range = document.createRange()
  range.selectNode(document.querySelector('#verdict').firstChild)
  return new Set([...range.getClientRects()].map(box => box.top)).size
}"""


def places(gallery):
    return ["/", f"/e/{RICH}", gallery.path("suspended"), "/verify", "/paper", "/check", "/wrong-entry", "/about"]


@pytest.mark.parametrize("width", [360, 1280])
def test_the_keyboard_alone_reaches_everything_in_order(browser, site, gallery, width):
    with opened(browser, site, width=width) as page:
        for path in places(gallery):
            page.goto(path)
            page.wait_for_timeout(150)
            there = page.evaluate(f"{IN_ORDER}.length")
            for expected in range(there):
                page.keyboard.press("Tab")
                found = page.evaluate(WHERE)
                assert found["place"] == expected, (path, found)
                assert found["is_seen"] and found["is_marked"] and found["is_large"], (path, found)
            assert there > 8


def test_the_first_key_leads_past_what_repeats(browser, site):
    with opened(browser, site) as page:
        page.goto(f"/e/{RICH}")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_links_of_a_phone_stand_in_two_rows_at_most(browser, site, language):
    with opened(browser, site, language) as page:
        page.goto("/")
        rows = page.evaluate(
            "[...document.querySelectorAll('nav')].map(nav => new Set([...nav.querySelectorAll('a')]"
            ".filter(a => a.checkVisibility()).map(a => a.getBoundingClientRect().top)).size)"
        )
        assert rows == [1, 2]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_nothing_is_lost_on_the_narrowest_screen_with_large_and_spaced_type(browser, site, gallery, language):
    context = browser.new_context(viewport={"width": 320, "height": 640}, base_url=site, bypass_csp=True)
    page = context.new_page()
    for path, spaced in itertools.product(places(gallery), (False, True)):
        page.goto(f"{path}?lang={language}&size=large")
        if spaced:
            page.add_style_tag(content=SPACED)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, (path, spaced)
        outside = page.evaluate(
            "[...document.querySelectorAll('main *, header *, footer *')].filter(e => e.checkVisibility() &&"
            " !e.closest('.scroll, svg') && e.getBoundingClientRect().right > 321).map(e => e.outerHTML.slice(0, 120))"
        )
        assert outside == [], (path, spaced)
    page.goto(f"{gallery.path('suspended')}?lang={language}&size=large")
    assert page.evaluate(LINES_OF_ANSWER) == 1
    context.close()


def test_forced_colours_and_calm_keep_what_is_said(browser, site, gallery):
    context = browser.new_context(base_url=site, forced_colors="active", reduced_motion="reduce")
    page = context.new_page()
    page.goto("/about/components")
    grounds = page.evaluate("[...document.querySelectorAll('.swatch')].map(e => getComputedStyle(e).backgroundColor)")
    assert len(set(grounds)) == len(grounds)
    page.goto(gallery.path("suspended"))
    body, ground = page.evaluate(
        "['.verdict .shape .body', 'body'].map((name, i) =>"
        " getComputedStyle(document.querySelector(name))[i ? 'backgroundColor' : 'fill'])"
    )
    assert body != ground
    moving = "[...document.querySelectorAll('*')].filter(e => e.getAnimations().length).length"
    assert page.evaluate(moving) == 0
    context.close()


def test_a_list_on_a4_says_who_gave_no_answer(browser, site, gallery):
    """What is folded up on the screen cannot be opened on paper."""
    silent = [
        each.freshness.authority_name
        for each in gallery.container.codes.resolve(RICH).authorities
        if not each.freshness.has_answered
    ]
    with opened(browser, site, width=1280) as page:
        page.goto(f"/e/{RICH}")
        assert not page.is_visible(f"text={silent[0]}")
        document = pypdfium2.PdfDocument(io.BytesIO(page.pdf(format="A4")))
        text = "".join(each.get_textpage().get_text_range() for each in document).replace("\r\n", "")
        assert silent
        assert [name for name in silent if name not in text] == []
        assert "筛选" not in text
        assert len(document) <= 4
