"""The queries of the reconciliation: conditions on licences, papers and reports that both engines judge alike."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from gateway.domain.actors import Actor
from gateway.domain.papers import BlankState, PaperAction
from gateway.domain.status import ENDED, LicenceStatus, china_day
from gateway.persistence.models import (
    BlankForm,
    Licence,
    LicenceVersion,
    PaperCounterpart,
    PaperEvent,
    PurposeCopy,
    ReportedLicence,
    StatusChange,
)
from gateway.services.reported_licences import counts, same_licence

AnySelect = Select[*tuple[Any, ...]]
"""A query with whatever columns."""

LICENCE = (
    Licence.authority_code,
    Licence.local_type_code,
    Licence.licence_number,
    LicenceVersion.licence_identifier,
)
"""What names a version in a row."""


def last_status(now: datetime) -> ScalarSelect[str]:
    """What was last recorded of a version and is in effect, as ``status_at`` orders it; null before the first."""
    change = aliased(StatusChange)
    return (
        select(change.status)
        .where(
            change.licence_id == Licence.id,
            or_(change.licence_identifier.is_(None), change.licence_identifier == LicenceVersion.licence_identifier),
            change.effective_at <= now,
        )
        .order_by(change.effective_at.desc(), change.id.desc())
        .limit(1)
        .correlate(Licence, LicenceVersion)
        .scalar_subquery()
    )


def in_effect(now: datetime) -> ColumnElement[bool]:
    """Whether a version is the one that ``version_in_effect`` chooses."""
    began = or_(LicenceVersion.supersedes.is_(None), LicenceVersion.takes_effect_at <= now)
    return and_(began, ~is_followed(now))


def is_followed(now: datetime) -> ColumnElement[bool]:
    """Whether the next version has taken effect."""
    successor = aliased(LicenceVersion)
    return exists().where(successor.supersedes == LicenceVersion.licence_identifier, successor.takes_effect_at <= now)


def within_days(now: datetime) -> ColumnElement[bool]:
    """Whether the calendar lets a version be valid today in China."""
    today = china_day(now)
    return and_(
        LicenceVersion.valid_from <= today,
        or_(LicenceVersion.valid_until.is_(None), LicenceVersion.valid_until >= today),
    )


def is_valid(now: datetime) -> ColumnElement[bool]:
    """Whether a version is valid now."""
    return and_(
        in_effect(now),
        within_days(now),
        func.coalesce(last_status(now), LicenceStatus.VALID) == LicenceStatus.VALID,
    )


def last_action() -> ScalarSelect[str]:
    """What happened last to a paper; null when nothing did."""
    event = aliased(PaperEvent)
    return (
        select(event.action)
        .where(event.paper_id == PaperCounterpart.id)
        .order_by(event.id.desc())
        .limit(1)
        .correlate(PaperCounterpart)
        .scalar_subquery()
    )


def _papers() -> AnySelect:
    return (
        select(*LICENCE, PaperCounterpart.copy_number, LicenceVersion.signed_at)
        .join(LicenceVersion, PaperCounterpart.licence_identifier == LicenceVersion.licence_identifier)
        .join(LicenceVersion.licence)
    )


def never_printed(now: datetime, signed_before: datetime) -> AnySelect:
    """Originals to which nothing happened since they were signed, of versions that are valid."""
    return _papers().where(
        PaperCounterpart.copy_number == 0,
        LicenceVersion.signed_at <= signed_before,
        ~exists().where(PaperEvent.paper_id == PaperCounterpart.id),
        is_valid(now),
    )


def void_papers(now: datetime) -> AnySelect:
    """Void and returned papers of versions that are valid."""
    return _papers().where(last_action().in_([PaperAction.VOIDED, PaperAction.RETURNED]), is_valid(now))


def papers_out(now: datetime) -> AnySelect:
    """Papers that can still be shown, though another version took the place or the licence has ended."""
    out = [PaperAction.PRINTED, PaperAction.REPRINTED, PaperAction.COLLECTED]
    return _papers().where(last_action().in_(out), or_(is_followed(now), last_status(now).in_(sorted(ENDED))))


def reports_without_licence(paper_only: list[str]) -> AnySelect:
    """Reports of which the register has no licence; of types that exist on paper only that is right."""
    return select(ReportedLicence).where(
        counts(),
        ReportedLicence.local_type_code.not_in(paper_only),
        ~exists().where(same_licence(ReportedLicence)),
    )


def reports_with_version(now: datetime) -> AnySelect:
    """Reports with the version in effect that the register has."""
    return (
        select(ReportedLicence, LicenceVersion, Licence)
        .join(Licence, same_licence(ReportedLicence))
        .join(LicenceVersion, LicenceVersion.licence_id == Licence.id)
        .where(counts(), in_effect(now))
    )


def blanks_in_two_reports() -> AnySelect:
    """Pairs of reports of different licences that name one blank form."""
    other = aliased(ReportedLicence)
    return (
        select(ReportedLicence, other.licence_number)
        .join(
            other,
            and_(
                other.authority_code == ReportedLicence.authority_code,
                other.blank_serial_number == ReportedLicence.blank_serial_number,
                _one_form(ReportedLicence.blank_form, other.blank_form),
                other.is_sample == ReportedLicence.is_sample,
                or_(
                    other.local_type_code > ReportedLicence.local_type_code,
                    and_(
                        other.local_type_code == ReportedLicence.local_type_code,
                        other.licence_number > ReportedLicence.licence_number,
                    ),
                ),
            ),
        )
        .where(ReportedLicence.blank_serial_number != "", counts(), counts(other))
    )


def blanks_in_report_and_register() -> tuple[AnySelect, ...]:
    """Reports on a form of the stock that is not the reported licence's own.

    Two queries, each of which an index answers: reports that name the kind of form, and reports that do not.
    """
    own = exists().where(
        PaperCounterpart.current_blank_id == BlankForm.id,
        PaperCounterpart.licence_identifier == LicenceVersion.licence_identifier,
        LicenceVersion.licence_id == Licence.id,
        same_licence(ReportedLicence),
    )
    same_number = and_(
        BlankForm.authority_code == ReportedLicence.authority_code,
        BlankForm.is_sample == ReportedLicence.is_sample,
        BlankForm.serial_number == ReportedLicence.blank_serial_number,
    )
    query = select(ReportedLicence, BlankForm.form, BlankForm.state)
    return (
        query.join(BlankForm, and_(same_number, BlankForm.form == ReportedLicence.blank_form)).where(counts(), ~own),
        query.join(BlankForm, same_number).where(ReportedLicence.blank_form == "", counts(), ~own),
    )


def stock() -> AnySelect:
    """Every serial number, form by form, in text order."""
    return select(BlankForm.authority_code, BlankForm.form, BlankForm.serial_number).order_by(
        BlankForm.authority_code, BlankForm.form, BlankForm.serial_number
    )


def blanks_without_paper() -> AnySelect:
    """Issued forms on which no paper stands."""
    return select(BlankForm.authority_code, BlankForm.form, BlankForm.serial_number).where(
        BlankForm.state == BlankState.ISSUED, ~exists().where(PaperCounterpart.current_blank_id == BlankForm.id)
    )


def registered_files() -> tuple[tuple[str, AnySelect], ...]:
    """Digests that the register names, with what they are."""
    version = select(*LICENCE, LicenceVersion.electronic_sm3).join(LicenceVersion.licence)
    paper = (
        select(*LICENCE, PaperCounterpart.paper_sm3)
        .join(LicenceVersion, PaperCounterpart.licence_identifier == LicenceVersion.licence_identifier)
        .join(LicenceVersion.licence)
    )
    copy = (
        select(*LICENCE, PurposeCopy.copy_sm3)
        .join(LicenceVersion, PurposeCopy.licence_identifier == LicenceVersion.licence_identifier)
        .join(LicenceVersion.licence)
    )
    return ("electronic", version), ("paper", paper), ("purpose_copy", copy)


def limited(query: AnySelect, entity: Any, actor: Actor, authority_code: str | None) -> AnySelect:
    """Only rows that the actor may see: authority, type, samples or not, as far as the entity has them."""
    if authority_code is not None:
        query = query.where(entity.authority_code == authority_code)
    if actor.authority_codes is not None:
        query = query.where(entity.authority_code.in_(actor.authority_codes))
    if entity is not BlankForm and actor.type_codes is not None:
        query = query.where(entity.local_type_code.in_(actor.type_codes))
    return query.where(entity.is_sample == actor.is_sandbox)


def _one_form(left: Any, right: Any) -> ColumnElement[bool]:
    """Whether two names of a form may mean one: a report need not name it."""
    return or_(left == right, left == "", right == "")
