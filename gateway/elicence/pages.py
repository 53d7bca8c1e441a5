"""The phone as a small web page that signs for whoever sits at it, and the routes by which tests script it."""

import base64
import hmac
import json
import secrets
from functools import partial
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Flask, Response, abort, current_app, g, redirect, render_template, request, url_for
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as AnyResponse

from gateway.elicence.national import NationalFault
from gateway.elicence.phone import Fault, PhoneError, china_time
from gateway.elicence.simulator import ROLES, Scan, Simulator
from gateway.errors import GatewayError
from gateway.imaging.qr_reading import read_codes
from signing import sm2
from verify_web.catalogue import spoken, translate
from verify_web.language import TONGUES, chooser, other_tongue, pair
from verify_web.preferences import choose, remember, switched
from verify_web.style import STYLE, STYLE_SOURCE

_MOST_BYTES = 8 * 1024 * 1024
_MOST_PIXELS = 40_000_000
_POLICY = f"default-src 'none'; style-src {STYLE_SOURCE}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
_ROLE_WORDS = {
    "legal_representative": _l("法定代表人（负责人）"),
    "licence_administrator": _l("证照管理员"),
    "handling_person": _l("办事人"),
}
_OUTCOMES = {
    "shown": _l("等待您的决定"),
    "silent": _l("没有答复（模拟）"),
    "signed": _l("已签名"),
    "declined": _l("已拒签"),
    "expired": _l("已过期"),
}
blueprint = Blueprint("phone", __name__)


def create_phone_app(simulator: Simulator) -> Flask:
    """The WSGI application of one simulator."""
    app = Flask("gateway.elicence", static_folder=None, template_folder="templates")
    app.config["MAX_CONTENT_LENGTH"] = _MOST_BYTES
    app.extensions["simulator"] = simulator
    # Pages of other sites must not press buttons here: each form carries what only our own pages know.
    app.extensions["form_token"] = secrets.token_urlsafe(24)
    translate(app)
    app.before_request(_begin)
    app.after_request(_finish)
    app.register_blueprint(blueprint)
    app.register_error_handler(PhoneError, _phone_error)
    app.register_error_handler(GatewayError, _phone_error)
    return app


def _begin() -> None:
    choose(request)
    if request.method == "POST" and not request.path.startswith(("/simulator/", "/national/")):
        given = request.form.get("form_token", "")
        if not hmac.compare_digest(given.encode(), current_app.extensions["form_token"].encode()):
            abort(HTTPStatus.FORBIDDEN)


