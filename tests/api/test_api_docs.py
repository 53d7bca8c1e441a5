"""The page about the API says what the contract says, and needs nothing of others."""

import re

from tests.api.conftest import contract


def test_the_page_names_every_operation_and_schema_of_the_contract(client):
    page = client.get("/docs/api")
    assert page.status_code == 200
    operations = [operation["operationId"] for item in contract()["paths"].values() for operation in item.values()]
    for anchor in (*operations, *(f"schema-{name}" for name in contract()["components"]["schemas"])):
        assert f'id="{anchor}"' in page.text, anchor
    links = set(re.findall(r'href="#([^"]+)"', page.text))
    assert links <= set(re.findall(r'id="([^"]+)"', page.text))


def test_the_page_loads_nothing_and_runs_nothing(client):
    page = client.get("/docs/api")
    assert "<script" not in page.text and not re.findall(r'(?:src|href)="(?:https?:)?//', page.text)
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
