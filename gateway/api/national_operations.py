"""POST /elssp/v1/…: the national operations (docs/national-adapter.md)."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response

from gateway.api.auth import current_actor, recorded, requires
from gateway.api.replies import container, parse_body, reply
from gateway.api.schemas.national_operations import HolderAsked, IdentifierAsked, RetrievalAsked, TypesAsked
from gateway.domain.actors import Scope

blueprint = Blueprint("national_operations", __name__, url_prefix="/elssp/v1")


def _reading(view: Callable[[], Response]) -> Callable[..., Response]:
    """A department's read, on record under the route that was asked."""
    return requires(Scope.LICENCES_READ)(recorded("CertificateID", "CertificateHolderCode")(view))


@blueprint.post("/GetCertificateType")
@_reading
def types() -> Response:
    """The types that the caller handles."""
    parse_body(TypesAsked)
    return _enveloped(container().national_operations.types(current_actor()))


@blueprint.post("/Retrieval")
@_reading
def retrieval() -> Response:
    """The licences of a holder."""
    asked = parse_body(RetrievalAsked)
    found = container().national_operations.of_holder(
        asked.certificate_holder_code, asked.certificate_type, current_actor()
    )
    return _enveloped(found)


@blueprint.post("/GetCertificateDataByCertificateID")
@_reading
def data_by_identifier() -> Response:
    """One licence's data."""
    asked = parse_body(IdentifierAsked)
    return _enveloped(container().national_operations.data(asked.certificate_id, current_actor()))


@blueprint.post("/GetCertificateDataByHolder")
@_reading
def data_by_holder() -> Response:
    """One licence's data, named by type, number and holder."""
    return _enveloped(container().national_operations.data(_named(), current_actor()))


@blueprint.post("/GetCertificateFileByCertificateID")
@_reading
def file_by_identifier() -> Response:
    """One licence's signed PDF."""
    asked = parse_body(IdentifierAsked)
    return _enveloped(container().national_operations.file(asked.certificate_id, current_actor()))


@blueprint.post("/GetCertificateFileByHolder")
@_reading
def file_by_holder() -> Response:
    """One licence's signed PDF, named by type, number and holder."""
    return _enveloped(container().national_operations.file(_named(), current_actor()))


def _named() -> str:
    asked = parse_body(HolderAsked)
    return container().national_operations.identifier_of(
        asked.certificate_type, asked.certificate_number, asked.certificate_holder_code, current_actor()
    )


def _enveloped(data: Any) -> Response:
    """The envelope of the field; what could not be done is a problem document as everywhere here."""
    return reply({"head": {"status": "0", "message": "成功"}, "data": data})
