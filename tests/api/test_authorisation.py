"""The authorisation matrix: every route of the URL map against every kind of client."""

import base64
import io
import json
import re
from datetime import timedelta
from unittest.mock import Mock

import pytest
from sqlalchemy import select, update

from gateway.api.auth import PUBLIC, RECORDED
from gateway.app import create_app
from gateway.domain.actors import ENTERPRISE_SCOPES, Scope
from gateway.domain.status import china_day
from gateway.persistence.models import AccessToken, Client, ElectronicBusinessLicence, Enterprise
from gateway.services.clients import ClientChange, ClientSpec
from gateway.services.enterprise_signers import Exchange, Outcome, Said
from gateway.services.outside_systems import CameBack
from tests.api.conftest import DepartmentClient
from tests.conftest import container_at
from tests.databases import copy_home, forget_home
from tests.gallery import application
from tests.phones import phone_of

ALL = frozenset(Scope) - {Scope.ADMINISTER}
FOREIGN = frozenset({"11441702G00007401N"})
"""An authority that issues other licences than the ones here."""
OTHER_TYPES = frozenset({"11441700000000019L034"})
"""Of none of the licences here."""
NO_AUTHORITY = frozenset()
LICENCE = "/api/v1/licences/{licence}"
REASON = {"reason": "原因"}
NATIONAL = {"UseFor": "办理业务"}
BY_HOLDER = {"CertificateType": "{type}", "CertificateNumber": "{number}", "CertificateHolderCode": "{holder}"}
GRANTED = {"record": "{record}"}
BATCH = "/api/v1/licence-batches"
CONVERSIONS = "/api/v1/conversions"

SIGNING = "/api/v1/signing-requests"
SIGNED = f"{SIGNING}/{{signing}}"
ASKED = {
    "department_code": "{authority}",
    "enterprise_code": "{holder}",
    "purpose": "办理业务",
    "signer_role": "legal_representative",
    "documents": [{"form": "json", "title": "申请表", "content": base64.b64encode(b"[1]").decode()}],
}

