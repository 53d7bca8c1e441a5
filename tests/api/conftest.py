import io
import json
import secrets
from functools import cache
from pathlib import Path
from typing import ClassVar

import pytest
import yaml
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from jsonschema.validators import validator_for

from gateway.api.auth import ELEMENT_HEADERS
from gateway.services.clients import ClientSpec
from tests.conftest import container_at
from tests.gallery import gallery
from tests.national_service import gateway, service_folder, service_settings, simulator

__all__ = ["gallery", "gateway", "service_folder", "service_settings", "simulator"]
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


class DepartmentClient(FlaskClient):
    """Sends a token, who asks and why, and a new key with each write that names none."""

    department: ClassVar = {}

    def open(self, *arguments, headers=None, **options):
        keys = {"Idempotency-Key": secrets.token_hex(8)} | dict.fromkeys(ELEMENT_HEADERS.values(), "test")
        return super().open(*arguments, headers=keys | self.department | (headers or {}), **options)


@pytest.fixture(scope="session")
def as_client():
    """A test client that acts as a registered department with these scopes and limits."""

    def make(app, scopes, *, authority_codes=None, **limits):
        container = app.extensions["container"]
        if authority_codes is None:
            authority_codes = frozenset(container.catalogue.load().authorities_by_code)
        client_id = container.clients.create(
            ClientSpec("审批系统", "测试部门", frozenset(scopes), authority_codes, **limits)
        )
        secret = container.clients.new_secret(client_id).secret
        token = container.authentication.by_secret(client_id, secret, None, "127.0.0.1").token
        app.test_client_class = DepartmentClient
        client = app.test_client()
        app.test_client_class = None
        client.department = {"Authorization": f"Bearer {token}"}
        return client

    return make
