"""``verify --report``: writes the reports to files, in the form that the ending asks for."""

from collections.abc import Callable
from pathlib import Path

import click

from gateway.container import Container
from gateway.domain.human_report import human_report
from gateway.domain.verification import VerificationReport
from gateway.errors import ConfigurationError
from gateway.services.reports import changed_pictures, json_bytes
from verify_web.report_document import render_report_html

_LONGEST_STEM = 100
"""Characters of a file's name that its reports keep: names of 255 octets are the most that file systems take."""


class ReportWriter:
    """Where the reports of one run go: one file, or a folder that gets every form of each."""

    def __init__(self, target: Path, container: Container, language: str, *, several: bool) -> None:
        forms: dict[str, Callable[[VerificationReport, bytes], bytes]] = {
            ".html": lambda r, data: render_report_html(
                human_report(r, changed_pictures(data, r)), language, r.report_number
            ),
            ".pdf": lambda r, data: container.reports.pdf(r, language=language, pictures=changed_pictures(data, r)),
            ".xml": lambda r, _: container.reports.xml(r),
            ".json": lambda r, _: json_bytes(r.to_json()),
        }
        self._forms = forms
        self._target = target
        self._is_folder = target.suffix.lower() not in forms
        self._used: set[str] = set()
        if self._is_folder and target.suffix and not target.is_dir():
            raise click.UsageError(f"--report {target}: the ending is one of {', '.join(forms)}, or name a folder")
        if several and not self._is_folder:
            raise click.UsageError("--report: with several files, name a folder; it gets every form of each report")

    @classmethod
    def of(cls, target: Path | None, container: Container, language: str, *, several: bool) -> "ReportWriter | None":
        """The writer, None when no report is wanted. UsageError for an ending or a language that there is not."""
        if language not in ("zh", "en"):
            raise click.UsageError(f"--lang {language}: zh or en")
        return None if target is None else cls(target, container, language, several=several)

    def write(self, report: VerificationReport, data: bytes) -> list[Path]:
        """The files that were written on the presented ``data``.

        UsageError when a PDF is asked for and there is no key to sign it.
        """
        if not self._is_folder:
            try:
                content = self._forms[self._target.suffix.lower()](report, data)
            except ConfigurationError as error:
                # The exit statuses of verify speak of the file; that this machine cannot sign is about the call.
                raise click.UsageError(f"{error} {error.hint}") from error
            self._target.parent.mkdir(parents=True, exist_ok=True)
            self._target.write_bytes(content)
            return [self._target]
        self._target.mkdir(parents=True, exist_ok=True)
        stem, written = self._stem(report.document.file_name), []
        for ending, make in self._forms.items():
            try:
                content = make(report, data)
            except ConfigurationError:
                continue  # Off line there is no gateway to sign a PDF; the other forms stand.
            path = self._target / f"{stem}{ending}"
            path.write_bytes(content)
            written.append(path)
        return written

    def _stem(self, file_name: str) -> str:
        """The presented file's name, with a number behind it when two files are called the same."""
        wish = f"{file_name[:_LONGEST_STEM]}.report"
        number, stem = 1, wish
        while stem in self._used:
            number += 1
            stem = f"{wish}-{number}"
        self._used.add(stem)
        return stem