SHOWINGS = "/api/v1/enterprises/{holder}/licence-showings"
OWN = "own"
"""About one licence or authority: others' are refused."""
DEPARTMENT = "department"
"""About what one authority asked of an enterprise, whatever types it issues: others' are refused, or left out of the list."""
FILTERED = "filtered"
"""A list: others' are left out."""
GENERAL = "general"
"""About no licence."""
REGISTER = "register"
"""A register of many licences: each row of others is refused in the answer."""

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
    ("POST", f"{LICENCE}/papers/0/prints"): (OWN, {"blank_form": "A3", "blank_serial_number": "YJ8"}),
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
    ("GET", f"{LICENCE}/archive"): (OWN, None),
    ("GET", "/api/v1/enterprises/{holder}/archive"): (OWN, None),
    ("GET", "/api/v1/access-records?licence_identifier={licence}"): (OWN, None),
    ("GET", "/api/v1/limits"): (GENERAL, None),
    ("POST", CONVERSIONS): (REGISTER, None),
    ("GET", CONVERSIONS): (FILTERED, None),
    ("GET", f"{CONVERSIONS}/{{job}}"): (OWN, None),
    ("PUT", f"{CONVERSIONS}/{{job}}/state"): (OWN, {"state": "paused"}),
    ("GET", f"{CONVERSIONS}/{{job}}/errors"): (OWN, None),
    ("GET", f"{CONVERSIONS}/{{job}}/report"): (OWN, None),
    ("GET", f"{CONVERSIONS}/{{job}}/samples"): (OWN, None),
    ("GET", "/api/v1/conversion-profiles"): (GENERAL, None),
    ("GET", "/api/v1/events"): (FILTERED, None),
    ("POST", SIGNING): (DEPARTMENT, ASKED),
    ("GET", SIGNING): (DEPARTMENT, None),
    ("GET", SIGNED): (DEPARTMENT, None),
    ("GET", f"{SIGNED}/events?wait=0"): (DEPARTMENT, None),
    ("GET", f"{SIGNED}/documents/{{document}}"): (DEPARTMENT, None),
    ("GET", f"{SIGNED}/evidence/{{evidence}}"): (DEPARTMENT, None),
    ("POST", f"{SIGNED}/cancel"): (DEPARTMENT, {}),
    ("POST", f"{SIGNED}/national-session"): (DEPARTMENT, {}),
    ("GET", f"{SIGNED}/exchanges"): (DEPARTMENT, None),
    ("GET", f"{SIGNED}/exchanges/{{exchange}}"): (DEPARTMENT, None),
    ("POST", f"{LICENCE}/acceptances"): (OWN, {}),
    ("GET", f"{LICENCE}/acceptances"): (OWN, None),
    ("GET", f"{LICENCE}/files/accepted"): (OWN, None),
    ("GET", "/api/v1/subscriptions"): (FILTERED, None),
    ("GET", "/api/v1/deliveries"): (FILTERED, None),
    ("POST", "/api/v1/licence-reports"): (OWN, {**GRANTED, "origin": "旧系统"}),
    ("GET", "/api/v1/licence-reports"): (FILTERED, None),
    ("GET", "/api/v1/licence-reports/{report}"): (OWN, None),
    ("POST", "/api/v1/authority-reports"): (
        OWN,
        {"authority_code": "{authority}", "complete_as_of": "{today}T00:00:00+08:00"},
    ),
    ("GET", "/api/v1/reconciliations"): (GENERAL, None),
    ("GET", "/api/v1/statistics"): (GENERAL, None),
    ("POST", "/api/v1/holder-certificates"): (GENERAL, {"certificate": "{certificate}"}),
    ("GET", "/api/v1/enterprises/{holder}/holder-certificates"): (GENERAL, None),
    ("POST", SHOWINGS): (GENERAL, {"licence_entity": "{certificate}"}),
    ("GET", SHOWINGS): (GENERAL, None),
    ("GET", f"{SHOWINGS}/{{showing}}"): (GENERAL, None),
    ("GET", f"{SHOWINGS}/{{showing}}/exchanges/{{showing_exchange}}"): (GENERAL, None),
    ("GET", "/api/v1/seals"): (GENERAL, None),
    ("GET", "/api/v1/seals/{seal}"): (GENERAL, None),
    ("GET", "/api/v1/seals/{seal}/picture"): (GENERAL, None),
    ("POST", "/elssp/v1/GetCertificateType"): (GENERAL, NATIONAL),
    ("POST", "/elssp/v1/Retrieval"): (FILTERED, NATIONAL | {"CertificateHolderCode": "{holder}"}),
    ("POST", "/elssp/v1/GetCertificateDataByCertificateID"): (OWN, NATIONAL | {"CertificateID": "{licence}"}),
    ("POST", "/elssp/v1/GetCertificateDataByHolder"): (OWN, NATIONAL | BY_HOLDER),
    ("POST", "/elssp/v1/GetCertificateFileByCertificateID"): (OWN, NATIONAL | {"CertificateID": "{licence}"}),
    ("POST", "/elssp/v1/GetCertificateFileByHolder"): (OWN, NATIONAL | BY_HOLDER),
}


IN_SANDBOX = {
    "/api/v1/licences",
    "/api/v1/licence-reports",
    "/api/v1/authority-reports",
    "/api/v1/blank-forms",
    "/api/v1/blank-forms?authority_code={authority}",
    SIGNING,
}
"""Where a sandbox makes things of its own."""
REFUSED = {
    "nobody": 401,
    "a strange token": 401,
    "an expired client": 401,
    "a disabled client": 401,
    "a client of tomorrow": 401,
    "a client at another address": 403,
    "a client over its cap": 429,
}
"""Kinds of callers that no route of departments answers, and how it says so."""
PUBLIC_API = {
    "/api/v1/resolutions",
    "/api/v1/enterprises/<code>/licences",
    "/api/v1/licences/<licence_identifier>",
    "/api/v1/licences/<licence_identifier>/bindings",
    "/api/v1/licences/<licence_identifier>/bindings/<number>",
    "/api/v1/verifications",
    "/api/v1/log/proofs/<licence_identifier>",
    "/api/v1/openapi.yaml",
    "/api/v1/authority-reports",
    "/api/v1/challenge-phrase",
    "/api/v1/digests/<sm3>",
    "/api/v1/enterprises/<code>/list.cbor",
    "/api/v1/enterprises/<code>/list.pdf",
    "/api/v1/paper-checks",
}
"""What anyone may ask under /api: a new route that is meant for departments does not slip in here."""
UNRECORDED = {
    ("GET", "/api/v1/limits"),
    ("GET", CONVERSIONS),
    ("GET", f"{CONVERSIONS}/<job_id>"),
    ("GET", "/api/v1/conversion-profiles"),
    ("GET", "/api/v1/events"),
    ("GET", f"{SIGNING}/<request_id>/events"),
    ("GET", "/api/v1/subscriptions"),
    ("GET", "/api/v1/deliveries"),
}
"""Reads of departments that give nothing of anyone's licence, or nothing but what everybody may read of it."""


