"""The answer on a file of several pages shows the further ones when its reader opens them."""

import io

import pytest

from gateway.app import create_app
from tests.unit.imaging.test_qr_reading import pdf


@pytest.mark.parametrize(("language", "words"), [("zh-CN", "看后面的页 (2)"), ("en", "Further pages (2)")])
def test_further_pages_stand_in_a_closed_part(fresh, language, words):
    answer = (
        create_app(fresh)
        .test_client()
        .post(
            "/verify",
            data={"file": (io.BytesIO(pdf(b"40 40 100 100 re f", 3)), "a.pdf")},
            headers={"Accept-Language": language},
        )
    )
    assert answer.text.count('src="data:image/png;base64,') == 3
    closed = answer.text.split(f"<details><summary>{words}</summary>")[1].split("</details>")[0]
    assert closed.count("<img ") == closed.count('loading="lazy"') == 2
