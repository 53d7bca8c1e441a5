"""Where personal fields stand in the database: what each sealed value is bound to."""

from datetime import datetime

from gateway.persistence.sealing import Place


def version_face(licence_identifier: str) -> Place:
    """The face of a licence version."""
    return Place("licence_versions", "face_items", licence_identifier)


def reported_face(report_id: str) -> Place:
    """The face of a licence that was reported."""
    return Place("reported_licences", "face_items", report_id)


def collector(licence_identifier: str, copy_number: int, occurred_at: datetime) -> Place:
    """Who collected a paper. Its event has no number before it is written: paper and instant name it."""
    return Place("paper_events", "collected_by", f"{licence_identifier}/{copy_number}/{occurred_at.isoformat()}")
