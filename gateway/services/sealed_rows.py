"""Brings every personal field in the database under the newest field key: after a rotation, and once after an upgrade."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload

from gateway.domain.catalogue import Catalogue
from gateway.persistence.base import Base
from gateway.persistence.models import (
    AccessRecord,
    ClientCredential,
    ConversionJob,
    ConversionRow,
    Licence,
    LicenceVersion,
    PaperCounterpart,
    PaperEvent,
    ReportedLicence,
    SignerExchangeContent,
    SigningRequest,
    StaffMember,
    SubscriptionSecret,
)
from gateway.persistence.sealing import FieldVault, Place, sealed_values
from gateway.persistence.session import reading
from gateway.services.dependencies import Dependencies
from gateway.services.sealed_places import (
    asking_person,
    authenticator_secret,
    collector,
    conversion_content,
    exchange_content,
    gateway_token,
    reported_face,
    signing_request,
    subscription_secret,
    version_face,
)

_ROWS_AT_ONCE = 500
_Row = TypeVar("_Row", bound=Base)


def reseal_rows(deps: Dependencies, catalogue: Catalogue) -> int:
    """Seal what lies in clear and seal anew what an older key sealed; gives how many rows changed.

    May be killed and run again. StorageError when a value does not open: nothing of its batch is changed.
    """
    vault = deps.vault
    sensitive = {code: kind.sensitive_labels for code, kind in catalogue.types_by_code.items()}

    def version(row: LicenceVersion) -> bool:
        labels = sensitive.get(row.licence.local_type_code, frozenset())
        return _reseal_face(vault, row, labels, version_face(row.licence_identifier))

    def report(row: ReportedLicence) -> bool:
        return _reseal_face(vault, row, sensitive.get(row.local_type_code, frozenset()), reported_face(row.id))

    def event(row: PaperEvent) -> bool:
        place = collector(row.paper.licence_identifier, row.paper.copy_number, row.occurred_at)
        value = _resealed(vault, row.collected_by, place) if row.collected_by else None
        row.collected_by = value or row.collected_by
        return value is not None

    def access(row: AccessRecord) -> bool:
        value = _resealed(vault, str(row.elements["user_name"]), asking_person(row.accessed_at, row.request_id))
        if value is not None:
            row.elements = {**row.elements, "user_name": value}
        return value is not None

    return (
        _column(deps, StaffMember.account, StaffMember.secret, lambda row: authenticator_secret(row.account))
        + _conversions(deps)
        + _column(deps, SigningRequest.id, SigningRequest.sealed, lambda row: signing_request(row.id))
        + _column(
            deps,
            SignerExchangeContent.exchange_id,
            SignerExchangeContent.sealed,
            lambda row: exchange_content(row.exchange_id),
        )
        + _column(deps, SubscriptionSecret.id, SubscriptionSecret.sealed, lambda row: subscription_secret(row.id))
        + _column(deps, ClientCredential.id, ClientCredential.sealed, lambda row: gateway_token(row.client_id))
        + _each(deps, AccessRecord, AccessRecord.id, access)
        + _each(deps, LicenceVersion, LicenceVersion.licence_identifier, version)
        + _each(deps, ReportedLicence, ReportedLicence.id, report)
        + _each(deps, PaperEvent, PaperEvent.id, event)
    )


def _conversions(deps: Dependencies) -> int:
    """The rows of conversions, job by job."""

    def place(row: Any) -> Place:
        return conversion_content(row.job_id, row.position)

    with reading(deps.sessions) as session:
        jobs = session.scalars(select(ConversionJob.id)).all()
    of_job = (ConversionRow.job_id == job_id for job_id in jobs)
    return sum(_column(deps, ConversionRow.position, ConversionRow.content, place, only) for only in of_job)


def _column(
    deps: Dependencies,
    key: InstrumentedAttribute[Any],
    column: InstrumentedAttribute[Any],
    place: Callable[[Any], Place],
    *only: ColumnElement[bool],
) -> int:
    """A column that has a sealed text, or nothing; ``place`` says of a row where that is sealed for."""

    def change(row: Base) -> bool:
        stored = getattr(row, column.key)
        value = _resealed(deps.vault, stored, place(row)) if stored else None
        if value is not None:
            setattr(row, column.key, value)
        return value is not None

    return _each(deps, key.parent.class_, key, change, *only)


def _each(
    deps: Dependencies,
    kind: type[_Row],
    key: InstrumentedAttribute[Any],
    change: Callable[[_Row], bool],
    *only: ColumnElement[bool],
) -> int:
    """Change the rows of a table in batches, each a transaction."""
    changed, last = 0, None
    while True:
        with deps.sessions.begin() as session:
            rows = _batch(session, kind, key, last, only)
            changed += sum(change(row) for row in rows)
            if not rows:
                return changed
            last = getattr(rows[-1], key.key)


def _batch(
    session: Session,
    kind: type[_Row],
    key: InstrumentedAttribute[Any],
    after: object,
    only: tuple[ColumnElement[bool], ...],
) -> list[_Row]:
    query = select(kind).where(*only).order_by(key).limit(_ROWS_AT_ONCE).with_for_update(of=kind)
    if kind is LicenceVersion:
        query = query.options(joinedload(LicenceVersion.licence).load_only(Licence.local_type_code))
    if kind is PaperEvent:
        query = query.options(joinedload(PaperEvent.paper).load_only(PaperCounterpart.licence_identifier))
    return list(session.scalars(query if after is None else query.where(key > after)).unique())


def _reseal_face(
    vault: FieldVault, row: LicenceVersion | ReportedLicence, labels: frozenset[str], place: Place
) -> bool:
    stored: Mapping[str, Any] = row.face_items
    is_sealed = all(isinstance(stored[label], Mapping) for label in labels & stored.keys())
    if is_sealed and all(vault.is_current(value) for value in sealed_values(stored)):
        return False
    # A value whose item is sensitive no more stays sealed: it was promised when it was taken in.
    already = frozenset(label for label, value in stored.items() if isinstance(value, Mapping))
    row.face_items = vault.seal_face(vault.open_face(stored, place), labels | already, place)
    return True


def _resealed(vault: FieldVault, value: str, place: Place) -> str | None:
    """The value under the newest key; None when it is already."""
    if vault.is_current(value):
        return None
    return vault.seal(vault.open(value, place) if vault.is_sealed(value) else value, place)