OF_ENTERPRISES = {
    ("GET", SIGNING),
    ("GET", "/api/v1/events"),
    ("GET", "/api/v1/subscriptions"),
    ("GET", "/api/v1/deliveries"),
}
"""What answers an enterprise's own system, each with what is the enterprise's and with nothing of departments."""


@pytest.fixture(scope="module")
def world(set_up_home, tmp_path_factory):
    """A licence in force with a copy, a report, an obligation and blank forms, and clients of every kind."""
    home = tmp_path_factory.mktemp("matrix") / "data"
    copy_home(set_up_home, home)
    container = container_at(home)
    built = World(container)
    yield built
    container.deps.engine.dispose()
    forget_home(home)


class World:
    def __init__(self, container):
        self.container, self.app = container, create_app(container)
        self.rules = list(self.app.url_map.iter_rules())
        codes = frozenset(container.catalogue.load().authorities_by_code)
        self.everywhere = codes
        today = china_day(container.clock())
        self.application = application("公共场所卫生许可证", f"粤卫公证字〔{today.year}〕第441710001号", today)
        self.names = {"today": today.isoformat()}
        self.right = self.client(ALL)
        due = (today + timedelta(days=30)).isoformat()
        obligation = {"kind": "missing_papers", "items": ["健康证明"], "due_on": due}
        issued = self.right.post("/api/v1/licences", json={"record": self.application, "obligations": [obligation]})
        assert issued.status_code == 201, issued.text
        record = self.right.get(issued.headers["Location"]).get_json()
        self.names |= {
            "licence": record["licence_identifier"],
            "holder": record["holder"]["code"],
            "number": record["licence_number"],
            "authority": record["issuing_authority"]["code"],
            "type": record["licence_type"]["local_code"],
        }
        held = container.holder_certificates.of_enterprise(self.names["holder"])[0].certificate_sm3
        with container.deps.sessions() as session:
            certificate = session.get(ElectronicBusinessLicence, held).certificate
        self.names["seal"] = container.seal_register.all()[0].key_id
        self.names["certificate"] = base64.b64encode(certificate).decode()
        self.holder_name = record["holder"]["name"]
        self.names["copy"] = self.place_of(f"{LICENCE}/copies")
        self.names["report"] = self.place_of("/api/v1/licence-reports")
        self.sign()
        job = self.send_register(self.right, {"ZZHM": f"粤卫公证字〔{today.year}〕第441710009号"}, dry_run="true")
        assert job.status_code == 201, job.text
        self.names["job"] = job.get_json()["id"]
        container.conversions.work(self.names["job"], 0)
        container.blank_forms.receive(self.names["authority"], "A3", "YJ8", "YJ9")
        container.samples.prepare([self.names["authority"]])
        self.callers = self.refused()
        self.enterprise = self.enterprise_system(self.names["holder"])

    def enterprise_system(self, code, **limits):
        """An enterprise's own system to whose row and token somebody gave every scope that there is."""
        client = self.client(ENTERPRISE_SCOPES, authority_codes=NO_AUTHORITY, enterprise_code=code, **limits)
        with self.container.deps.sessions.begin() as session:
            everything = sorted(Scope)
            session.get(Client, client.client_id).scopes = everything
            session.execute(
                update(AccessToken).where(AccessToken.client_id == client.client_id).values(scopes=everything)
            )
        return client

    def sign(self):
        """The holder accepted the licence, and signed another request of the department."""
        phone = phone_of(self.container, self.names["holder"])
        accepting = self.right.post(self.fill(f"{LICENCE}/acceptances"), json={})
        asking = self.right.post(SIGNING, json=self.fill(ASKED))
        assert (accepting.status_code, asking.status_code) == (201, 201), accepting.text + asking.text
        asked = asking.get_json()
        for request in (accepting.get_json()["signing_request"], asked):
            phone.sign(self.container, request["qr_text"].rpartition("/")[2])
        self.names |= {"signing": asked["request_id"], "document": asked["documents"][0]["document_id"]}
        judged_by = self.right.get(self.fill(SIGNED)).get_json()["evidence"]
        self.names["evidence"] = judged_by["certificates"][0]["sha256"]
        self.names["exchange"] = self.exchanged(asked["request_id"])
        self.names |= self.shown()

    def shown(self):
        """A service refuses every licence object; gives the numbers of one showing and its exchange."""
        container = self.container
        container.signer_exchanges.signer = Mock(check_licence=Mock(return_value=False))
        showing = container.licence_showings.show(self.names["holder"], b"object").showing_id
        self.exchanged(showing)
        return {"showing": showing, "showing_exchange": str(container.signer_exchanges.about(showing)[0].id)}

    def exchanged(self, request_id):
        """The national service was asked about a request; gives the number of the exchange."""
        exchanges, came = self.container.signer_exchanges, CameBack(b"{}", "")
        digests = {"request_sm3": "0" * 64, "response_sm3": "1" * 64}
        said = {"outcome": Outcome.ANSWERED, "milliseconds": 1, "said": Said("{}", came, b"key")}
        names = {"system": "elicence", "operation": "BeginSigning", "request_id": request_id}
        exchanges.keep(Exchange(occurred_at=self.container.clock(), **names, **digests, **said))
        return str(exchanges.about(request_id)[-1].id)

    def client(self, scopes, *, authority_codes=None, token=None, **limits):
        """A test client of a new department system."""
        if token is None:
            codes = self.everywhere if authority_codes is None else authority_codes
            spec = ClientSpec("审批系统", "测试部门", frozenset(scopes), codes, **limits)
            client_id = self.container.clients.create(spec)
            secret = self.container.clients.new_secret(client_id).secret
            token = self.container.authentication.by_secret(client_id, secret, None, "127.0.0.1").token
        else:
            client_id = ""
        client = DepartmentClient(self.app, self.app.response_class)
        client.department = {"Authorization": f"Bearer {token}"} if token else {}
        client.client_id, client.is_sandbox = client_id, limits.get("is_sandbox", False)
        return client

    def refused(self):
        """The callers of REFUSED: each had a good token before."""
        now, change = self.container.clock(), self.container.clients.change
        callers = {name: self.client(frozenset(Scope)) for name in REFUSED}
        callers["nobody"] = self.client((), token="")
        callers["a strange token"] = self.client((), token="x" * 43)
        expired = ClientChange(valid_from=now - timedelta(days=2), valid_until=now - timedelta(days=1))
        change(callers["an expired client"].client_id, expired)
        self.container.clients.set_enabled(callers["a disabled client"].client_id, is_enabled=False)
        change(callers["a client of tomorrow"].client_id, ClientChange(valid_from=now + timedelta(days=1)))
        change(callers["a client at another address"].client_id, ClientChange(ip_ranges=("10.0.0.0/8",)))
        change(callers["a client over its cap"].client_id, ClientChange(daily_cap=1))
        assert callers["a client over its cap"].get("/api/v1/limits").status_code == 200
        return callers

    def fill(self, value, record=None):
        if isinstance(value, dict):
            return {key: self.fill(each, record) for key, each in value.items()}
        if isinstance(value, list):
            return [self.fill(each, record) for each in value]
        if value == "{record}":
            return record or self.application
        return value.format(**self.names) if isinstance(value, str) else value

    def send(self, client, method, path):
        # A number of its own, so that what the sandbox makes is not found under that of the licence of this world.
        record = self.application | ({"ZZHM": self.application["ZZHM"] + "样"} if client.is_sandbox else {})
        body = self.fill(MATRIX[method, path][1], record)
        if (method, path) == ("POST", CONVERSIONS):
            return self.send_register(client)
        if path == BATCH:
            lines = {"data": json.dumps({"record": record}).encode() + b"\n"}
            headers = {"Batch-Id": "B1", "Content-Type": "application/x-ndjson"}
            return client.open(path, method=method, headers=headers, **lines)
        return client.open(self.fill(path), method=method, json=body)

    def send_register(self, client, changes=None, **query):
        """Send the licence of this world, perhaps changed, as a line of a register of paper licences."""
        line = json.dumps(self.application | (changes or {}), ensure_ascii=False).encode()
        data = {"file": (io.BytesIO(line), "register.ndjson")}
        return client.post(CONVERSIONS, data=data, content_type="multipart/form-data", query_string=query)

    def place_of(self, path):
        made = self.right.post(self.fill(path), json=self.fill(MATRIX["POST", path][1]))
        assert made.status_code in (200, 201), made.text
        return made.headers["Location"].rpartition("/")[2]

    def is_own_sample(self, item):
        """Whether an entry is of what the sandbox made of the same application, and so by no name of this world."""
        shown = json.dumps(item, ensure_ascii=False)
        return self.holder_name in shown and not any(
            self.names[name] in shown for name in ("licence", "copy", "report")
        )

    def access(self, rule):
        return getattr(self.app.view_functions[rule.endpoint], "declared_access", None)

    def scopes(self, method, path):
        """What the route of a request of the matrix takes: one of these."""
        endpoint, _ = self.app.url_map.bind("x").match(self.fill(path).partition("?")[0], method)
        declared = self.app.view_functions[endpoint].declared_access
        return frozenset({declared} if isinstance(declared, str) else declared)


