"""The authorisation matrix: every route of departments against every kind of client."""

import json

import pytest

from gateway.api.auth import PUBLIC
from gateway.app import create_app
from gateway.domain.actors import Scope
from tests.conftest import container_at

ALL = frozenset(Scope) - {Scope.ADMINISTER}
FOREIGN = frozenset({"11441702G00007401N"})
"""An authority that issues other licences than the ones here."""
OTHER_TYPES = frozenset({"11441700000000019L034"})
"""Of none of the licences here."""
LICENCE = "/api/v1/licences/{licence}"
REASON = {"reason": "原因"}
NATIONAL = {"UseFor": "办理业务"}
BY_HOLDER = {"CertificateType": "{type}", "CertificateNumber": "{number}", "CertificateHolderCode": "{holder}"}
GRANTED = {"record": "{record}"}

OWN = "own"
"""About one licence or authority: others' are refused."""
FILTERED = "filtered"
"""A list: others' are left out."""
GENERAL = "general"
"""About no licence."""

MATRIX = {
    ("POST", "/api/v1/licences"): (OWN, GRANTED),
    ("GET", "/api/v1/licences"): (FILTERED, None),
    ("GET", f"{LICENCE}/record"): (OWN, None),
    ("GET", f"{LICENCE}/history"): (OWN, None),
    ("GET", f"{LICENCE}/files/electronic"): (OWN, None),
    ("GET", f"{LICENCE}/files/paper-0"): (OWN, None),
    ("GET", f"{LICENCE}/papers"): (OWN, None),
    ("POST", f"{LICENCE}/versions"): (OWN, {**GRANTED, "kind": "amendment", "reason": "变更"}),
    ("POST", f"{LICENCE}/status-changes"): (OWN, {"status": "suspended", "legal_ground": "法", "reason": "整改"}),
    ("POST", f"{LICENCE}/papers/0/prints"): (OWN, {"blank_form": "A3", "blank_serial_number": "1"}),
    ("POST", f"{LICENCE}/papers/0/collections"): (OWN, {"collected_by": "李四"}),
    ("POST", f"{LICENCE}/papers/0/voidings"): (OWN, REASON),
    ("POST", f"{LICENCE}/papers/0/returns"): (OWN, REASON),
    ("POST", f"{LICENCE}/obligations/1/outcome"): (OWN, {"is_fulfilled": True, "note": "已补"}),
    ("POST", f"{LICENCE}/copies"): (OWN, {"purpose": "投标", "user_name": "某中心", "expires_on": "{today}"}),
    ("GET", "/api/v1/holders/{holder}/copies"): (FILTERED, None),
    ("GET", "/api/v1/copies/{copy}"): (OWN, None),
    ("GET", "/api/v1/blank-forms?authority_code={authority}"): (OWN, None),
    ("POST", "/api/v1/blank-forms"): (
        OWN,
        {"authority_code": "{authority}", "form": "A3", "first": "YJ1", "last": "YJ2"},
    ),
    ("POST", "/api/v1/blank-forms/put-aside"): (
        OWN,
        {"authority_code": "{authority}", "form": "A3", "serial_numbers": ["YJ9"], "state": "spoiled", **REASON},
    ),
    ("GET", "/api/v1/obligations"): (FILTERED, None),
    ("POST", "/api/v1/licence-batches"): (GENERAL, None),
    ("GET", "/api/v1/limits"): (GENERAL, None),
    ("POST", "/api/v1/licence-reports"): (OWN, {**GRANTED, "origin": "旧系统"}),
    ("GET", "/api/v1/licence-reports"): (FILTERED, None),
    ("GET", "/api/v1/licence-reports/{report}"): (OWN, None),
    ("GET", "/api/v1/reconciliations"): (GENERAL, None),
    ("POST", "/elssp/v1/GetCertificateType"): (GENERAL, NATIONAL),
    ("POST", "/elssp/v1/Retrieval"): (FILTERED, NATIONAL | {"CertificateHolderCode": "{holder}"}),
    ("POST", "/elssp/v1/GetCertificateDataByCertificateID"): (OWN, NATIONAL | {"CertificateID": "{licence}"}),
    ("POST", "/elssp/v1/GetCertificateDataByHolder"): (OWN, NATIONAL | BY_HOLDER),
    ("POST", "/elssp/v1/GetCertificateFileByCertificateID"): (OWN, NATIONAL | {"CertificateID": "{licence}"}),
    ("POST", "/elssp/v1/GetCertificateFileByHolder"): (OWN, NATIONAL | BY_HOLDER),
}


