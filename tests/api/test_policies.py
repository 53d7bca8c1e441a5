"""Pictures from inside a page are allowed where the first page of a file is shown, and nowhere else."""

import re

from tests.api.conftest import form
from tests.gallery import POOR, RICH

WITH_PREVIEW = "img-src 'self' data:;"


def policies(client, gallery):
    gets = {
        rule.rule for rule in client.application.url_map.iter_rules() if "GET" in rule.methods and not rule.arguments
    }
    pages = {path for path in gets if not path.startswith(("/console", "/api", "/trust", "/metrics"))}
    pages |= {f"/e/{RICH}", f"/e/{POOR}", "/nowhere", gallery.path("in_force"), gallery.code_path("in_force")}
    answers = {path: client.get(path) for path in pages}
    answers |= {f"POST {path}": client.post(path, data={"text": "a"}) for path in ("/", "/verify", "/paper")}
    answers["file"] = client.post("/verify", **form(gallery.electronic("in_force")))
    return {path: answer.headers["Content-Security-Policy"] for path, answer in answers.items()}


def test_only_pages_with_a_preview_take_pictures_from_inside(client, gallery):
    found = policies(client, gallery)
    assert {path for path, policy in found.items() if WITH_PREVIEW in policy} == {
        "/",
        "/verify",
        "POST /verify",
        "file",
    }
    for path, policy in found.items():
        assert re.search(r"img-src 'self'( data:)?;", policy), path
        assert "default-src 'none'" in policy
        assert not re.search(r"unsafe|https?:|\*|blob:", policy), path


def test_the_answer_on_a_file_shows_its_first_page(client, gallery):
    page = client.post("/verify", **form(gallery.electronic("in_force")))
    assert '<img src="data:image/png;base64,' in page.text
