"""Records in the vocabularies of others, by media type (RFC 9110, 8.3 and 12.5.1).

``application/vnd.licence-gateway.national+json`` and ``….guangdong+json`` are a bare record with the field names of GB/T 36903
or of the Guangdong system. Plain JSON stays what it is: our own names, or what the query ``vocabulary`` asks for.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
from flask import Response, request
from werkzeug.exceptions import UnsupportedMediaType

from gateway.api.replies import wanted_type
from gateway.domain.applications import vocabulary_of
from gateway.domain.representations import Vocabulary
from gateway.errors import FieldError, ValidationFailedError

JSON = "application/json"
MEDIA_TYPES = {Vocabulary(each): f"application/vnd.licence-gateway.{each}+json" for each in Vocabulary}


def wanted_vocabulary(asked: Vocabulary | None = None) -> Vocabulary | None:
    """The vocabulary of the answer by ``Accept``; None: plain JSON. ``asked`` is what the query asks for besides.

    NotAcceptable when the caller takes neither plain JSON nor a media type that there is.
    """
    best = wanted_type(JSON, *(media_type for each, media_type in MEDIA_TYPES.items() if asked in (None, each)))
    return next((each for each, media_type in MEDIA_TYPES.items() if media_type == best), None)


def as_vocabulary(response: Response, vocabulary: Vocabulary | None) -> Response:
    """The response under the media type of a vocabulary; caches are told that it depends on ``Accept``."""
    if vocabulary is not None:
        response.mimetype = MEDIA_TYPES[vocabulary]
    response.headers["Vary"] = "Accept"
    return response


def sent_vocabulary() -> Vocabulary | None:
    """The vocabulary that the body is said to be in; None: plain JSON, which holds the record under ``record``.

    UnsupportedMediaType for anything else. Without a media type JSON is assumed (RFC 9110, 8.3).
    """
    if request.mimetype in ("", JSON):
        return None
    for vocabulary, media_type in MEDIA_TYPES.items():
        if request.mimetype == media_type:
            return vocabulary
    taken = (JSON, *MEDIA_TYPES.values())
    raise UnsupportedMediaType(f"可以收 {'、'.join(taken)}。Send one of {', '.join(taken)}.")


def parse_record(vocabulary: Vocabulary) -> dict[str, Any]:
    """The bare record that the body is. ValidationFailedError, also when its names are those of another vocabulary."""
    try:
        record = orjson.loads(request.get_data())
    except ValueError as error:
        raise ValidationFailedError([FieldError("", "JSON_INVALID", "不是 JSON。Not JSON.")]) from error
    if not isinstance(record, dict):
        raise ValidationFailedError([FieldError("", "NOT_AN_OBJECT", "应为 JSON 对象。Must be a JSON object.")])
    if (found := vocabulary_of(record)) != vocabulary:
        message = f"媒体类型说是 {vocabulary}，字段名是 {found}。The field names are of the vocabulary {found}."
        raise ValidationFailedError([FieldError("", "VOCABULARY_MISMATCH", message)])
    return record


@contextmanager
def bare_pointers() -> Iterator[None]:
    """Errors within point into a bare record, not into one that stands under ``record``."""
    try:
        yield
    except ValidationFailedError as error:
        raise ValidationFailedError([each.within("record") for each in error.errors]) from error
