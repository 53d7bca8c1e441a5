"""Departments for tests: registered like any other, with a token of their own."""

import secrets

from flask.testing import FlaskClient

from gateway.api.auth import ELEMENT_HEADERS
from gateway.domain.actors import Scope
from gateway.services.clients import ClientSpec

ELEMENTS = dict.fromkeys(ELEMENT_HEADERS.values(), "%E6%B5%8B%E8%AF%95")
"""The five elements and the purpose."""


def token_for(container, scopes=frozenset(Scope), *, authority_codes=None, type_codes=None, is_sandbox=False):
    """A bearer token of a new client with these limits; no authority named means every one."""
    every = frozenset(container.catalogue.load().authorities_by_code)
    client_id = container.clients.create(
        ClientSpec(
            "测试系统",
            "测试部门",
            frozenset(scopes),
            every if authority_codes is None else frozenset(authority_codes),
            frozenset(type_codes or ()),
            is_sandbox=is_sandbox,
        )
    )
    secret = container.clients.new_secret(client_id).secret
    return container.authentication.by_secret(client_id, secret, None).token


def headers_of(token):
    """What a department sends with every request, save the key of a write."""
    return {"Authorization": f"Bearer {token}"} | ELEMENTS


class DepartmentClient(FlaskClient):
    """Sends the token, the five elements, and a new key with each write unless the test gives one."""

    token = ""

    def open(self, *arguments, **options):
        headers = dict(options.pop("headers", None) or {})
        given = headers_of(self.token) | {"Idempotency-Key": secrets.token_hex(16)} | headers
        return super().open(*arguments, headers=given, **options)
