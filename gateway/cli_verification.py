"""``licence-gateway verify``: files against what is trusted, with or without the register."""

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import click
import typer

from certs.errors import CertsError
from certs.trust_store import TrustStore
from gateway import cli_answers
from gateway.cli_answers import instant_of
from gateway.cli_frame import DataDir, Json, complain, print_json, read_bytes, say
from gateway.cli_reports import ReportWriter
from gateway.container import Container
from gateway.domain.archive_files import is_archive
from gateway.domain.codes import classify
from gateway.domain.verification import RegistryFinding, RegistryStatus, VerificationReport
from gateway.errors import NotInitialisedError, UnreadableInputError
from gateway.imaging.qr_reading import read_codes
from gateway.services.archive_reports import archive_report
from gateway.services.file_validation import Attachments, attached_licence, validate_file
from gateway.services.token_reports import is_token, licence_code_report, signed_list_report, with_status
from gateway.services.verifications import claims_in
from gateway.settings import Settings, read_settings
from signing.errors import SigningError
from signing.validation.policy import ValidationPolicy


class Verifier:
    """Verifies files for the command line: with the register, with this gateway's trust, or with given anchors only."""

    def __init__(
        self,
        settings: Settings,
        trust_anchors: Path | None,
        at: str | None,
        *,
        offline: bool,
        status_lists: Path | None = None,
    ) -> None:
        self._settings = settings
        self._at = instant_of(at)
        self._container = Container(settings)
        self._store = TrustStore(trust_anchors) if trust_anchors else self._container.deps.trust_store
        self._asks_register = trust_anchors is None and not offline
        self._status_lists = _files_in(status_lists)
        self._workers = self._container.deps.workers
        self._workers.warm()
        if trust_anchors is None:
            self._require_trust()

    def verify(self, data: bytes, file_name: str) -> VerificationReport:
        """The report on one file. UnreadableInputError when it cannot be processed."""
        at = self._at or self._container.clock()
        is_pdf = b"%PDF-" in data[:1024]
        if self._asks_register and (is_pdf or is_archive(data) or is_token(data)):
            return self._container.verifications.verify(data, file_name, at=at)
        if is_archive(data):
            return archive_report(data, file_name, self._store, self._policy(), self._workers, at=at)
        if is_pdf:
            attached: dict[str, bytes] = {}
            ask = partial(_not_asked, attached)
            report = validate_file(data, file_name, self._policy(), ask, at=at, workers=self._workers)
            return self._with_status(report, attached)
        if is_token(data):
            return signed_list_report(data, file_name, self._store, self._policy(), at=at)
        text = self._code_text(data, file_name)
        code = classify(text, own_hosts=frozenset({_host_of(text)}))
        if code.licence_payload is None:
            raise UnreadableInputError(
                f"{file_name}：不是 PDF、证照清单、档案包或证照二维码。"
                "Neither a PDF, a signed list, an archive package nor a licence's QR code."
            )
        return licence_code_report(
            text,
            code.licence_payload,
            file_name,
            self._store,
            self._policy(),
            at=at,
            status_lists=self._status_lists,
        )

    def _with_status(self, report: VerificationReport, attached: Attachments) -> VerificationReport:
        """By the status lists at hand, where there are some; the file itself names the licence's place."""
        attachment = attached_licence(attached) if self._status_lists else None
        claims = None if attachment is None else claims_in(attachment.get("qr_text"))
        if claims is None:
            return report
        return with_status(report, claims, self._status_lists, self._store, self._policy())

    def _policy(self) -> ValidationPolicy:
        return self._store.policy(revocation=self._settings.revocation, rules=self._container.deps.rules)

    def _require_trust(self) -> None:
        try:
            if self._asks_register:
                self._container.installation.require()
            else:
                self._policy()
        except (NotInitialisedError, CertsError, SigningError) as error:
            raise click.UsageError(f"{error} Or name what you trust: --trust-anchors PATH") from error

    def _code_text(self, data: bytes, file_name: str) -> str:
        try:
            return data.decode("ascii").strip()
        except UnicodeDecodeError:
            found = read_codes(data, max_pixels=self._settings.max_image_pixels).texts
        if not found:
            raise UnreadableInputError(f"{file_name}：没有读出二维码。No QR code could be read.")
        return found[0]


def _files_in(path: Path | None) -> list[bytes]:
    """The content of a file, or of every file in a folder."""
    if path is None:
        return []
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    return [read_bytes(file) for file in files]


def _not_asked(attached: dict[str, bytes], attachments: Attachments) -> RegistryFinding:
    """Off line there is no registry; what is attached to the file is kept, since it names the licence's place in a list."""
    attached.update(attachments)
    return RegistryFinding(RegistryStatus.NOT_CHECKED)


def _host_of(text: str) -> str:
    """The address in a code: off line, the signature decides whose it is, not the address."""
    return text.split("/")[2].lower() if text.count("/") > 2 else ""  # noqa: PLR2004 - scheme://host/


def verify(
    files: Annotated[
        list[Path],
        typer.Argument(help="Signed PDFs, lists and archive packages, texts or pictures of a licence's QR code."),
    ],
    data_dir: DataDir = None,
    trust_anchors: Annotated[
        Path | None,
        typer.Option(help="Trust only these certificates: a file, a folder, or a gateway's trust folder."),
    ] = None,
    at: Annotated[str | None, typer.Option(help="Judge as of this instant, such as 2026-01-01T00:00:00Z.")] = None,
    offline: Annotated[bool, typer.Option(help="Do not ask the register; judge the file alone.")] = False,
    status_list: Annotated[
        Path | None, typer.Option(help="Status list, or a folder with some: whether a licence's code is in force.")
    ] = None,
    report_to: Annotated[
        Path | None,
        typer.Option("--report", help="Write the report: FILE.html, .pdf, .xml, .json, or a folder for all forms."),
    ] = None,
    language: Annotated[str, typer.Option("--lang", help="Language of the report: zh or en.")] = "zh",
    as_json: Json = False,
) -> None:
    """Verify files: signature, chain, time-stamp, changes after signing, and the licence's status.

    Exit status: 0 genuine, 1 not genuine, 2 undecided, 3 no signature, 4 cannot be processed, 64 usage.

    Example: licence-gateway verify licence.pdf --trust-anchors trust/ --offline --report report.html
    """
    settings = read_settings(data_dir=data_dir)
    verifier = Verifier(settings, trust_anchors, at, offline=offline, status_lists=status_list)
    writer = ReportWriter.of(report_to, Container(settings), language, several=len(files) > 1)
    statuses, shown = [], []
    for file in files:
        try:
            data = read_bytes(file)
            report = verifier.verify(data, file.name)
        except UnreadableInputError as error:
            statuses.append(cli_answers.UNPROCESSABLE)
            complain(error)
            shown.append(_refusal(file, error))
            continue
        statuses.append(cli_answers.verify_status(report))
        shown.append(report.to_json())
        written = writer.write(report, data) if writer is not None else []
        for line in () if as_json else (*cli_answers.report_lines(report), *(f"  → {path}" for path in written)):
            say(line)
    if as_json:
        print_json(shown[0] if len(shown) == 1 else shown)
    raise typer.Exit(cli_answers.worst_status(statuses))


def _refusal(file: Path, error: UnreadableInputError) -> dict[str, Any]:
    return {"document": {"file_name": file.name}, "error": {"code": error.code, "message": error.message}}
