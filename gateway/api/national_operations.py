"""POST /elssp/v1/…: the national operations (docs/national-adapter.md)."""

from typing import Any

from flask import Blueprint, Response

from gateway.api.auth import about, recorded, requires
from gateway.api.auth import actor as current_actor
from gateway.api.replies import container, parse_body, reply
from gateway.api.schemas.national_operations import HolderAsked, IdentifierAsked, RetrievalAsked, TypesAsked
from gateway.domain.actors import Scope

blueprint = Blueprint("national_operations", __name__, url_prefix="/elssp/v1")
_reading, _on_record = requires(Scope.LICENCES_READ), recorded()


@blueprint.post("/GetCertificateType")
@_reading
@_on_record
def types() -> Response:
    """The types that the caller handles."""
    parse_body(TypesAsked)
    return _enveloped(container().national_operations.types(current_actor()))


@blueprint.post("/Retrieval")
@_reading
@_on_record
def retrieval() -> Response:
    """The licences of a holder."""
    asked = parse_body(RetrievalAsked)
    about(asked.certificate_holder_code)
    found = container().national_operations.of_holder(
        asked.certificate_holder_code, asked.certificate_type, current_actor()
    )
    return _enveloped(found)


@blueprint.post("/GetCertificateDataByCertificateID")
@_reading
@_on_record
def data_by_identifier() -> Response:
    """One licence's data."""
    asked = parse_body(IdentifierAsked)
    about(asked.certificate_id)
    return _enveloped(container().national_operations.data(asked.certificate_id, current_actor()))


@blueprint.post("/GetCertificateDataByHolder")
@_reading
@_on_record
def data_by_holder() -> Response:
    """One licence's data, named by type, number and holder."""
    return _enveloped(container().national_operations.data(_named(), current_actor()))


@blueprint.post("/GetCertificateFileByCertificateID")
@_reading
@_on_record
def file_by_identifier() -> Response:
    """One licence's signed PDF."""
    asked = parse_body(IdentifierAsked)
    about(asked.certificate_id)
    return _enveloped(container().national_operations.file(asked.certificate_id, current_actor()))


@blueprint.post("/GetCertificateFileByHolder")
@_reading
@_on_record
def file_by_holder() -> Response:
    """One licence's signed PDF, named by type, number and holder."""
    return _enveloped(container().national_operations.file(_named(), current_actor()))


def _named() -> str:
    asked = parse_body(HolderAsked)
    about(asked.certificate_holder_code)
    identifier = container().national_operations.identifier_of(
        asked.certificate_type, asked.certificate_number, asked.certificate_holder_code, current_actor()
    )
    about(identifier)
    return identifier


def _enveloped(data: Any) -> Response:
    """The envelope of the field; what could not be done is a problem document as everywhere here."""
    return reply({"head": {"status": "0", "message": "成功"}, "data": data})
