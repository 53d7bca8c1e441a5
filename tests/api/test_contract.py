"""openapi.yaml, docs/problems.md and the routes say the same."""

import re

import pytest
import schemathesis
import yaml
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from gateway.api import auth, problems
from gateway.domain.actors import Scope
from gateway.errors import GatewayError
from tests.api.conftest import ROOT, conforms, contract
from tests.gallery import RICH

# Octets of any kind are sent as they are.
OCTETS = ("application/ocsp-request", "application/timestamp-query")
LINES = "application/x-ndjson"
schemathesis.serializer.alias([*OCTETS, LINES], "application/octet-stream")

MACHINE = ("/api/", "/sign/", "/elssp/", "/oauth/", "/trust/", "/healthz", "/readyz", "/metrics")
CHECKS = (
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
    unsupported_method,
)
FUZZ = settings(
    max_examples=15, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


def subclasses(kind):
    return {kind, *(deeper for child in kind.__subclasses__() for deeper in subclasses(child))}


def refs(node):
    if isinstance(node, dict):
        yield from ([node["$ref"]] if "$ref" in node else [])
        yield from (found for value in node.values() for found in refs(value))
    elif isinstance(node, list):
        yield from (found for value in node for found in refs(value))


def is_declaration(access):
    """Anyone, a department's scope, or (of the console) a visitor or members of the staff who hold certain scopes."""
    if isinstance(access, tuple):
        return access[0] == "staff" or set(access) <= set(Scope)
    return access in (auth.PUBLIC, "visitor", *Scope)


def test_every_route_declares_its_authentication(app):
    undeclared = [
        endpoint
        for endpoint, view in app.view_functions.items()
        if endpoint not in auth.STATIC_ENDPOINTS and not is_declaration(getattr(view, "declared_access", None))
    ]
    assert undeclared == []


def test_a_route_without_a_declaration_stops_the_application(gallery):
    app = gallery.app()
    app.add_url_rule("/secret", "secret", lambda: "")
    with pytest.raises(RuntimeError, match="secret"):
        auth.require_declarations(app)


def test_the_contract_names_every_machine_route_and_no_other(app):
    routes = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method)
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(MACHINE)
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    documented = {(path, method.upper()) for path, item in contract()["paths"].items() for method in item}
    assert routes == documented


def test_references_and_examples_of_the_contract_hold():
    document = contract()
    for reference in refs(document):
        node = document
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]
    examples = {
        "List": "Resolution",
        "Refused": "Resolution",
        "ExpiredLicence": "Licence",
        "GenuineReport": "VerificationReport",
        "FieldProblem": "Problem",
        "PuzzleProblem": "Problem",
        "UnavailableProblem": "Problem",
        "LicenceShowing": "LicenceShowing",
    }
    assert examples.keys() == document["components"]["examples"].keys()
    for name, schema in examples.items():
        conforms(document["components"]["examples"][name]["value"], schema)


class Unrepeating(yaml.SafeLoader):
    """Refuses what the other loaders pass over: a name that stands twice."""

    def construct_mapping(self, node, deep=False):
        names = [self.construct_object(key) for key, _ in node.value]
        assert len(names) == len(set(names)), f"{node.start_mark}: {names}"
        return super().construct_mapping(node, deep)


def test_no_name_stands_twice_in_the_contract():
    assert yaml.load((ROOT / "openapi.yaml").read_text(), Unrepeating) == contract()


def test_every_operation_of_departments_says_which_scope_it_takes(app):
    declared = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method): app.view_functions[rule.endpoint].declared_access
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if rule.rule.startswith(MACHINE)
    }
    for (path, method), access in declared.items():
        security = contract()["paths"][path][method.lower()].get("security", [])
        said = [scope for each in security for scope in each.get("departments", [])]
        # What a status change takes depends on the change (its description says so).
        scopes = list(access) if isinstance(access, tuple) else [access]
        expected = [] if access == auth.PUBLIC else ["licences:change"] if path.endswith("status-changes") else scopes
        assert ({"x-tif": []} in security) == bool(expected), path
        assert said == expected, path


def test_the_contract_is_served_as_it_stands(client):
    response = client.get("/api/v1/openapi.yaml")
    assert response.mimetype == "application/yaml"
    assert yaml.safe_load(response.data) == contract()


def test_every_error_is_mapped_and_documented():
    ours = {kind for kind in subclasses(GatewayError) if kind.__module__ == "gateway.errors"}
    rows = re.findall(r"^\| `([A-Z_]+)` \| (\d{3}) \|", (ROOT / "docs" / "problems.md").read_text(), re.MULTILINE)
    documented = {code: int(status) for code, status in rows}
    assert {kind.code: int(problems.STATUSES[kind]) for kind in ours}.items() <= documented.items()


@pytest.fixture(scope="module")
def department(app, as_client):
    """The token of a department that may do everything; bodies as they are, for schemathesis does not unpack those of WSGI."""
    held = as_client(app, frozenset(Scope) - {Scope.ADMINISTER})
    return {**held.department, "Accept-Encoding": "identity"}


OPERATIONS = [(path, method) for path, item in contract()["paths"].items() for method in item]


def impatient(case):
    """The same request that waits a second at most for something to happen."""
    if case.query and case.query.get("wait"):
        case.query["wait"] = 1
    return case


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_no_request_gets_an_answer_outside_the_contract(app, department, path, method):
    operation = schemathesis.openapi.from_wsgi("/api/v1/openapi.yaml", app)[path][method.upper()]

    @given(case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE).map(impatient))
    @FUZZ
    def allowed(case):
        case.call_and_validate(checks=CHECKS, headers=department)

    @given(case=operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))
    @FUZZ
    def refused(case):
        case.call_and_validate(checks=[*CHECKS, negative_data_rejection], headers=department)

    allowed()
    bodies = contract()["paths"][path][method].get("requestBody", {}).get("content", {})
    # Any octets are allowed there, so that nothing can be generated that is not.
    if bodies.keys() - {*OCTETS, LINES}:
        refused()


def test_real_answers_have_no_property_that_the_contract_leaves_out(client, gallery):
    schemas = contract()["components"]["schemas"]
    resolution = client.get(f"/api/v1/enterprises/{RICH}/licences").get_json()
    assert resolution.keys() == schemas["Resolution"]["properties"].keys()
    assert resolution["enterprise"].keys() == schemas["Enterprise"]["properties"].keys()
    listed = schemas["ListedLicence"]["properties"].keys()
    assert {frozenset(line) for line in resolution["licences"]} == {frozenset(listed)}
    report = gallery.container.verifications.verify(gallery.electronic("in_force"), "a.pdf").to_json()
    assert report.keys() == schemas["VerificationReport"]["properties"].keys()
    assert report["signatures"][0].keys() == schemas["Signature"]["properties"].keys()
