"""What became of the rows of a conversion, as files for people and machines."""

from pathlib import Path

from gateway.domain.actors import OPERATOR, Actor
from gateway.domain.conversions import ERROR_COLUMNS, REPORT_COLUMNS, RETURNED
from gateway.services.conversions import Conversions
from gateway.spreadsheets.writing import write_table


class ConversionTables:
    """Writes error files and reports; the ending of the file says in which form."""

    def __init__(self, conversions: Conversions) -> None:
        self._conversions = conversions

    def write_report(self, job_id: str, target: Path, actor: Actor = OPERATOR) -> int:
        """One line for each row; gives their number. NotFoundError."""
        rows = (outcome.to_json() for outcome in self._conversions.outcomes(job_id, actor=actor))
        return write_table(target, REPORT_COLUMNS, rows)

    def write_errors(self, job_id: str, target: Path, actor: Actor = OPERATOR) -> int:
        """The rows that failed or are registered already, as they came, with the reason, to be mended and fed back.

        Gives their number. NotFoundError.
        """
        rows = (outcome.error_row() for outcome in self._conversions.outcomes(job_id, RETURNED, actor))
        return write_table(target, [*ERROR_COLUMNS, *self._conversions.headings(job_id)], rows)
