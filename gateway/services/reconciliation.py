"""The reconciliation report: every drift between paper and electronic records, streamed, in memory that does not grow."""

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from datetime import timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any, TextIO

from gateway.domain.actors import OPERATOR, Actor, Scope
from gateway.domain.catalogue import Forms
from gateway.domain.instants import instant
from gateway.domain.papers import gaps
from gateway.domain.reconciliation import (
    Drift,
    DriftCounts,
    DriftKind,
    DriftTally,
    ReconciliationReport,
    write_csv,
    write_json,
)
from gateway.domain.reported import differences
from gateway.persistence.models import BlankForm, Licence, ReportedLicence
from gateway.persistence.session import reading
from gateway.services import drift_queries as queries
from gateway.services.catalogue import Catalogues
from gateway.services.dependencies import Dependencies
from gateway.services.recording import PDF
from gateway.services.reported_licences import report_facts, version_facts

_BATCH = 1_000
"""Rows that are fetched at once."""
MOST_ROWS = 200
"""Rows of each kind that the short report gives; the export gives them all."""


class Reconciliation:
    """Compares what the register, the stock, the reports and the store say of each other."""

    def __init__(self, deps: Dependencies, catalogue: Catalogues) -> None:
        self._deps = deps
        self._catalogue = catalogue

    def report(
        self, authority_code: str | None = None, *, limit: int = MOST_ROWS, actor: Actor = OPERATOR
    ) -> ReconciliationReport:
        """Counts of everything within the actor's limits and up to ``limit`` rows of each kind. ForbiddenError."""
        tally, rows, as_of = DriftTally(), list[Drift](), self._deps.clock()
        with closing(self.drifts(authority_code, actor=actor)) as drifts:
            for drift in drifts:
                if tally.add(drift) < limit:
                    rows.append(drift)
        return ReconciliationReport(as_of, tally.counts(), tuple(rows))

    def export(
        self, out: TextIO, media_type: str, authority_code: str | None = None, *, actor: Actor = OPERATOR
    ) -> DriftCounts:
        """Write every row as ``text/csv`` or ``application/json``. ForbiddenError."""
        with closing(self.drifts(authority_code, actor=actor)) as drifts:
            if media_type == "text/csv":
                return write_csv(drifts, out)
            return write_json(drifts, out, as_of=self._deps.clock())

    def drifts(self, authority_code: str | None = None, *, actor: Actor = OPERATOR) -> Generator[Drift]:
        """Every drift, kind by kind, as one reading of the database; close it when you stop before its end."""
        actor.require(Scope.LICENCES_READ)
        if authority_code is not None and actor.authority_codes is not None:
            # An authority outside the limits is refused, rather than found without fault.
            actor.require(Scope.LICENCES_READ, authority_code, next(iter(actor.type_codes or ()), None))
        return self._stream(authority_code, actor)

    def _stream(self, authority_code: str | None, actor: Actor) -> Generator[Drift]:
        with reading(self._deps.sessions) as session:

            def rows(query: queries.AnySelect, entity: Any) -> Iterator[Any]:
                """Rows, fetched in batches."""
                found = session.execute(
                    queries.limited(query, entity, actor, authority_code), execution_options={"yield_per": _BATCH}
                )
                # The session holds what it loads weakly: a batch goes when it was given out.
                yield from found

            yield from self._papers(rows)
            yield from self._reports(rows)
            yield from _stock(rows)
            yield from self._files(rows)

    def _papers(self, rows: "_Rows") -> Iterator[Drift]:
        now = self._deps.clock()
        before = now - timedelta(days=self._deps.settings.print_within_days)
        for kind, query in (
            (DriftKind.NEVER_PRINTED, queries.never_printed(now, before)),
            (DriftKind.VOID_PAPER, queries.void_papers(now)),
            (DriftKind.PAPER_NOT_TAKEN_BACK, queries.papers_out(now)),
        ):
            for authority, type_code, number, identifier, copy_number, signed_at in rows(query, Licence):
                since = instant(signed_at) or "" if kind is DriftKind.NEVER_PRINTED else ""
                yield Drift(kind, authority, type_code, number, identifier, str(copy_number), since=since)

    def _reports(self, rows: "_Rows") -> Iterator[Drift]:
        now = self._deps.clock()
        paper_only = [t.local_type_code for t in self._catalogue.load().licence_types if t.forms is Forms.PAPER_ONLY]
        for (report,) in rows(queries.reports_without_licence(paper_only), ReportedLicence):
            yield _of_report(report, DriftKind.PAPER_WITHOUT_ELECTRONIC, since=instant(report.reported_at) or "")
        for report, version, licence in rows(queries.reports_with_version(now), ReportedLicence):
            facts = report_facts(report, self._deps.vault)
            for found in differences(facts, version_facts(version, licence, self._deps.vault)):
                yield _of_report(
                    report,
                    DriftKind.FACE_DIFFERS,
                    licence_identifier=version.licence_identifier,
                    field=found.field,
                    reported=found.reported,
                    registered=found.registered,
                )
        for report, other_number in rows(queries.blanks_in_two_reports(), ReportedLicence):
            yield _of_report(report, DriftKind.BLANK_USED_TWICE, field="report", reported=other_number)
        for query in queries.blanks_in_report_and_register():
            for report, form, state in rows(query, ReportedLicence):
                yield _of_report(report, DriftKind.BLANK_USED_TWICE, field="stock", registered=state, blank_form=form)

    def _files(self, rows: "_Rows") -> Iterator[Drift]:
        for name, query in queries.registered_files():
            for authority, type_code, number, identifier, digest in rows(query, Licence):
                if not self._deps.files.holds(digest, PDF):
                    yield Drift(
                        DriftKind.FILE_MISSING, authority, type_code, number, identifier, field=name, registered=digest
                    )


_Rows = Callable[[queries.AnySelect, Any], Iterator[Any]]


def _stock(rows: _Rows) -> Iterator[Drift]:
    for (authority, form), series in groupby(rows(queries.stock(), BlankForm), key=itemgetter(0, 1)):
        for gap in gaps(serial for _, _, serial in series):
            yield Drift(DriftKind.STOCK_GAP, authority, blank_form=form, blank_serial_number=str(gap))
    for authority, form, serial in rows(queries.blanks_without_paper(), BlankForm):
        yield Drift(DriftKind.BLANK_WITHOUT_PAPER, authority, blank_form=form, blank_serial_number=serial)


def _of_report(report: ReportedLicence, kind: DriftKind, **more: str) -> Drift:
    values = {"blank_form": report.blank_form, "blank_serial_number": report.blank_serial_number, **more}
    return Drift(kind, report.authority_code, report.local_type_code, report.licence_number, **values)
