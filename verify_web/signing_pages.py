"""The page of a signing request: what its QR code leads to, for whoever waits at a desk or holds the phone."""

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from gateway.api.auth import public
from gateway.api.visits import counted_by_token
from gateway.documents.qr_pictures import qr_path
from gateway.domain.authorisations import BASIS_WORDS, RoleBasis
from gateway.domain.signing_reasons import REFUSAL_WORDS
from gateway.domain.signing_requests import ROLE_WORDS, STATE_WORDS, SignerRole, SigningState
from gateway.domain.signing_views import SigningView
from gateway.domain.verdicts import Shape, Tone, Verdict
from verify_web.compression import compress
from verify_web.pages import container, page
from verify_web.words import moment, say

blueprint = Blueprint("signing_pages", __name__)
blueprint.after_request(compress)

_STILL = "off"
_FORMS = {
    "pdf": _l("PDF 文件"),
    "json": _l("表单数据"),
    "bytes": _l("文件"),
}
_LOOKS = {
    SigningState.CREATED: (Tone.UNKNOWN, Shape.CLOCK),
    SigningState.PRESENTED: (Tone.UNKNOWN, Shape.CLOCK),
    SigningState.SIGNED: (Tone.GOOD, Shape.CHECK),
    SigningState.DECLINED: (Tone.WARNING, Shape.PAUSE),
    SigningState.EXPIRED: (Tone.WARNING, Shape.CLOCK),
    SigningState.FAILED: (Tone.BAD, Shape.CROSS),
}
_LEADS = {
    SigningState.CREATED: _l("请看清用途和文件，再用电子营业执照扫码。"),
    SigningState.PRESENTED: _l("请在手机上核对文件并确认签名。"),
    SigningState.SIGNED: _l("签名已核验并放入文件，部门已可取用。可以关闭本页。"),
    SigningState.DECLINED: _l("企业没有签名。"),
    SigningState.EXPIRED: _l("请向发起部门索取新的二维码。"),
}
_RECEIVED = _l("签名已收到，正在放入文件。")


@blueprint.get("/s/<token>")
@public
@counted_by_token
def show(token: str) -> Response:
    """Who asks, for what, what is to be signed, and how far it is."""
    view = container().signing_sessions.glance(token)
    state, is_open = view.standing.state, not view.standing.is_final
    is_waiting = is_open and view.standing.received_at is None
    address = url_for("signing_pages.show", token=token)
    zh, en = STATE_WORDS[state]
    return page(
        "signing.html",
        view=view,
        verdict=Verdict(*_LOOKS[state], zh, en[0].upper() + en[1:]),
        lead=_lead(view),
        role=ROLE_WORDS[SignerRole(view.signer_role)],
        basis=_basis(view),
        forms=_FORMS,
        qr=qr_path(view.page(container().settings.public_base_url)) if is_waiting else None,
        events=url_for("signing_sessions.events", token=token) if is_open else None,
        refreshes=is_open and request.args.get("refresh") != _STILL,
        still=f"{address}?refresh={_STILL}",
        again=address,
    )


def _basis(view: SigningView) -> str | None:
    """What the role of the signer rests on; None before anybody was offered to sign."""
    if view.role_basis is None:
        return None
    words = say(*BASIS_WORDS[RoleBasis(view.role_basis)])
    if view.authorised is None:
        return words
    until = moment(view.authorised.valid_until)
    told: str = _("%(basis)s，有效期至 %(until)s 北京时间", basis=words, until=until)
    return told


def _lead(view: SigningView) -> str:
    standing = view.standing
    if standing.reason_code is not None:
        return say(*REFUSAL_WORDS[standing.reason_code])
    lead: str = _RECEIVED if standing.received_at is not None and not standing.is_final else _LEADS[standing.state]
    return lead
