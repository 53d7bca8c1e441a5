"""Converts the pending rows of a job chunk by chunk; a chunk may be given twice, or to two processes, and counts once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Select, select, tuple_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, selectinload

from gateway.documents.face import FaceError
from gateway.domain.actors import Actor, ActorKind
from gateway.domain.applications import Application, parse_application
from gateway.domain.cleaning import fold_name
from gateway.domain.conversions import Change, Finding, JobState, RowStatus
from gateway.domain.orders import VersionKind, VersionOrder, first_identifier
from gateway.domain.status import day_start
from gateway.errors import BindingRefusedError, ConflictError
from gateway.metrics import CONVERTED
from gateway.persistence.models import ConversionChunk, ConversionJob, ConversionRow, Enterprise, Licence
from gateway.persistence.retrying import retried
from gateway.persistence.session import reading
from gateway.services.catalogue import Catalogues
from gateway.services.conversion_rows import CHUNK_ROWS, RowContent, Settlement, settle_chunk
from gateway.services.dependencies import Dependencies
from gateway.services.drafts import HolderBinding, SealInUse, make_draft
from gateway.services.enterprises import Enterprises, binding_question
from gateway.services.recording import VersionToRecord, record_versions
from gateway.services.seals import Seals, key_at_work, require_standing
from gateway.services.status_places import draw_places, lot_of

_MOST_MEETINGS = 20
UNCONFIRMED = "unconfirmed"
"""Registration status of a holder that no register of enterprises has told of yet."""


class _OvertakenError(Exception):
    """Someone else settled a row of the chunk meanwhile, or the job was paused."""


class ConversionChunks:
    """Judges pending rows against the register and issues those that are good."""

    def __init__(self, deps: Dependencies, catalogue: Catalogues, enterprises: Enterprises, seals: Seals) -> None:
        self._deps = deps
        self._catalogue = catalogue
        self._enterprises = enterprises
        self._seals = seals

    def convert(self, job_id: str, first: int) -> int:
        """Settle the rows of the chunk that begins at position ``first``; gives how many were still pending.

        Does nothing for a job that is not running. An error other than those of single rows leaves them pending.
        """
        for _ in range(_MOST_MEETINGS):
            try:
                return self._attempt(job_id, first)
            except (IntegrityError, _OvertakenError):
                # The register, or another process, went ahead: look again at what is left.
                continue
        raise ConflictError("登记簿上同一批证照正被他人办理。Others work on the same licences.", hint="Resume later.")

    def _judge(
        self, session: Session, applications: Mapping[int, Application], *, admits_unknown_holders: bool
    ) -> dict[int, Settlement]:
        """Verdicts of the register on applications by position; those without one would be converted."""
        known, names = _registered(session, applications.values()), _names(session, applications.values())
        found: dict[int, Settlement] = {}
        for position, application in applications.items():
            licence, name = known.get(_key(application)), names.get(application.holder_code)
            if name is not None and fold_name(name) != fold_name(application.holder_name):
                found[position] = Settlement(RowStatus.CONFLICT, _other_name(application.holder_name, name))
            elif licence is not None:
                found[position] = _same_or_conflict(licence, _named(application, name))
            elif name is None and not admits_unknown_holders:
                found[position] = Settlement(RowStatus.REFUSED, _UNKNOWN_HOLDER)
        return found

    @retried
    def _attempt(self, job_id: str, first: int) -> int:
        with reading(self._deps.sessions) as session:
            job = session.get(ConversionJob, job_id)
            if job is None or job.state != JobState.RUNNING:
                return 0
            rows = session.scalars(_pending(job_id, first)).all()
        if not rows:
            return 0
        applications = self._applications(rows)
        if job.registers_holders and not job.is_dry_run:
            self._register_holders(applications.values())
        with reading(self._deps.sessions) as session:
            verdicts = self._judge(session, applications, admits_unknown_holders=job.registers_holders)
            lot = lot_of(job_id, first // CHUNK_ROWS)
            orders = {} if job.is_dry_run else self._orders(session, applications, verdicts, lot)
        if job.is_dry_run:
            would = Settlement(RowStatus.WOULD_CONVERT)
            verdicts = {position: verdicts.get(position, would) for position in applications}
        drafts: dict[int, VersionToRecord] = {}
        for position, order in orders.items():
            try:
                drafts[position] = self._draft(order)
            except FaceError as error:
                verdicts[position] = Settlement(RowStatus.REFUSED, Finding(error.code, "", error.message, error.hint))
        self._record(_Taken(job, rows, applications), drafts, verdicts)
        return len(rows)

    def _applications(self, rows: Iterable[ConversionRow]) -> dict[int, Application]:
        catalogue = self._catalogue.load()
        records = {row.position: RowContent.open(self._deps.vault, row).record for row in rows}
        return {position: parse_application(record, catalogue) for position, record in records.items()}

    @retried
    def _register_holders(self, applications: Iterable[Application]) -> None:
        """Holders that only the paper names are registered as unconfirmed, under code and name alone."""
        names = {application.holder_code: application.holder_name for application in applications}
        with reading(self._deps.sessions) as session:
            known = set(session.scalars(_enterprise_codes(names)))
        # In one order, so that two chunks that register the same ones do not wait for each other in a circle.
        missing = sorted(names.keys() - known)
        if not missing:
            return
        with self._deps.sessions.begin() as session:
            session.add_all(
                Enterprise(
                    unified_social_credit_code=code,
                    name=names[code],
                    enterprise_type="",
                    area_code=code[2:8],
                    address="",
                    established_on=None,
                    registration_status=UNCONFIRMED,
                )
                for code in missing
            )

    def _orders(
        self,
        session: Session,
        applications: Mapping[int, Application],
        verdicts: Mapping[int, Settlement],
        lot: Sequence[int],
    ) -> dict[int, "_Order"]:
        """What is to be drafted, by position, with places out of the lot; everything that the drafts need is read here."""
        names = _names(session, applications.values())
        wanted = {position: each for position, each in applications.items() if position not in verdicts}
        seals: dict[str, SealInUse] = {}
        places: dict[str, list[int]] = {}
        for authority in {each.authority.code: each.authority for each in wanted.values()}.values():
            number = sum(each.authority.code == authority.code for each in wanted.values())
            seals[authority.code] = self._seals.in_use(authority)
            places[authority.code] = draw_places(self._deps.quick_reads, authority.code, number, lot)
        orders = {}
        holders = {each.holder_code for each in wanted.values()}
        with self._deps.quick_reads.ahead([binding_question(code) for code in holders]):
            for position, application in wanted.items():
                code, named = application.authority.code, _named(application, names[application.holder_code])
                orders[position] = _Order(named, self._binding(named), seals[code], places[code].pop())
        return orders

    def _binding(self, application: Application) -> HolderBinding | None:
        """The holder's electronic business licence; a paper licence is converted without one too, and bound later."""
        try:
            return self._enterprises.binding(application.holder_code, application.holder_name)
        except BindingRefusedError:
            return None

    def _draft(self, order: "_Order") -> VersionToRecord:
        application = order.application
        version = VersionOrder(
            application,
            first_identifier(application),
            takes_effect_at=day_start(application.valid_from),
            kind=VersionKind.CONVERSION,
            status_place=order.status_place,
        )
        with key_at_work(order.seal.key_id):
            draft = make_draft(self._deps, version, order.binding, order.seal)
        return VersionToRecord(draft, order.binding, order.seal)

    def _record(
        self, taken: "_Taken", drafts: Mapping[int, VersionToRecord], verdicts: Mapping[int, Settlement]
    ) -> None:
        """Licences and rows in one transaction."""
        job, rows = taken.job, taken.rows
        settled = dict(verdicts)
        for position, entry in drafts.items():
            order = entry.draft.order
            change = _spelt(taken.applications[position].holder_name, order.application.holder_name)
            settled[position] = Settlement(RowStatus.CONVERTED, None, str(order.identifier), change)
        ended = {row.position: (row, settled[row.position]) for row in rows}
        first = rows[0].position - rows[0].position % CHUNK_ROWS

        def place(session: Session) -> None:
            chunk = _held(session, job.id, first)
            if chunk.pending != len(ended):
                raise _OvertakenError
            require_standing(session, {entry.seal.key_id for entry in drafts.values()})
            settle_chunk(session, self._deps.vault, chunk, ended, self._deps.clock())

        record_versions(self._deps, list(drafts.values()), _actor_of(job), place)
        for settlement in settled.values():
            CONVERTED.labels(settlement.status).inc()


