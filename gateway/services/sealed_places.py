"""Where personal fields stand in the database: what each sealed value is bound to."""

from datetime import datetime

from gateway.persistence.models import LicenceVersion, ReportedLicence
from gateway.persistence.sealing import FieldVault, Place


def version_face(licence_identifier: str) -> Place:
    """The face of a licence version."""
    return Place("licence_versions", "face_items", licence_identifier)


def reported_face(report_id: str) -> Place:
    """The face of a licence that was reported."""
    return Place("reported_licences", "face_items", report_id)


def collector(licence_identifier: str, copy_number: int, occurred_at: datetime) -> Place:
    """Who collected a paper. Its event has no number before it is written: paper and instant name it."""
    return Place("paper_events", "collected_by", f"{licence_identifier}/{copy_number}/{occurred_at.isoformat()}")


def gateway_token(client_id: str) -> Place:
    """A client's token for the headers of the provincial gateway."""
    return Place("client_credentials", "sealed", client_id)


def asking_person(accessed_at: datetime, request_id: str) -> Place:
    """Who asked for data that are not public."""
    return Place("access_records", "elements/user_name", f"{accessed_at.isoformat()}/{request_id}")


def authenticator_secret(account: str) -> Place:
    """What the authenticator of a member of staff makes its codes from."""
    return Place("staff_members", "secret", account)


def subscription_secret(name: str) -> Place:
    """A secret that is shared with a receiver of events."""
    return Place("subscription_secrets", "sealed", name)


def conversion_content(job_id: str, position: int) -> Place:
    """What a row of a register held, and what was found."""
    return Place("conversion_rows", "content", f"{job_id}/{position}")


def signing_request(request_id: str) -> Place:
    """The token of a signing request, and who signs."""
    return Place("signing_requests", "sealed", request_id)


def exchange_content(exchange_id: int) -> Place:
    """What was said in one exchange with the national service."""
    return Place("signer_exchange_contents", "sealed", str(exchange_id))


def open_version_face(vault: FieldVault, version: LicenceVersion) -> dict[str, str]:
    """The lines of a version in clear, for those who may see them. StorageError when one does not open."""
    return vault.open_face(version.face_items, version_face(version.licence_identifier))


def open_reported_face(vault: FieldVault, row: ReportedLicence) -> dict[str, str]:
    """The lines of a report in clear. StorageError when one does not open."""
    return vault.open_face(row.face_items, reported_face(row.id))