def _finish(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    remember(request, response)
    return response


def _simulator() -> Simulator:
    found: Simulator = current_app.extensions["simulator"]
    return found


def _page(template: str, status: int = HTTPStatus.OK, **values: object) -> tuple[str, int]:
    language = g.get("language", "zh")
    words = {
        **spoken(language),
        "say": chooser(language),
        "language": language,
        "tongue": TONGUES[language],
        "other_tongue": other_tongue(language),
        "pair": pair,
        "style": STYLE,
        "type_size": g.get("type_size", "normal"),
        "switched": partial(switched, request),
        "form_token": current_app.extensions["form_token"],
        "role_words": _ROLE_WORDS,
        "outcomes": _OUTCOMES,
        "china_time": china_time,
    }
    return render_template(template, **words, **values), int(status)


def _phone_error(error: PhoneError | GatewayError) -> tuple[Any, int]:
    if request.path.startswith("/simulator/"):
        return {"error": str(error)}, HTTPStatus.BAD_GATEWAY
    return _page("phone/error.html", HTTPStatus.BAD_GATEWAY, message=str(error))


@blueprint.get("/")
def home() -> tuple[str, int]:
    """The licences on this phone, and the place for a code."""
    return _page("phone/home.html", enterprises=_simulator().cards.enterprises.values(), roles=ROLES)


@blueprint.post("/scan")
def scan() -> AnyResponse:
    """Look at a code: its text, or a picture of it."""
    text = request.form.get("text", "").strip()
    picture = request.files.get("picture")
    if not text and picture is not None and picture.filename:
        found = read_codes(picture.read(), max_pixels=_MOST_PIXELS)
        text = found.texts[0] if found.texts else ""
    made = _simulator().scan(text, request.form.get("holder") or None, request.form.get("role") or None)
    return redirect(url_for("phone.show", scan_id=made.scan_id), HTTPStatus.SEE_OTHER)


@blueprint.get("/requests/<scan_id>")
def show(scan_id: str) -> tuple[str, int]:
    """What will be signed."""
    return _page("phone/request.html", scan=_scan(scan_id))


@blueprint.get("/requests/<scan_id>/documents/<document_id>")
def document(scan_id: str, document_id: str) -> Response:
    """A document exactly as it was fetched."""
    shown = next((d for d in _scan(scan_id).presented.documents if d.document_id == document_id), None)
    if shown is None:
        abort(HTTPStatus.NOT_FOUND)
    is_pdf = shown.form == "pdf"
    # Whatever a stranger calls it, only a PDF is shown by the browser; everything else is kept as a file.
    response = Response(shown.content, mimetype="application/pdf" if is_pdf else "application/octet-stream")
    response.headers["Content-Disposition"] = "inline" if is_pdf else "attachment"
    return response


@blueprint.post("/requests/<scan_id>/sign")
def sign(scan_id: str) -> AnyResponse:
    """Sign all of it."""
    _scan(scan_id)
    _simulator().sign(scan_id)
    return redirect(url_for("phone.show", scan_id=scan_id), HTTPStatus.SEE_OTHER)


@blueprint.post("/requests/<scan_id>/decline")
def decline(scan_id: str) -> AnyResponse:
    """Say no."""
    _scan(scan_id)
    reason = request.form.get("reason", "").strip() or "持照人拒签 declined by the holder"
    _simulator().decline(scan_id, reason[:200])
    return redirect(url_for("phone.show", scan_id=scan_id), HTTPStatus.SEE_OTHER)


@blueprint.post("/simulator/scans")
def scripted_scan() -> tuple[dict[str, Any], int]:
    """Hand a code to the automatic mode: ``{"qr_text": …, "fault": …, "wait": true}``; the simulator's secret is needed."""
    question = _scripted()
    try:
        fault = Fault(question["fault"]) if question.get("fault") else _simulator().next_fault()
    except ValueError:
        abort(HTTPStatus.BAD_REQUEST)
    text = str(question.get("qr_text", ""))
    if not question.get("wait", True):
        _simulator().start(text, fault)
        return {"outcome": "started"}, HTTPStatus.ACCEPTED
    answer = _simulator().run(text, fault)
    return {
        "outcome": "silent" if answer is None else answer.state,
        "status": None if answer is None else answer.status,
        "answer": None if answer is None else dict(answer.body),
    }, HTTPStatus.OK


@blueprint.post("/simulator/faults")
def scripted_faults() -> dict[str, Any]:
    """The next requests suffer from these: ``{"faults": [NAME, …]}``."""
    try:
        faults = list(map(Fault, _scripted().get("faults", ())))
    except (ValueError, TypeError):
        abort(HTTPStatus.BAD_REQUEST)
    _simulator().faults.extend(faults)
    return {}


@blueprint.post("/national/v1")
def national() -> Response:
    """One question to the national service, answered under its signature."""
    question, service = _scripted(), _simulator().national
    fault = service.faults.pop(0) if service.faults else None
    if fault is NationalFault.ERROR:
        abort(HTTPStatus.INTERNAL_SERVER_ERROR)
    document = service.answer(question)
    if fault is NationalFault.REPLAYED:
        document["nonce"] = secrets.token_hex(16)
    body = json.dumps(document, ensure_ascii=False).encode()
    response = Response(body, mimetype="application/json")
    if fault is not NationalFault.UNSIGNED:
        key = sm2.generate() if fault is NationalFault.FORGED else service.key
        response.headers["X-Signature"] = base64.b64encode(sm2.sign(key, body)).decode()
    return response


def _scripted() -> dict[str, Any]:
    expected = f"Bearer {_simulator().secret}".encode()
    if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), expected):
        abort(HTTPStatus.UNAUTHORIZED)
    question = request.get_json(silent=True)
    if not isinstance(question, dict):
        abort(HTTPStatus.BAD_REQUEST)
    return question


def _scan(scan_id: str) -> Scan:
    try:
        return _simulator().get(scan_id)
    except KeyError:
        abort(HTTPStatus.NOT_FOUND)
