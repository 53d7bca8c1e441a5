"""How converted licences will look: a few of a dry run's rows, drawn as samples."""

from itertools import islice

from gateway.documents.licence_page import render_electronic
from gateway.documents.seal_picture import draw_sample_seal
from gateway.domain.applications import parse_application
from gateway.domain.conversions import RowStatus
from gateway.domain.orders import VersionKind, VersionOrder, first_identifier
from gateway.domain.status import day_start
from gateway.errors import NotFoundError
from gateway.imaging.pdf_joining import join_pages
from gateway.persistence.models import ConversionRow
from gateway.services.catalogue import Catalogues
from gateway.services.conversion_rows import RowContent, rows_of
from gateway.services.dependencies import Dependencies
from gateway.services.drafts import ATTACHMENT_NAME, licence_face

MOST_SAMPLES = 12


class ConversionSamples:
    """Draws rows that have not been converted. Nothing on these pages is signed, and each says that it is a sample."""

    def __init__(self, deps: Dependencies, catalogue: Catalogues) -> None:
        self._deps = deps
        self._catalogue = catalogue

    def sheet(self, job_id: str, count: int = 6) -> bytes:
        """A PDF of the first licences of each type, ``count`` in all at most. NotFoundError when no row is good."""
        chosen = self._choose(job_id, min(count, MOST_SAMPLES))
        if not chosen:
            raise NotFoundError("没有可转换的行。No row could be converted.", hint="See the error file.")
        return join_pages([self._page(row) for row in chosen])

    def _choose(self, job_id: str, count: int) -> list[ConversionRow]:
        """One of each type first, for each looks different."""
        good = rows_of(self._deps.sessions, job_id, [RowStatus.WOULD_CONVERT])
        by_type: dict[str, list[ConversionRow]] = {}
        for row in islice(good, 500):
            record = RowContent.open(self._deps.vault, row).record
            by_type.setdefault(str(record.get("ZZMC", "")), []).append(row)
        rounds = max((len(rows) for rows in by_type.values()), default=0)
        mixed = [rows[turn] for turn in range(rounds) for rows in by_type.values() if turn < len(rows)]
        return mixed[:count]

    def _page(self, row: ConversionRow) -> bytes:
        application = parse_application(RowContent.open(self._deps.vault, row).record, self._catalogue.load())
        order = VersionOrder(
            application,
            first_identifier(application, is_sample=True),
            takes_effect_at=day_start(application.valid_from),
            kind=VersionKind.CONVERSION,
            is_sample=True,
        )
        face = licence_face(self._deps, order, self._deps.settings.public_base_url)
        seal = draw_sample_seal("样本专用章", self._deps.settings.assets_dir)
        page = render_electronic(
            self._deps.fonts,
            face,
            seal,
            attachment=b"{}",
            attachment_name=ATTACHMENT_NAME,
            created_at=self._deps.clock(),
        )
        return page.data
