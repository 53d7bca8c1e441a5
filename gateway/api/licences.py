"""/api/v1/licences: issue, find, read whole; one licence masked for anyone."""

from collections.abc import Mapping, Sequence

from flask import Blueprint, Response, url_for

from gateway.api.auth import actor as current_actor
from gateway.api.auth import idempotent, public, recorded, requires
from gateway.api.lists import chosen, list_reply
from gateway.api.replies import container, parse_body, parse_query, reply
from gateway.api.representations import (
    as_vocabulary,
    bare_pointers,
    parse_record,
    sent_vocabulary,
    wanted_vocabulary,
)
from gateway.api.revisions import with_revision
from gateway.api.schemas.licences import IssueRequest, LicenceQuery, RecordQuery
from gateway.api.visits import counted, looked_up
from gateway.domain.actors import Scope
from gateway.domain.answer_json import licence_json
from gateway.domain.representations import Vocabulary
from gateway.services.batches import issued_json
from gateway.services.licence_records import LicenceRecord, PaperRecord
from gateway.services.licences import IssuedLicence, IssuedPaper

blueprint = Blueprint("licences", __name__)


@blueprint.get("/api/v1/licences/<licence_identifier>")
@public
@counted
@looked_up
def show(licence_identifier: str) -> Response:
    """The masked face and the re-checked state."""
    return reply(licence_json(container().licences.public_answer(licence_identifier)))


@blueprint.post("/api/v1/licences")
@requires(Scope.LICENCES_ISSUE)
@idempotent
def issue() -> Response:
    """Issue one licence in both forms; the same application again gives the first answer (200)."""
    sent, answered = sent_vocabulary(), wanted_vocabulary()
    if sent is not None:
        with bare_pointers():
            issued = container().licences.issue(parse_record(sent), actor=current_actor())
    else:
        body = parse_body(IssueRequest)
        issued = container().licences.issue(
            body.record, basis=body.basis(), duplicates=body.duplicates, actor=current_actor()
        )
    return issue_reply(issued, answered, Scope.LICENCES_ISSUE)


@blueprint.get("/api/v1/licences")
@requires(Scope.LICENCES_READ)
@recorded("holder_code")
def search() -> Response:
    """The caller's own licences, the version in effect of each."""
    query, vocabulary = parse_query(LicenceQuery), wanted_vocabulary()
    wanted = query.wanted(after_id=query.after_number())
    records = container().licence_records.search(wanted, actor=current_actor())
    items = [(record.cursor, _read(record, vocabulary)) for record in records]
    return as_vocabulary(list_reply(items, query.limit, query.fields), vocabulary)


@blueprint.get("/api/v1/licences/<licence_identifier>/record")
@requires(Scope.LICENCES_READ)
@recorded("licence_identifier")
def record(licence_identifier: str) -> Response:
    """Everything that is registered of one version; ``vocabulary`` gives it in the names of others."""
    query = parse_query(RecordQuery)
    vocabulary = wanted_vocabulary(query.vocabulary)
    found = container().licence_records.get(licence_identifier, actor=current_actor())
    record = chosen(_read(found, query.vocabulary or vocabulary), query.fields)
    return with_revision(as_vocabulary(reply(record), vocabulary), found.revision)


@blueprint.get("/api/v1/licences/<licence_identifier>/files/electronic")
@requires(Scope.LICENCES_READ)
@recorded("licence_identifier")
def electronic_file(licence_identifier: str) -> Response:
    """The signed PDF."""
    return _pdf(container().licence_records.file(licence_identifier, actor=current_actor()))


@blueprint.get("/api/v1/licences/<licence_identifier>/files/paper-<int:copy_number>")
@requires(Scope.LICENCES_READ)
@recorded("licence_identifier")
def paper_file(licence_identifier: str, copy_number: int) -> Response:
    """The print-ready original (0) or a duplicate."""
    return _pdf(container().licence_records.file(licence_identifier, copy_number, actor=current_actor()))


def issue_reply(issued: IssuedLicence, vocabulary: Vocabulary | None, scope: Scope) -> Response:
    """The answer to an issue: 201 with its place, or 200 when it had been issued before.

    In a vocabulary of others it is the record; who may do ``scope`` may be told what it made.
    """
    identifier = issued.licence_identifier
    status = 201 if issued.newly_issued else 200
    if vocabulary is None:
        files = files_json(identifier, issued.electronic_sm3, issued.papers)
        response = reply(issued_json(issued) | {"files": files}, status)
    else:
        record = container().representations.of(identifier, vocabulary, actor=current_actor(), scope=scope)
        response = reply(record, status)
    as_vocabulary(response, vocabulary)
    response.headers["Location"] = url_for("licences.record", licence_identifier=identifier)
    return with_revision(response, issued.revision)


def _read(record: LicenceRecord, vocabulary: Vocabulary | None) -> Mapping[str, object]:
    """A record in the names that the caller reads."""
    if vocabulary is None:
        return record_json(record)
    return container().representations.of(record.licence_identifier, vocabulary, actor=current_actor())


def record_json(record: LicenceRecord) -> dict[str, object]:
    """A record with the addresses of its files."""
    files = files_json(record.licence_identifier, record.electronic_sm3, record.papers)
    if record.accepted_sm3 is not None:
        href = url_for("acceptances.file", licence_identifier=record.licence_identifier)
        files["accepted"] = {"href": href, "sm3": record.accepted_sm3}
    return record.facts | {"files": files}


def files_json(identifier: str, electronic_sm3: str, papers: Sequence[IssuedPaper | PaperRecord]) -> dict[str, object]:
    """Where the files of a version are, with their digests; of a record also how the papers stand."""
    electronic = url_for("licences.electronic_file", licence_identifier=identifier)
    paper = url_for("licences.paper_file", licence_identifier=identifier, copy_number=0).removesuffix("0")
    return {
        "electronic": {"href": electronic, "sm3": electronic_sm3},
        "papers": [vars(each) | {"href": f"{paper}{each.copy_number}"} for each in papers],
    }


def _pdf(data: bytes) -> Response:
    response = Response(data, mimetype="application/pdf")
    response.headers["Cache-Control"] = "no-store"
    return response
