"""Issues a stream of applications one by one: each stands or falls for itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.errors import FieldError, GatewayError, ValidationFailedError
from gateway.persistence.blobs import StoredDocument
from gateway.services.licences import IssuedLicence, Licences


@dataclass(frozen=True)
class IssueOutcome:
    """What became of one application."""

    row: int
    """1-based place in the input."""
    licence: IssuedLicence | None
    checked_only: bool = False
    error: GatewayError | None = None
    files: tuple[Path | StoredDocument, ...] = ()
    """The electronic and the paper PDF, where they can be picked up."""

    @property
    def status(self) -> str:
        """``issued``, ``already_issued``, ``would_issue`` or ``refused``."""
        if self.error is not None:
            return "refused"
        if self.licence is None:
            return "would_issue"
        return "issued" if self.licence.newly_issued else "already_issued"

    def to_json(self) -> dict[str, Any]:
        """One line of the report."""
        report: dict[str, Any] = {"row": self.row, "status": self.status}
        if self.licence is not None:
            report |= {k: _plain(v) for k, v in vars(self.licence).items()}
            report["files"] = [str(path) for path in self.files]
        if self.error is not None:
            report |= {"code": self.error.code, "message": self.error.message, "errors": _fields(self.error)}
        return report


@dataclass
class IssueRun:
    """One pass over a file of applications."""

    licences: Licences
    output_dir: Path | None = None
    dry_run: bool = False
    outcomes: list[IssueOutcome] = field(default_factory=list)

    def take(self, record: object) -> IssueOutcome:
        """Issue (or check) one application; a refusal is an outcome, not an exception."""
        row = len(self.outcomes) + 1
        try:
            if not isinstance(record, Mapping):
                error = FieldError("", "NOT_AN_OBJECT", "这一行不是 JSON 对象。This line is no JSON object.")
                raise ValidationFailedError([error])
            if self.dry_run:
                self.licences.check(record)
                outcome = IssueOutcome(row, None, checked_only=True)
            else:
                licence = self.licences.issue(record)
                outcome = IssueOutcome(row, licence, files=self._hand_over(licence))
        except GatewayError as error:
            outcome = IssueOutcome(row, None, error=error)
        self.outcomes.append(outcome)
        return outcome

    def count(self, status: str) -> int:
        """How many applications ended so."""
        return sum(1 for outcome in self.outcomes if outcome.status == status)

    @property
    def refused(self) -> int:
        """How many were refused."""
        return self.count("refused")

    def summary(self) -> dict[str, Any]:
        """Counts and every line."""
        names = ("issued", "already_issued", "would_issue", "refused")
        return {
            **{name: self.count(name) for name in names},
            "outcomes": [o.to_json() for o in self.outcomes],
        }

    def _hand_over(self, licence: IssuedLicence) -> tuple[Path | StoredDocument, ...]:
        """Copies under readable names in the output folder, else the files in the store."""
        forms = {"electronic": licence.electronic_file}
        if licence.paper_file is not None:
            forms["paper"] = licence.paper_file
        stored = tuple(forms.values())
        if self.output_dir is None:
            return stored
        self.output_dir.mkdir(parents=True, exist_ok=True)
        # A number may hold a slash; in a file name it becomes a dash.
        name = licence.licence_number.replace("/", "-")
        targets = tuple(self.output_dir / f"{name}.{form}.pdf" for form in forms)
        for source, target in zip(stored, targets, strict=True):
            target.write_bytes(source.read_bytes())
        return targets


def _plain(value: object) -> object:
    """Files by their path or name."""
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, StoredDocument) else value


def _fields(error: GatewayError) -> list[dict[str, str]]:
    found = error.errors if isinstance(error, ValidationFailedError) else []
    return [{"pointer": e.pointer, "field": e.field, "code": e.code, "message": e.message} for e in found]
