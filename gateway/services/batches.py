"""Batch issue: one application a line, one answer a line, in order, each with a transaction of its own."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

from sqlalchemy.exc import SQLAlchemyError

from gateway.domain.actors import OPERATOR, Actor, Scope
from gateway.domain.basis import Basis
from gateway.errors import FieldError, GatewayError, ValidationFailedError
from gateway.persistence.models import AuditEvent
from gateway.services.dependencies import Dependencies
from gateway.services.licences import IssuedLicence, Licences

MOST_LINES = 10_000
MOST_LINE_BYTES = 64 * 1024
_BATCH_ID = re.compile(r"[0-9A-Za-z._:-]{1,64}")


class BatchLine(Protocol):
    """One application that was read from a line."""

    @property
    def record(self) -> dict[str, Any]:
        """In either vocabulary."""

    @property
    def duplicates(self) -> int:
        """How many 副本."""

    def basis(self) -> Basis:
        """Its obligations."""


LineReader = Callable[[bytes], BatchLine]
"""Reads one line. ValidationFailedError names what is wrong in it."""


class Batches:
    """Issues many licences in one call.

    A batch that broke off is sent again, whole: what was issued is told again with the first answer, the rest goes on.
    Exactly once holds line by line, by the licence's own number, so that nothing has to be kept of a batch.
    """

    def __init__(self, deps: Dependencies, licences: Licences) -> None:
        self._deps = deps
        self._licences = licences

    def issue(
        self, batch_id: str, lines: Iterable[bytes], read_line: LineReader, *, actor: Actor = OPERATOR
    ) -> Iterator[dict[str, Any]]:
        """One answer for each line, made when it is asked for: who reads slowly slows the issuing down.

        ValidationFailedError for a wrong batch id and ForbiddenError come before the first answer. ``status`` of an answer
        is ``issued`` (now or before), ``refused`` (the line has to be mended) or ``failed`` (send it again).
        """
        if not _BATCH_ID.fullmatch(batch_id):
            message = "批次号为 1 至 64 个字母、数字或 . _ : -。A batch id has 1 to 64 letters, digits or . _ : -"
            raise ValidationFailedError([FieldError("batch_id", "BATCH_ID_INVALID", message)])
        actor.require(Scope.LICENCES_ISSUE)
        return self._answers(batch_id, lines, read_line, actor)

    def _answers(
        self, batch_id: str, lines: Iterable[bytes], read_line: LineReader, actor: Actor
    ) -> Iterator[dict[str, Any]]:
        counts: Counter[str] = Counter()
        for number, line in enumerate(lines, 1):
            answer = {"line": number, **self._answer(line, read_line, actor)}
            counts[answer["status"]] += 1
            yield answer
        event = AuditEvent(
            occurred_at=self._deps.clock(),
            action="licence_batch_ended",
            subject=batch_id,
            detail=dict(counts),
            actor=actor.audit(),
        )
        with self._deps.sessions.begin() as session:
            session.add(event)

    def _answer(self, line: bytes, read_line: LineReader, actor: Actor) -> dict[str, Any]:
        try:
            asked = read_line(line)
            issued = self._licences.issue(asked.record, basis=asked.basis(), duplicates=asked.duplicates, actor=actor)
        except ValidationFailedError as error:
            return _refusal(error, [field.to_json() for field in error.errors])
        except GatewayError as error:
            return _refusal(error, [])
        except SQLAlchemyError:
            detail = "登记簿暂时无法查询，请重发该批。The register does not answer; send the batch again."
            return {"status": "failed", "code": "REGISTRY_UNAVAILABLE", "detail": detail, "errors": []}
        return {"status": "issued", **issued_json(issued)}


def issued_json(issued: IssuedLicence) -> dict[str, Any]:
    """What the department is told of an issue; where the files are is for the caller to add."""
    return {
        "newly_issued": issued.newly_issued,
        "licence_identifier": issued.licence_identifier,
        "licence_type": issued.licence_type_name,
        "licence_number": issued.licence_number,
        "holder_name": issued.holder_name,
        "holder_code": issued.holder_code,
        "issuing_authority": issued.issuing_authority,
        "qr_text": issued.qr_text,
        "electronic_sm3": issued.electronic_sm3,
        "paper_sm3": issued.paper_sm3,
    }


def _refusal(error: GatewayError, errors: list[dict[str, str]]) -> dict[str, Any]:
    status = "failed" if error.is_temporary else "refused"
    detail = f"{error.message} {error.hint}".strip()
    return {"status": status, "code": error.code, "detail": detail, "errors": errors}


def split_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Lines of NDJSON, empty ones left out. ValidationFailedError when one is too long or there are too many."""
    rest, count = b"", 0
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            if line.strip():
                count += 1
                yield _checked(line, count)
        _checked(rest, count + 1)
    if rest.strip():
        yield _checked(rest, count + 1)


def _checked(line: bytes, number: int) -> bytes:
    if len(line) > MOST_LINE_BYTES:
        raise _over(number, "LINE_TOO_LONG", f"一行超过 {MOST_LINE_BYTES} 字节。A line is too long.")
    if number > MOST_LINES and line.strip():
        raise _over(number, "TOO_MANY_LINES", f"一批超过 {MOST_LINES} 行。Too many lines; send several batches.")
    return line


def _over(number: int, code: str, message: str) -> ValidationFailedError:
    return ValidationFailedError([FieldError(f"line {number}", code, message, (number,))])


def dump_line(answer: dict[str, Any]) -> bytes:
    """One line of NDJSON."""
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
