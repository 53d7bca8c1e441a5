"""200 signing requests in flight at once, over real HTTP: each is finished exactly once, whatever the phones do."""

import json
import random
import secrets
import time
from base64 import b64decode, b64encode
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.client import HTTPConnection, HTTPException

import pytest
from sqlalchemy import select

from gateway.persistence.models import AuditEvent, SigningDocument, SigningRequest
from gateway.persistence.session import reading
from gateway.services.signing_forms import RESULT_SUFFIXES
from tests.department_server import department_headers, serving
from tests.faults.fault_http import free_port
from tests.phones import phone_of
from tests.unit.signing.pki import plain_pdf

REQUESTS, WITH_PDF, CALLERS = 200, 8, 12
PATIENCE = 60
FINISHED, NEVER = ("once", "twice", "late twin"), "never"


def text(data):
    return b64encode(data).decode()


def call(port, method, path, body=None, headers=None):
    """The answer, asked for again while the server is busy."""
    sent = None if body is None else json.dumps(body).encode()
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        connection = HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.request(method, path, sent, {"Content-Type": "application/json"} | (headers or {}))
            answer = connection.getresponse()
            content = answer.read()
            if answer.status != 503:
                return answer.status, json.loads(content)
        except (OSError, HTTPException):
            pass
        finally:
            connection.close()
        time.sleep(0.05)
    raise AssertionError("a caller was never answered")


class Storm:
    """A department, and phones that answer as their plan says."""

    def __init__(self, port, department, codes, phones, headers):
        self.port, self.department, self.codes, self.phones, self.headers = port, department, codes, phones, headers

    def ask(self, number):
        """One request; a few are over a PDF, which takes most of the time."""
        content, form = (plain_pdf(), "pdf") if number < WITH_PDF else (f'{{"n":{number}}}'.encode(), "json")
        document = {"title": f"文件{number}", "form": form, "content": text(content)}
        body = {
            "enterprise_code": self.codes[number % len(self.codes)],
            "department_code": self.department,
            "purpose": "批量申请",
            "signer_role": "legal_representative",
            "documents": [document] if number % 2 else [document, {**document, "form": "bytes"}],
        }
        keyed = self.headers | {"Idempotency-Key": secrets.token_hex(8)}
        status, made = call(self.port, "POST", "/api/v1/signing-requests", body, keyed)
        assert status == 201, made
        return made

    def prepare(self, made):
        """What the phone will post, once it has seen what it is to sign."""
        session = f"/sign/v1/sessions/{made['qr_text'].rpartition('/')[2]}"
        key = self.phones[made["enterprise"]["code"]].key
        assert call(self.port, "GET", session)[1]["state"] == "presented"
        offer = {"certificate": text(key.certificate), "role": "legal_representative", "signer_name": "林某某"}
        status, shown = call(self.port, "POST", f"{session}/certificate", offer)
        assert status == 200, shown
        signatures = [
            {
                "document_id": each["document_id"],
                "form": "raw",
                "value": text(key.sign(b64decode(each["to_be_signed"]))),
            }
            for each in shown["documents"]
        ]
        return session, {"certificate": offer["certificate"], "signatures": signatures}

    def post(self, prepared):
        session, answer = prepared
        return call(self.port, "POST", f"{session}/signatures", answer)


@pytest.mark.timeout(300)
def test_200_requests_in_flight_are_each_finished_exactly_once(fresh, applications):
    codes = list(dict.fromkeys(a["CYRSFZJHM"] for a in applications))[:4]
    department = next(iter(fresh.catalogue.load().authorities_by_code))
    url = fresh.settings.database_url
    settings = {} if url is None else {"database_url": url}
    phones = {code: phone_of(fresh, code) for code in codes}
    chance, port = random.Random(200), free_port()
    with serving(fresh.settings.data_dir, port, workers=2, **settings), ThreadPoolExecutor(CALLERS) as pool:
        storm = Storm(port, department, codes, phones, department_headers(fresh))
        made = list(pool.map(storm.ask, range(REQUESTS)))
        plans = {each["request_id"]: chance.choice((*FINISHED, *FINISHED, NEVER)) for each in made}
        answering = [each for each in made if plans[each["request_id"]] != NEVER]
        ready = dict(zip((each["request_id"] for each in answering), pool.map(storm.prepare, answering), strict=True))
        # In random order; twins are sent at once or at the very end.
        posts = [*ready, *(each for each in ready if plans[each] == "twice")]
        chance.shuffle(posts)
        posts += [each for each in ready if plans[each] == "late twin"]
        answers = list(pool.map(lambda each: storm.post(ready[each]), posts))
    assert {status for status, _ in answers} == {200}, Counter(str(answer)[:200] for _, answer in answers)
    assert {answer["state"] for _, answer in answers} == {"signed"}
    seen = {}
    for _, answer in answers:
        assert seen.setdefault(answer["request_id"], answer) == answer
    judge(fresh, plans)


def judge(container, plans):
    """The register, its events and files: one end for each request, and the end of what nobody answered by the clock."""
    later = type(container)(container.settings, clock=lambda: container.clock() + timedelta(hours=2))
    never = sum(plan == NEVER for plan in plans.values())
    moved = [later.signing_completion.resume() for _ in range(2 + never // 50)]
    assert sum(moved) == never
    with reading(container.deps.sessions) as session:
        states = dict(session.execute(select(SigningRequest.id, SigningRequest.state)).all())
        query = select(AuditEvent.subject, AuditEvent.action).where(AuditEvent.action.like("signing_request_%"))
        events = Counter(session.execute(query).all())
        documents = session.scalars(select(SigningDocument)).all()
    assert states == {name: "expired" if plan == NEVER else "signed" for name, plan in plans.items()}
    for name, plan in plans.items():
        ends = ("signing_request_expired",) if plan == NEVER else ("signing_request_received", "signing_request_signed")
        assert {action: events[name, action] for action in ends} == dict.fromkeys(ends, 1)
    assert max(events.values()) == 1
    for each in documents:
        is_signed = plans[each.request_id] != NEVER
        assert (each.result_sm3 is not None) == is_signed
        if is_signed:
            container.deps.files.read(each.result_sm3, RESULT_SUFFIXES[each.result])
    later.deps.engine.dispose()
