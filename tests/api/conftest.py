import io
import json
from functools import cache
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator
from jsonschema.validators import validator_for

from tests.conftest import container_at
from tests.departments import DepartmentClient, token_for
from tests.gallery import gallery

__all__ = ["gallery"]
ROOT = Path(__file__).resolve().parents[2]


@cache
def contract():
    return yaml.safe_load((ROOT / "openapi.yaml").read_text())


def conforms(value, schema_name):
    """Raises when ``value`` is not what openapi.yaml calls ``schema_name``; formats count."""
    schema = {"$ref": f"#/components/schemas/{schema_name}", "components": contract()["components"]}
    checker = validator_for({}, default=Draft202012Validator)
    checker(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(value)
    return value


def form(data, name="a.pdf", part="file"):
    return {"data": {part: (io.BytesIO(data), name)}, "content_type": "multipart/form-data"}


def problem_of(response, status, code):
    """The problem document of a response, checked against the contract."""
    assert (response.status_code, response.mimetype) == (status, "application/problem+json"), response.text
    document = conforms(json.loads(response.data), "Problem")
    assert (document["status"], document["code"]) == (status, code)
    assert document["instance"].endswith(response.headers["X-Request-Id"])
    return document


@pytest.fixture(scope="session")
def app(gallery):
    return gallery.app()


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def settings_like():
    """A container with the gallery's data but other settings."""

    def make(gallery, **overrides):
        return container_at(gallery.container.settings.data_dir, **overrides)

    return make


@pytest.fixture
def as_client():
    """A test client that acts as a department with these scopes and limits."""

    def make(app, scopes, **limits):
        client = DepartmentClient(app)
        client.token = token_for(app.extensions["container"], scopes, **limits)
        return client

    return make