def _held(session: Session, job_id: str, first: int) -> ConversionChunk:
    """The chunk, locked; _OvertakenError when the job is no longer running."""
    job = session.get(ConversionJob, job_id, with_for_update={"read": True})
    if job is None or job.state != JobState.RUNNING:
        raise _OvertakenError
    return session.get_one(ConversionChunk, (job_id, first), with_for_update=True)


def _actor_of(job: ConversionJob) -> Actor:
    """Who began the job; what it may do was checked when its rows were taken in."""
    kept = dict(job.actor)
    kind, identifier, name = ActorKind(kept.pop("kind")), kept.pop("id"), kept.pop("name")
    return Actor(kind, identifier, name, frozenset(), detail=kept)


@dataclass(frozen=True)
class _Taken:
    """The pending rows of a chunk."""

    job: ConversionJob
    rows: Sequence[ConversionRow]
    applications: Mapping[int, Application]
    """By position."""


@dataclass(frozen=True)
class _Order:
    """A licence to be drafted."""

    application: Application
    binding: HolderBinding | None
    seal: SealInUse
    status_place: int
    """In the authority's status list."""


_Key = tuple[str, str, str]

_UNKNOWN_HOLDER = Finding(
    "HOLDER_UNKNOWN",
    "",
    "持证主体未登记。The holder is not registered.",
    "先登记该主体，或允许登记新主体。Register the enterprise first, or leave out --known-holders-only.",
)


