"""JSON replies, and the uploads and bodies that requests bring."""

from typing import Any, TypeVar

import orjson
from flask import Response, current_app, request
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator
from werkzeug.exceptions import NotAcceptable, UnsupportedMediaType

from gateway.container import Container
from gateway.errors import FieldError, UnreadableInputError, ValidationFailedError

FORM = "multipart/form-data"
_NAMELESS = "upload"


def container() -> Container:
    """The services of this application."""
    found: Container = current_app.extensions["container"]
    return found


def reply(value: Any, status: int = 200) -> Response:
    """``value`` as JSON; answers of the moment are not cached."""
    response = Response(orjson.dumps(value), status=status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def wanted_type(*offered: str) -> str:
    """The media type that ``Accept`` prefers; the first for who takes any (RFC 9110, 12.5.1). NotAcceptable names them all."""
    if request.headers.get("Accept", "*/*") in ("*/*", "", offered[0]):
        return offered[0]
    best = request.accept_mimetypes.best_match(offered)
    if best is None:
        raise NotAcceptable(f"可以给出 {'、'.join(offered)}。There are: {', '.join(offered)}.")
    return best


class Body(BaseModel):
    """Base of request bodies: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    @field_validator("*")
    @classmethod
    def _storable(cls, value: Any) -> Any:
        """No text of the registry holds NUL, and PostgreSQL cannot even be asked about one that does."""
        if isinstance(value, str) and "\0" in value:
            raise ValueError("NUL")
        return value


Read = TypeVar("Read", bound=Body)


def parse_body(kind: type[Read]) -> Read:
    """The JSON body as ``kind``. ValidationFailedError names each wrong field."""
    return parse_json(kind, request.get_data())


def parse_json(kind: type[Read], data: bytes) -> Read:
    """JSON as ``kind``, wherever it stands; as ``parse_body``."""
    try:
        return kind.model_validate_json(data)
    except ValidationError as error:
        raise _named(error) from error


def parse_query(kind: type[Read]) -> Read:
    """The query string as ``kind``; a parameter that is given twice or unknown is refused, as a wrong field is."""
    doubled = [name for name, values in request.args.lists() if len(values) > 1]
    if doubled:
        message = "参数重复。Given more than once."
        raise ValidationFailedError([FieldError(name, "REPEATED", message) for name in doubled])
    try:
        return kind.model_validate(request.args.to_dict(), strict=False)
    except ValidationError as error:
        raise _named(error) from error


def _named(error: ValidationError) -> ValidationFailedError:
    return ValidationFailedError(
        [FieldError(".".join(map(str, e["loc"])), e["type"].upper(), e["msg"], e["loc"]) for e in error.errors()]
    )


def uploaded_file(*media_types: str) -> tuple[bytes, str]:
    """(content, name) of the form part ``file``, or of a body of one of ``media_types`` (a trailing ``/`` takes all kinds).

    UnsupportedMediaType for other bodies, UnreadableInputError when there is no content.
    """
    part = request.files.get("file")
    if part is not None:
        data, name = part.read(), part.filename or _NAMELESS
    elif request.mimetype == FORM:
        data, name = b"", _NAMELESS
    elif any(
        request.mimetype == kind or (kind[-1] == "/" and request.mimetype.startswith(kind)) for kind in media_types
    ):
        data, name = request.get_data(), _NAMELESS
    else:
        raise UnsupportedMediaType(f"Send {FORM} with the part “file”, or a body of {' or '.join(media_types)}.")
    if not data:
        raise UnreadableInputError("没有收到文件。No file was received.", hint="Send it as the form part “file”.")
    return data, name