@pytest.fixture(scope="module")
def world(gallery):
    """A licence in force with a copy and a report, and what requests need to name them."""
    container = container_at(gallery.container.settings.data_dir)
    issued = gallery.licences["in_force"]
    record = container.licence_records.get(issued.licence_identifier)
    names = {
        "licence": issued.licence_identifier,
        "holder": issued.holder_code,
        "number": issued.licence_number,
        "authority": record.facts["issuing_authority"]["code"],
        "type": record.facts["licence_type"]["local_code"],
        "today": container.clock().date().isoformat(),
        "copy": "",
        "report": "",
    }
    applied = container.representations.of(issued.licence_identifier, "guangdong")
    application = {name: value for name, value in applied.items() if not name.startswith(("ZZBS", "ZZBBH", "ZZZT"))}
    yield create_app(container), names, application
    container.deps.engine.dispose()


@pytest.fixture
def send(world, as_client):
    app, names, application = world

    def fill(value):
        if isinstance(value, dict):
            return {key: fill(each) for key, each in value.items()}
        if value == "{record}":
            return application
        return value.format(**names) if isinstance(value, str) else value

    def sent(method, path, body, scopes, **limits):
        for kind, made in (("copy", "copies"), ("report", "licence-reports")):
            if f"{{{kind}}}" in path and not names[kind]:
                names[kind] = make(made)
        client = as_client(app, scopes, **limits)
        return client.open(fill(path), method=method, json=fill(body))

    def make(kind):
        path = f"{LICENCE}/copies" if kind == "copies" else "/api/v1/licence-reports"
        answer = sent("POST", path, MATRIX["POST", path][1], ALL)
        assert answer.status_code in (200, 201), answer.text
        return answer.headers["Location"].rpartition("/")[2]

    return sent


def declared(app):
    """Scope of each route of departments."""
    return {
        (method, rule.rule): app.view_functions[rule.endpoint].declared_access
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if getattr(app.view_functions[rule.endpoint], "declared_access", PUBLIC) in ALL
    }


def scope_of(app, method, path):
    filled = path.partition("?")[0].replace("{", "").replace("}", "")
    endpoint, _ = app.url_map.bind("x").match(filled, method)
    return app.view_functions[endpoint].declared_access


def test_the_matrix_has_every_route_of_departments(world):
    app = world[0]
    bound = app.url_map.bind("x")
    named = set()
    for method, path in MATRIX:
        filled = path.partition("?")[0].replace("{", "").replace("}", "")
        rule, _ = bound.match(filled, method, return_rule=True)
        named.add((method, rule.rule))
    assert named == set(declared(app))


@pytest.mark.parametrize(("method", "path"), MATRIX)
def test_nobody_and_clients_without_the_scope_are_refused(world, send, method, path):
    body = MATRIX[method, path][1]
    needed = scope_of(world[0], method, path)
    assert send(method, path, body, ALL - {needed}).status_code == 403
    assert world[0].test_client().open(path, method=method, json=body).status_code == 401
    assert send(method, path, body, frozenset({Scope.EVENTS_READ})).status_code == 403


@pytest.mark.parametrize(("method", "path"), [key for key, (kind, _) in MATRIX.items() if kind != GENERAL])
@pytest.mark.parametrize("limits", [{"authority_codes": FOREIGN}, {"type_codes": OTHER_TYPES}])
def test_another_departments_licences_are_out_of_reach(send, method, path, limits):
    kind, body = MATRIX[method, path]
    answer = send(method, path, body, ALL, **limits)
    if kind == FILTERED:
        listed = answer.get_json()
        assert (answer.status_code, listed.get("items", listed.get("data"))) == (200, [])
    else:
        assert answer.status_code in (403, 404), answer.text


@pytest.mark.parametrize(
    ("method", "path"), [key for key in MATRIX if "{licence}" in json.dumps([key, MATRIX[key][1]])]
)
def test_the_sandbox_never_meets_what_is_real(send, method, path):
    assert send(method, path, MATRIX[method, path][1], ALL, is_sandbox=True).status_code == 404
