"""Administrators export the whole record of a licence or an enterprise (docs/archives.md)."""

from flask import Response
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as BaseResponse

from gateway.console.access import staff
from gateway.console.forms import Field, Form, Sheet, fields_of, take_form
from gateway.console.frame import actor, blueprint
from gateway.domain.actors import Scope
from gateway.domain.identifiers import normalise_code
from verify_web.pages import container

_FIELDS = fields_of(
    Field("subject", _l("证照标识或统一社会信用代码"), max_length=200, focus=True),
    Field("reason", _l("导出理由"), kind="area", max_length=500, hint=_l("与导出人一并记入登记簿")),
)


@blueprint.route("/archive", methods=["GET", "POST"])
@staff(Scope.ADMINISTER)
def archive() -> BaseResponse:
    """Ask for what and why; the answer is the signed package."""
    sheet = Sheet(
        _l("导出档案"),
        _l("导出"),
        lead=_l("签署的档案包含全部版本、文件、状态、日志证明、签名请求及其证据和不脱敏的个人信息，请妥善保管。"),
    )
    return take_form(sheet, Form(_FIELDS), _export)


def _export(form: Form) -> BaseResponse:
    archives, reason = container().archives, form["reason"]
    subject = form["subject"].strip()
    # Licence identifiers begin with an OID; credit codes have no dots.
    if "." in subject:
        packed = archives.of_licence(subject, reason=reason, actor=actor())
    else:
        subject = normalise_code(subject)
        packed = archives.of_enterprise(subject, reason=reason, actor=actor())
    response = Response(packed, mimetype="application/zip")
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Disposition"] = f'attachment; filename="record-{subject}.zip"'
    return response
