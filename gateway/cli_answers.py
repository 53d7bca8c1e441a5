"""What the command line prints and the exit statuses that contract.md fixes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from cryptography import x509
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from certs.private_files import read_password_file
from certs.trust_store import TrustStore
from gateway.container import Container
from gateway.documents.fonts import font_library
from gateway.domain.answers import CodeClass, Genuine, InForce, Resolution
from gateway.domain.codes import classify
from gateway.domain.status import WORDS
from gateway.domain.verification import RegistryFinding, RegistryStatus, VerificationReport, instant
from gateway.domain.visible_text import visible
from gateway.errors import GatewayError, NotInitialisedError, UnreadableInputError
from gateway.imaging.qr_reading import read_codes
from gateway.services.issuing import IssueOutcome, IssueRun
from gateway.services.licence_codes import licence_code_report
from gateway.services.verifications import validate_file
from gateway.settings import Settings
from signing import sm2
from signing.errors import SigningError
from signing.validation.policy import ValidationPolicy
from signing.worker_process import is_confined

GENUINE, NOT_GENUINE, UNDECIDED, UNSIGNED, UNPROCESSABLE = 0, 1, 2, 3, 4
_WORST_FIRST = (NOT_GENUINE, UNPROCESSABLE, UNDECIDED, UNSIGNED)
_EXPIRY_WARNING = timedelta(days=30)

_GENUINE_WORDS = {
    Genuine.YES: "[green]✓ 真实 genuine[/]",
    Genuine.NO: "[red]✗ 不真实 not genuine[/]",
    Genuine.UNKNOWN: "[yellow]? 无法确定 undecided[/]",
}
_IN_FORCE_WORDS = {
    InForce.YES: "[green]有效 in force[/]",
    InForce.NO: "[red]无效 not in force[/]",
    InForce.UNKNOWN: "[yellow]状态未核实 status not checked[/]",
    InForce.NOT_APPLICABLE: "[dim]不适用 not applicable[/]",
}


class Verifier:
    """Verifies files for the command line: with the register, with this gateway's trust, or with given anchors only."""

    def __init__(self, settings: Settings, trust_anchors: Path | None, at: str | None, *, offline: bool) -> None:
        self._settings = settings
        self._at = instant_of(at)
        self._container = Container(settings)
        self._store = TrustStore(trust_anchors) if trust_anchors else self._container.deps.trust_store
        self._asks_register = trust_anchors is None and not offline
        self._workers = self._container.deps.workers
        self._workers.warm()
        if trust_anchors is None:
            self._require_trust()

    def verify(self, data: bytes, file_name: str) -> VerificationReport:
        """The report on one file. UnreadableInputError when it cannot be processed."""
        at = self._at or self._container.clock()
        if b"%PDF-" in data[:1024]:
            if self._asks_register:
                return self._container.verifications.verify(data, file_name, at=at)
            return validate_file(data, file_name, self._policy(), _not_asked, at=at, workers=self._workers)
        text = self._code_text(data, file_name)
        code = classify(text, own_hosts=frozenset({_host_of(text)}))
        if code.licence_payload is None:
            raise UnreadableInputError(
                f"{file_name}：既不是 PDF，也不是证照二维码。Neither a PDF nor a licence's QR code."
            )
        return licence_code_report(text, code.licence_payload, file_name, self._store, self._policy(), at=at)

    def _policy(self) -> ValidationPolicy:
        return self._store.policy(revocation=self._settings.revocation, rules=self._container.deps.rules)

    def _require_trust(self) -> None:
        try:
            if self._asks_register:
                self._container.installation.require()
            else:
                self._policy()
        except (NotInitialisedError, SigningError) as error:
            raise click.UsageError(f"{error} Or name what you trust: --trust-anchors PATH") from error

    def _code_text(self, data: bytes, file_name: str) -> str:
        try:
            return data.decode("ascii").strip()
        except UnicodeDecodeError:
            found = read_codes(data, max_pixels=self._settings.max_image_pixels)
        if not found:
            raise UnreadableInputError(f"{file_name}：没有读出二维码。No QR code could be read.")
        return found[0]