def _pending(job_id: str, first: int) -> Select[ConversionRow]:
    return (
        select(ConversionRow)
        .where(
            ConversionRow.job_id == job_id,
            ConversionRow.position >= first,
            ConversionRow.position < first + CHUNK_ROWS,
            ConversionRow.status == RowStatus.PENDING,
        )
        .order_by(ConversionRow.position)
    )


def _key(application: Application) -> _Key:
    return application.licence_type.local_type_code, application.authority.code, application.licence_number


def _registered(session: Session, applications: Iterable[Application]) -> dict[_Key, Licence]:
    keys = {_key(application) for application in applications}
    columns = tuple_(Licence.local_type_code, Licence.authority_code, Licence.licence_number)
    query = (
        select(Licence)
        .where(columns.in_(keys), Licence.is_sample.is_(False))
        .options(selectinload(Licence.versions).lazyload("*"))
    )
    return {(row.local_type_code, row.authority_code, row.licence_number): row for row in session.scalars(query)}


def _names(session: Session, applications: Iterable[Application]) -> dict[str, str]:
    codes = {application.holder_code for application in applications}
    query = select(Enterprise.unified_social_credit_code, Enterprise.name)
    return dict(iter(session.execute(query.where(Enterprise.unified_social_credit_code.in_(codes)))))


def _enterprise_codes(codes: Iterable[str]) -> Select[str]:
    column = Enterprise.unified_social_credit_code
    return select(column).where(column.in_(list(codes)))


def _named(application: Application, name: str | None) -> Application:
    """The application under the name as the register spells it."""
    return application if name is None else replace(application, holder_name=name)


def _spelt(name: str, registered: str) -> Change | None:
    """The change that the register's spelling of a holder's name makes."""
    return None if name == registered else Change("持有人名称", name, registered, "REGISTERED_NAME")


def _same_or_conflict(licence: Licence, application: Application) -> Settlement:
    first = licence.versions[0]
    if application.digest() in {version.application_sm3 for version in licence.versions}:
        message = f"登记簿中已有同一证照 {first.licence_identifier}。The register has the same licence."
        finding = Finding("ALREADY_REGISTERED", "", message, "无需处理，可删去此行。Nothing to do; delete the row.")
        return Settlement(RowStatus.ALREADY_REGISTERED, finding, first.licence_identifier)
    message = (
        f"登记簿中已有该编号，内容不同：{first.licence_identifier}。The register has this number with other content."
    )
    finding = Finding("REGISTER_DIFFERS", "", message, "按原件核对；如有变更，请办理变更。Compare with the paper.")
    return Settlement(RowStatus.CONFLICT, finding, first.licence_identifier)


def _other_name(name: str, registered: str) -> Finding:
    message = f"持有人名称“{name}”与登记的“{registered}”不符。The holder's name differs from the register."
    return Finding("HOLDER_NAME_DIFFERS", "持有人名称", message, f"若已更名，请先更新登记；否则填“{registered}”。")