def is_for_departments(access):
    return access in set(Scope) or (isinstance(access, tuple) and access[0] != "staff")


def methods_of(rule):
    return rule.methods - {"HEAD", "OPTIONS"}


def test_the_matrix_has_every_route_of_departments(world):
    bound = world.app.url_map.bind("x")
    named = set()
    for method, path in MATRIX:
        rule, _ = bound.match(world.fill(path).partition("?")[0], method, return_rule=True)
        named.add((method, rule.rule))
    declared = {
        (method, rule.rule)
        for rule in world.rules
        for method in methods_of(rule)
        if is_for_departments(world.access(rule))
    }
    assert named == declared


def test_every_other_route_is_for_staff_or_knowingly_for_anyone(world):
    others = [rule for rule in world.rules if not is_for_departments(world.access(rule))]
    assert {rule.rule for rule in others if rule.rule.startswith(("/api/", "/elssp/"))} == PUBLIC_API
    strange = world.callers["a strange token"]
    for rule in others:
        access = world.access(rule)
        path = re.sub("<[^>]+>", "1", re.sub(r"<any\((\w+)[^>]*>", r"\1", rule.rule))
        if isinstance(access, tuple):
            answer = strange.get(path) if "GET" in rule.methods else strange.post(path)
            assert (answer.status_code, answer.location) == (303, "/console/sign-in"), rule.rule
        elif access == PUBLIC and "GET" in rule.methods:
            assert strange.get(path).status_code not in (401, 403, 429), rule.rule
        else:
            assert access in (PUBLIC, "visitor") or rule.endpoint.endswith("static"), rule.rule