def _not_asked() -> RegistryFinding:
    return RegistryFinding(RegistryStatus.NOT_CHECKED)


def _host_of(text: str) -> str:
    """The address in a code: off line, the signature decides whose it is, not the address."""
    return text.split("/")[2].lower() if text.count("/") > 2 else ""  # noqa: PLR2004 - scheme://host/


def instant_of(text: str | None) -> datetime | None:
    """The instant that an option names, aware UTC; None when it was not given. UsageError when it is none."""
    if text is None:
        return None
    try:
        value = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.UsageError(f"--at: {text} is no instant such as 2026-01-01T00:00:00Z") from error
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def verify_status(report: VerificationReport) -> int:
    """Exit status for one report."""
    if not report.signatures:
        return UNSIGNED
    return {Genuine.YES: GENUINE, Genuine.NO: NOT_GENUINE, Genuine.UNKNOWN: UNDECIDED}[report.answer.genuine]


def worst_status(statuses: list[int]) -> int:
    """Exit status for several files: the worst of 1, 4, 2, 3."""
    return next((status for status in _WORST_FIRST if status in statuses), GENUINE)


def resolve_status(resolution: Resolution) -> int:
    """Exit status of ``resolve``."""
    if resolution.code_class in (CodeClass.ENTITY_CODE, CodeClass.DYNAMIC_CODE):
        return UNDECIDED
    if resolution.unified_social_credit_code is None:
        return UNPROCESSABLE
    return GENUINE if resolution.licences else UNSIGNED


def report_lines(report: VerificationReport) -> Iterator[str]:
    """A report for a person, the answer first."""
    answer = report.answer
    yield f"{report.document.file_name}: {_GENUINE_WORDS[answer.genuine]} · {_IN_FORCE_WORDS[answer.in_force]}"
    terms = report.purpose_copy
    if terms is not None:
        over = "已过期限 over" if report.is_expired_copy else "在期限内 not over"
        yield escape(
            f"  加注件 purpose copy: {visible(terms.licence_identifier)}，供 for {visible(terms.user_name)}，"
            f"用于 purpose {visible(terms.purpose)}，至 until {terms.expires_on} ({over})"
        )
    for reason in answer.reasons:
        yield f"  {reason.message_zh} {reason.message_en}"
    for signature in report.signatures:
        found = signature.sub_indication or ""
        yield (
            f"  [dim]{signature.kind} {signature.level or signature.format} {signature.algorithm} "
            f"{signature.signer.common_name} {instant(signature.best_signature_time)} {signature.indication} {found}[/]"
        )


def issue_line(outcome: IssueOutcome) -> str:
    """One outcome of ``issue``."""
    if outcome.error is not None:
        return f"[red]✗ 拒绝 refused[/] 第 {outcome.row} 行 row {outcome.row}: {outcome.error.message}"
    if outcome.licence is None:
        return f"[green]✓ 可以签发 would issue[/] 第 {outcome.row} 行 row {outcome.row}"
    licence = outcome.licence
    mark = "[green]✓ 已签发 issued[/]" if licence.newly_issued else "[yellow]= 早已签发 already issued[/]"
    files = "\n    ".join(str(path) for path in outcome.files)
    return (
        f"{mark} {licence.licence_type_name} {licence.licence_number} {licence.holder_name}\n"
        f"    {licence.licence_identifier}\n    {files}\n    [dim]{licence.qr_text}[/]"
    )


def issue_summary(run: IssueRun) -> str:
    """The last line of ``issue``."""
    if run.dry_run:
        return f"可签发 would issue {run.count('would_issue')} · 拒绝 refused {run.refused}"
    return (
        f"签发 issued {run.count('issued')} · 早已签发 already issued {run.count('already_issued')} · "
        f"拒绝 refused {run.refused}"
    )


