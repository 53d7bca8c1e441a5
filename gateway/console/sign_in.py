"""The way in and out: sign in, first password, authenticator, sign out."""

from http import HTTPStatus

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as BaseResponse

from gateway.console.access import browser, drop_cookie, set_cookie, staff, to, visitor
from gateway.console.forms import Field, Form, Sheet, fields_of, show_form, take_form
from gateway.console.frame import COOKIE, blueprint, person, screen
from gateway.documents.qr_pictures import qr_path
from gateway.domain.passwords import secret_address
from gateway.domain.staff import SHORTEST_PASSWORD
from gateway.errors import FieldError, SignInRefusedError, ValidationFailedError
from verify_web.pages import container

CODE_FIELD = Field(
    "code",
    _l("动态码"),
    kind="code",
    required=False,
    max_length=10,
    hint=_l("审批和管理人员填写手机验证器上的六位数字"),
)
PASSWORD_FIELD = Field("password", _l("口令"), kind="password", max_length=200, autocomplete="current-password")
_SIGN_IN = fields_of(
    Field("account", _l("账号"), max_length=50, focus=True, autocomplete="username"), PASSWORD_FIELD, CODE_FIELD
)
_NEW_PASSWORD = fields_of(
    Field(
        "old",
        _l("现在的口令"),
        kind="password",
        max_length=200,
        focus=True,
        autocomplete="current-password",
    ),
    Field(
        "password",
        _l("新口令"),
        kind="password",
        max_length=200,
        autocomplete="new-password",
        hint=_l("至少 %(count)s 位，越长越好，不能含账号", count=SHORTEST_PASSWORD),
    ),
    Field("again", _l("再输一次"), kind="password", max_length=200, autocomplete="new-password"),
)
_SET_UP = fields_of(Field("code", _l("动态码"), kind="code", max_length=10, focus=True))


@blueprint.route("/sign-in", methods=["GET", "POST"])
@visitor
def sign_in() -> BaseResponse:
    """Account, password and, for those who need it, the one-time code."""
    sheet = Sheet(_l("窗口工作台登录"), _l("登录"))
    form = Form(_SIGN_IN)
    if request.method == "GET":
        return show_form(sheet, form)
    form.read()
    try:
        token = container().staff_sessions.sign_in(form["account"], form["password"], form["code"], browser())
    except SignInRefusedError as error:
        form.note(error)
        return show_form(sheet, form, HTTPStatus.FORBIDDEN)
    answer = to("dashboard")
    set_cookie(answer, token)
    return answer


@blueprint.post("/sign-out")
@staff(duty_allowed=True)
def sign_out() -> BaseResponse:
    """End the session."""
    container().staff_sessions.sign_out(request.cookies.get(COOKIE, ""))
    answer = to("sign_in")
    drop_cookie(answer)
    return answer


@blueprint.route("/password", methods=["GET", "POST"])
@staff(duty_allowed=True)
def password() -> BaseResponse:
    """Replace the password; at the first sign-in nothing else is possible."""

    def act(form: Form) -> None:
        if form["password"] != form["again"]:
            message = "两次输入的新口令不同。The two new passwords differ."
            raise ValidationFailedError([FieldError("again", "DIFFERS", message)])
        token = request.cookies.get(COOKIE, "")
        container().staff_sessions.change_password(person(), form["old"], form["password"], token)

    is_first = person().duty is not None
    lead = _l("首次登录，请先设置自己的口令。")
    sheet = Sheet(_l("修改口令"), _l("保存"), lead=lead if is_first else None)
    return take_form(sheet, Form(_NEW_PASSWORD), act)


@blueprint.route("/second-factor", methods=["GET", "POST"])
@staff(duty_allowed=True)
def second_factor() -> BaseResponse:
    """Put the secret into an authenticator, and prove it with a first code."""
    sessions, form, status = container().staff_sessions, Form(_SET_UP), HTTPStatus.OK
    if request.method == "POST":
        form.read()
        try:
            sessions.set_up_authenticator(person(), form["code"])
        except ValidationFailedError as error:
            form.note(error)
            status = HTTPStatus.UNPROCESSABLE_ENTITY
        else:
            return to("dashboard")
    secret = sessions.authenticator_secret(person())
    issuer = _("证照窗口")
    address = secret_address(secret, account=person().account, issuer=issuer)
    return screen("second_factor.html", status, form=form, secret=secret, qr=qr_path(address))
