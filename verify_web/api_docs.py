"""The page that explains the API: openapi.yaml as a document, rendered here, without a script or an asset of others."""

import json
from functools import cache
from typing import Any

import yaml
from flask import Blueprint, Response, request

from gateway.api.auth import public
from gateway.settings import REPOSITORY
from verify_web.pages import page

blueprint = Blueprint("api_docs", __name__, template_folder="templates")
_METHODS = ("get", "post", "put", "patch", "delete")


@blueprint.get("/docs/api")
@public
def show() -> Response:
    """Every operation by its group, and every schema."""
    document = _contract()
    return page(
        "api_docs.html",
        info=document["info"],
        root=request.root_path,
        groups=_groups(document),
        schemas=_schemas(document),
    )


@cache
def _contract() -> dict[str, Any]:
    """The contract, read once a process: it changes with the code only."""
    loaded: dict[str, Any] = yaml.safe_load((REPOSITORY / "openapi.yaml").read_text(encoding="utf-8"))
    return loaded


def _groups(document: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Operations by tag, in the order of the tags."""
    groups: dict[str, list[dict[str, Any]]] = {tag["name"]: [] for tag in document["tags"]}
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                groups[item[method]["tags"][0]].append(_operation(document, path, method, item[method]))
    return groups


def _operation(document: dict[str, Any], path: str, method: str, operation: dict[str, Any]) -> dict[str, Any]:
    """What the page shows of one operation."""
    content = operation.get("requestBody", {}).get("content", {})
    return {
        "id": operation["operationId"],
        "method": method.upper(),
        "path": path,
        "summary": operation["summary"],
        "description": operation.get("description", ""),
        "scopes": [scope for each in operation.get("security", []) for names in each.values() for scope in names],
        "parameters": [_resolved(document, parameter) for parameter in operation.get("parameters", [])],
        "bodies": {kind: _schema_name(body.get("schema", {})) for kind, body in content.items()},
        "example": next((_pretty(body["example"]) for body in content.values() if "example" in body), ""),
        "responses": {
            code: _resolved(document, response)["description"] for code, response in operation["responses"].items()
        },
        "answer": _answer(document, operation),
    }


def _answer(document: dict[str, Any], operation: dict[str, Any]) -> dict[str, str]:
    """Media types of the first good response, with the names of their schemas."""
    good = next(each for code, each in operation["responses"].items() if code.startswith("2"))
    content = _resolved(document, good).get("content", {})
    return {kind: _schema_name(body.get("schema", {})) for kind, body in content.items()}


def _resolved(document: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """The node that a reference within the contract points to."""
    found: Any = document
    for step in node["$ref"].removeprefix("#/").split("/") if "$ref" in node else ():
        found = found[step]
    return found if "$ref" in node else node


def _schema_name(schema: dict[str, Any]) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _schemas(document: dict[str, Any]) -> dict[str, str]:
    return {name: _pretty(schema) for name, schema in document["components"]["schemas"].items()}


def _pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)