def print_resolution(output: Console, resolution: Resolution) -> None:
    """The verified list for a person."""
    if resolution.enterprise is not None:
        output.print(f"{resolution.enterprise.name}  {resolution.unified_social_credit_code}", highlight=False)
    for reason in resolution.reasons:
        output.print(f"· {reason.message_zh} {reason.message_en}", highlight=False, style="dim", soft_wrap=True)
    if not resolution.licences:
        return
    table = Table(show_lines=True)
    for heading in (
        "证照 licence",
        "编号 number",
        "发证机关 authority",
        "有效期至 until",
        "状态 status",
        "真伪 genuine",
    ):
        table.add_column(heading, overflow="fold")
    for licence in resolution.licences:
        until = "长期" if licence.valid_until is None else licence.valid_until.isoformat()
        table.add_row(
            licence.licence_type_name,
            licence.licence_number,
            licence.issuing_authority,
            until,
            " ".join(WORDS[licence.status]),
            _GENUINE_WORDS[licence.genuine],
        )
    output.print(table)
    output.print(
        f"截至 as of {instant(resolution.as_of)}，共 {len(resolution.licences)} 份，逐份重新核验。 "
        f"{len(resolution.licences)} licences, each checked again now.",
        highlight=False,
    )


@dataclass(frozen=True)
class Finding:
    """One line of ``doctor``."""

    subject: str
    good: bool
    detail: str
    """What is, or what is wrong and how to mend it."""


def diagnose(container: Container) -> list[Finding]:
    """Everything that the gateway needs, by name."""
    settings = container.settings
    findings = [_back_end(), _readers(container), _rules(container)]
    try:
        font_library(settings.assets_dir)
        findings.append(Finding("fonts", True, str(settings.assets_dir)))
    except GatewayError as error:
        findings.append(Finding("fonts", False, f"{error} {error.hint}"))
    try:
        read_password_file(settings.resolved_key_password_file)
        findings.append(Finding("key password", True, str(settings.resolved_key_password_file)))
    except Exception as error:  # noqa: BLE001 - a doctor reports whatever hurts
        findings.append(Finding("key password", False, f"{error}. Run: licence-gateway init"))
        return findings
    for name, state in container.health.check().items():
        findings.append(Finding(name, state == "ok", "ok" if state == "ok" else state))
    if container.deps.trust_store.warning:
        findings.append(
            Finding("trust files", False, f"{container.deps.trust_store.warning}; the last good set is used")
        )
    return findings + _expiries(container)


def _back_end() -> Finding:
    try:
        return Finding("SM2", True, sm2.backend().name)
    except SigningError as error:
        return Finding("SM2", False, str(error))


def _rules(container: Container) -> Finding:
    """Which rules of validation are in force."""
    try:
        return Finding("validation policy", True, container.deps.rules.name)
    except GatewayError as error:
        return Finding("validation policy", False, f"{error} {error.hint}")


def _readers(container: Container) -> Finding:
    """Whether a process that reads presented files can be started, and what confines it."""
    try:
        confined = container.deps.workers.run(is_confined)
    except SigningError as error:
        return Finding("reading processes", False, str(error))
    detail = "limited, system calls filtered" if confined else "limited; no filter of system calls: install libseccomp2"
    return Finding("reading processes", True, detail)


def _expiries(container: Container) -> list[Finding]:
    """Certificates and revocation lists that are over or about to be."""
    now, findings = container.clock(), []
    folder = container.deps.trust_dir
    for path in sorted(folder.glob("*/*.pem")):
        end = x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
        if end - now < _EXPIRY_WARNING:
            findings.append(Finding(path.name, False, f"expires {instant(end)}: renew the certificate"))
    for path in sorted(folder.glob("crls/*.crl")):
        update = x509.load_pem_x509_crl(path.read_bytes()).next_update_utc
        if update is None or update < now:
            findings.append(Finding(path.name, False, f"was due {instant(update)}. Run: licence-gateway init"))
    return findings or [Finding("certificates", True, "none expires within 30 days")]