def test_every_read_of_departments_is_kept_on_record(world):
    reads = {
        (method, rule.rule): getattr(world.app.view_functions[rule.endpoint], RECORDED, False)
        for rule in world.rules
        for method in methods_of(rule)
        if is_for_departments(world.access(rule))
        and (method == "GET" or rule.rule.startswith("/elssp/") or rule.rule == BATCH)
    }
    assert {route for route, is_recorded in reads.items() if not is_recorded} == UNRECORDED


@pytest.mark.parametrize("caller", REFUSED)
@pytest.mark.parametrize(("method", "path"), MATRIX)
def test_callers_that_may_not_come_in_are_refused(world, method, path, caller):
    answer = world.send(world.callers[caller], method, path)
    assert (answer.status_code, answer.mimetype) == (REFUSED[caller], "application/problem+json")
    assert world.holder_name not in answer.text


@pytest.mark.parametrize(("method", "path"), MATRIX)
def test_clients_without_the_scope_are_refused(world, method, path):
    others = frozenset(Scope) - world.scopes(method, path)
    assert world.send(world.client(others), method, path).status_code == 403


@pytest.mark.parametrize("scope", [Scope.LICENCES_READ, Scope.LICENCES_CHANGE])
def test_to_end_a_licence_is_a_right_of_its_own(world, scope):
    client = world.client({Scope.LICENCES_READ, scope})
    body = {"status": "revoked", "legal_ground": "法", "reason": "违法"}
    path = f"/api/v1/licences/{world.names['licence']}/status-changes"
    assert client.post(path, json=body).status_code == 403


