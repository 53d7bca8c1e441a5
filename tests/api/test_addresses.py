"""Octets in an address that no name of ours has: an answer of the contract on both engines, on every route."""

import re
from urllib.parse import unquote_to_bytes

import pytest

from gateway.api.proxies import PathPrefix
from gateway.app import create_app
from gateway.domain.actors import Scope
from gateway.errors import ConfigurationError
from tests.conftest import container_at

BROKEN = ["%00", "a%00b", "%FF", "%C3%28", "%ED%A0%80", "%C0%80"]
"""NUL; what is no UTF-8; a surrogate; NUL in two octets."""


@pytest.fixture(scope="module")
def department(gallery, as_client):
    container = container_at(gallery.container.settings.data_dir)
    yield as_client(create_app(container), frozenset(Scope))
    container.deps.engine.dispose()


def targets(app):
    """Every rule with text in its path, and every rule with a query."""
    for rule in app.url_map.iter_rules():
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            yield method, rule


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_path_names_nothing(department, broken):
    tried = 0
    for method, rule in targets(department.application):
        path = re.sub(r"<int:\w+>", "1", re.sub(r"<any\((\w+)[^>]*>", r"\1", rule.rule))
        if "<" in path:
            # One after the other is broken, while the rest is sound.
            for place in range(path.count("<")):
                parts = iter(range(path.count("<")))
                filled = re.sub(
                    "<[^>]+>", lambda _, parts=parts, place=place: broken if next(parts) == place else "x", path
                )
                # As a server hands it on: the test client would mend the path.
                octets = {"PATH_INFO": unquote_to_bytes(filled).decode("latin-1")}
                answer = department.open("/", method=method, environ_overrides=octets)
                assert answer.status_code == 404, (method, filled, answer.status_code)
                is_machine = path.startswith(("/api", "/sign/", "/elssp", "/oauth", "/trust"))
                assert answer.mimetype == ("application/problem+json" if is_machine else "text/html")
                tried += 1
    assert tried > 40


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_query_is_refused(department, broken):
    for method, rule in targets(department.application):
        if not rule.arguments:
            for query in (f"holder_code={broken}", f"{broken}=1"):
                answer = department.open(f"{rule.rule}?{query}", method=method)
                assert answer.status_code == 400, (method, rule.rule, answer.status_code)


@pytest.mark.parametrize("path", ["/e/%E9%98%B3%E6%B1%9F", "/api/v1/enterprises/%E9%98%B3/licences"])
def test_chinese_is_sound(department, path):
    assert department.get(path + "?lang=zh").status_code in (200, 404, 422)
    assert department.get("/api/v1/licences?holder_code=%E9%98%B3").status_code == 200


@pytest.mark.parametrize(
    ("sent", "path", "target"),
    [
        ("/zz/api/v1/limits", "/api/v1/limits", "/zz/api/v1/limits"),
        ("/api/v1/limits", "/api/v1/limits", "/zz/api/v1/limits"),
        ("/ZZ/Q/2KC", "/Q/2KC", "/ZZ/Q/2KC"),
        ("/zz", "/", "/zz"),
        ("/zzz", "/zzz", "/zz/zzz"),
        ("/zz/zz/about", "/zz/about", "/zz/zz/about"),
    ],
)
def test_a_path_means_the_same_whatever_the_proxy_does_to_its_prefix(sent, path, target):
    found = {}
    PathPrefix(lambda environ, _: found.update(environ) or [], "/zz")({"PATH_INFO": sent, "RAW_URI": sent}, None)
    assert found == {"SCRIPT_NAME": "/zz", "PATH_INFO": path, "RAW_URI": target}


@pytest.mark.parametrize("path", ["/check", "/Trust", "/e/x", "/api/v1", "/oauth/token"])
def test_a_prefix_that_is_a_path_of_ours_is_refused(gallery, settings_like, path):
    container = settings_like(gallery, public_base_url=f"https://zz.example.gov.cn{path}")
    with pytest.raises(ConfigurationError, match="path of the gateway itself"):
        create_app(container)


@pytest.mark.parametrize("tail", ["/zz/../x", "/z z", "/zz?x=1", "/zz#x", "//zz", "/%7A"])
def test_a_public_address_with_another_path_is_refused(gallery, settings_like, tail):
    with pytest.raises(ConfigurationError, match="PUBLIC_BASE_URL"):
        settings_like(gallery, public_base_url=f"https://zz.example.gov.cn{tail}")


def test_whoever_waited_is_led_back_under_the_prefix_and_nowhere_else(gallery, settings_like):
    app = create_app(settings_like(gallery, public_base_url="https://zz.example.gov.cn/zz"))
    for wanted, leads_to in (
        ("/zz/e/x?lang=en", "/zz/e/x?lang=en"),
        ("/elsewhere", "/zz/"),
        ("//evil.example", "/zz/"),
    ):
        answer = app.test_client().post("/zz/admission", data={"to": wanted, "puzzle": "", "answer": ""})
        assert (answer.status_code, answer.headers["Location"]) == (303, leads_to)
