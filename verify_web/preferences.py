"""What a reader chose for all pages: the language and the size of the type. Links set them, cookies keep them."""

from urllib.parse import urlencode

from flask import Request, Response, g

from verify_web.language import COOKIE, LANGUAGES, language_of

SIZE_COOKIE = "size"
SIZES = ("normal", "large")
_YEAR = 365 * 24 * 3600


def size_of(request: Request) -> str:
    """``?size=``, then the cookie; ``normal`` for those who say nothing."""
    wishes = (request.args.get(SIZE_COOKIE), request.cookies.get(SIZE_COOKIE))
    return next((wish for wish in wishes if wish in SIZES), "normal")


def choose(request: Request) -> None:
    """Note how the answer to this request will look."""
    g.language, g.type_size = language_of(request), size_of(request)


def switched(request: Request, **changes: str) -> str:
    """The query of this page with another choice: a filter that is set stays."""
    return "?" + urlencode({**request.args.to_dict(), **changes})


def remember(request: Request, response: Response) -> None:
    """Keep a choice that was made by a link of ours for a year."""
    for name, choices in ((COOKIE, LANGUAGES), (SIZE_COOKIE, SIZES)):
        chosen = request.args.get(name)
        if chosen in choices:
            response.set_cookie(
                name,
                chosen,
                max_age=_YEAR,
                path=request.root_path or "/",
                samesite="Lax",
                httponly=True,
                secure=request.is_secure,
            )