@pytest.mark.parametrize(("method", "path"), MATRIX)
@pytest.mark.parametrize(
    "limits", [{"authority_codes": FOREIGN}, {"type_codes": OTHER_TYPES}, {"is_sandbox": True}], ids=str
)
def test_another_departments_licences_are_out_of_reach(world, method, path, limits):
    kind = MATRIX[method, path][0]
    answer = world.send(world.client(frozenset(Scope), **limits), method, path)
    if path == BATCH and "is_sandbox" not in limits:
        assert [json.loads(line)["code"] for line in answer.data.splitlines()] == ["FORBIDDEN"]
    elif kind == REGISTER and "is_sandbox" in limits:
        assert answer.status_code == 409, answer.text[:500]
    elif kind == REGISTER:
        assert answer.get_json()["by_reason"] == {"OUT_OF_REACH": 1}
    elif kind == DEPARTMENT and "type_codes" in limits:
        assert answer.status_code in (200, 201, 409), answer.text[:500]
    elif kind == FILTERED or (method, path) == ("GET", SIGNING):
        listed = answer.get_json()
        items = listed.get("items", listed.get("data"))
        assert (answer.status_code, [item for item in items if not world.is_own_sample(item)]) == (200, [])
    elif kind in (OWN, DEPARTMENT) and not (limits == {"is_sandbox": True} and path in IN_SANDBOX):
        assert answer.status_code in (403, 404), answer.text[:500]
        assert world.holder_name not in answer.text
    else:
        assert answer.status_code in (200, 201), answer.text[:500]


@pytest.mark.parametrize(("method", "path"), MATRIX)
def test_the_right_client_comes_through(world, method, path):
    """A conflict is an answer too: what came before in this world may stand against the act, but not the client."""
    client = world.right if ALL & world.scopes(method, path) else world.client(frozenset(Scope))
    answer = world.send(client, method, path)
    assert answer.status_code in (200, 201, 409), answer.text[:500]


def test_what_the_sandbox_issued_is_a_sample_and_stays_apart(world):
    sandbox = world.client(frozenset(Scope), is_sandbox=True)
    issued = world.send(sandbox, "POST", "/api/v1/licences")
    assert issued.status_code in (200, 201)
    identifier = issued.get_json()["licence_identifier"]
    assert identifier != world.names["licence"]
    assert sandbox.get(f"/api/v1/licences/{identifier}/record").status_code == 200
    assert world.right.get(f"/api/v1/licences/{identifier}/record").status_code == 404


@pytest.mark.parametrize(("method", "path"), MATRIX)
def test_an_enterprises_own_system_reaches_nothing_of_departments(world, method, path):
    """Not even what concerns the enterprise itself, and whatever scopes its row and its token name."""
    answer = world.send(world.enterprise, method, path)
    if (method, path) in OF_ENTERPRISES:
        assert answer.status_code == 200, answer.text
    else:
        assert (answer.status_code in (403, 404), answer.mimetype) == (True, "application/problem+json"), answer.text
    hidden = ("licence", "signing", "copy", "report", "number")
    assert not [name for name in hidden if world.names[name] in answer.text.replace(world.fill(path), "")]


def test_an_enterprises_own_system_has_what_the_enterprise_asked_for_and_nobody_else_has(world):
    """All that a signing request can be asked for, by every other kind of caller too."""
    asked = {name: value for name, value in world.fill(ASKED).items() if name != "department_code"}
    made = world.enterprise.post(SIGNING, json=asked)
    assert made.status_code == 201, made.text
    request = made.get_json()
    assert (request["department"], request["own_system"]) == (None, "审批系统")
    phone_of(world.container, world.names["holder"]).sign(world.container, request["qr_text"].rpartition("/")[2])
    names = {"signing": request["request_id"], "document": "1", "exchange": world.exchanged(request["request_id"])}
    with world.container.deps.sessions() as session:
        another = session.scalars(select(Enterprise.unified_social_credit_code)).all()
    other = next(code for code in another if code != world.names["holder"])
    strangers = {
        "a department": (world.right, 404),
        "a department's sandbox": (world.client(ALL, is_sandbox=True), 404),
        "another enterprise": (world.enterprise_system(other), 404),
        "the enterprise's sandbox": (world.enterprise_system(world.names["holder"], is_sandbox=True), 404),
        "a second system of the enterprise": (world.enterprise_system(world.names["holder"]), 200),
    }
    for method, path in [route for route in MATRIX if route[1].startswith(SIGNED)]:
        address, body = path.format(**world.names | names), MATRIX[method, path][1]
        own = world.enterprise.open(address, method=method, json=body)
        is_over = path.endswith(("/cancel", "/national-session"))
        assert own.status_code == (409 if is_over else 200), (path, own.text)
        for kind, (caller, status) in strangers.items():
            answer = caller.open(address, method=method, json=body)
            assert answer.status_code == (own.status_code if status == 200 else status), (kind, path, answer.text)
    for kind, (caller, status) in strangers.items():
        assert (request["request_id"] in caller.get(SIGNING).text) == (status == 200), kind
    assert world.enterprise.post(SIGNING, json=asked | {"enterprise_code": other}).status_code == 403
