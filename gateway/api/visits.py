"""Counts look-ups of pages and API, and takes what visitors worked out: docs/visits.md."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import TypeVar

from flask import after_this_request, request
from werkzeug.wrappers import Response as BaseResponse

from gateway.api.replies import container
from gateway.domain.codes import classify

HEADER, COOKIE = "Proof-Of-Work", "proof"
_COOKIE_SECONDS = 600
_CREDIT_CODE_LENGTH = 18
View = TypeVar("View", bound=Callable[..., BaseResponse])


def counted(view: View) -> View:
    """This view looks something up: it counts for the address, and for the code in its path. It stands under ``public``."""

    @wraps(view)
    def admitted(**named: str) -> BaseResponse:
        admit(*map(code_in, named.values()))
        return view(**named)

    return admitted  # type: ignore[return-value] # wraps keeps the signature


def looked_up(view: View) -> View:
    """This view only reads what everybody may, and may read it from a standby of the database. It stands under ``counted``."""

    @wraps(view)
    def answered(**named: str) -> BaseResponse:
        # A code that another system reads may be good for one question: it is not asked twice.
        if not container().settings.replica_urls or classify(named.get("code", ""), own_hosts=frozenset()).needs_system:
            return view(**named)
        return container().look_ups.answer(
            lambda: view(**named), lambda response: response.status_code == HTTPStatus.NOT_FOUND
        )

    return answered  # type: ignore[return-value] # wraps keeps the signature


def counted_by_token(view: View) -> View:
    """This view answers whoever has the token in its path. It stands under ``public``."""

    @wraps(view)
    def admitted(**named: str) -> BaseResponse:
        container().visits.admit_token(named["token"])
        return view(**named)

    return admitted  # type: ignore[return-value] # wraps keeps the signature


def admit(*codes: str) -> None:
    """Count one look-up of these codes. TooManyVisitsError, ProofOfWorkRequiredError."""
    proof = request.headers.get(HEADER) or request.cookies.get(COOKIE, "")
    if container().visits.admit(request.remote_addr or "", codes, proof) and COOKIE in request.cookies:
        after_this_request(_spend)


def code_in(text: str) -> str:
    """What a text is counted by: the code that it holds, however it is written."""
    if len(text) == _CREDIT_CODE_LENGTH and text.isascii() and text.isalnum():
        return text
    code = classify(text, own_hosts=container().codes.own_hosts())
    return code.licence_payload or code.unified_social_credit_code or text


def keep_proof(response: BaseResponse, proof: str) -> None:
    """Let the browser send a proof with the next look-up."""
    path, secure = request.root_path or "/", request.is_secure
    response.set_cookie(
        COOKIE, proof, max_age=_COOKIE_SECONDS, path=path, samesite="Strict", httponly=True, secure=secure
    )


def _spend(response: BaseResponse) -> BaseResponse:
    """The proof is used; the page that a form leads to is paid for by the form."""
    if response.status_code == HTTPStatus.SEE_OTHER:
        keep_proof(response, container().visits.pass_on(request.remote_addr or ""))
    else:
        response.delete_cookie(COOKIE, path=request.root_path or "/")
    return response
