"""What the command line prints and the exit statuses that contract.md fixes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import click
from cryptography import x509
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from certs.private_files import read_password_file
from gateway.container import Container
from gateway.documents.fonts import font_library
from gateway.domain.answers import AuthorityState, EnterpriseView, Genuine, InForce, Outcome, Resolution
from gateway.domain.conclusion import is_unsigned
from gateway.domain.list_words import told_facts
from gateway.domain.report_words import Words
from gateway.domain.status import WORDS
from gateway.domain.verification import VerificationReport, instant
from gateway.domain.visible_text import visible
from gateway.errors import GatewayError
from gateway.services.health import AT_REST, LOG_WAITS, OK
from gateway.services.issuing import IssueOutcome, IssueRun
from signing import sm2
from signing.errors import SigningError
from signing.worker_process import is_confined

GENUINE, NOT_GENUINE, UNDECIDED, UNSIGNED, UNPROCESSABLE = 0, 1, 2, 3, 4
_WORST_FIRST = (NOT_GENUINE, UNPROCESSABLE, UNDECIDED, UNSIGNED)
_EXPIRY_WARNING = timedelta(days=30)
_PATIENCE_SECONDS = 30.0
"""A person waits for an answer longer than a probe does."""

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

_OUTCOMES = {
    Outcome.RESOLVED: GENUINE,
    Outcome.NOTHING_REGISTERED: UNSIGNED,
    Outcome.COULD_NOT_ASK: UNDECIDED,
    Outcome.REFUSED: UNPROCESSABLE,
}
AUTHORITY_WORDS = {
    AuthorityState.ANSWERED: "已回答 answered",
    AuthorityState.STALE: "没有回答：数据过旧 no answer: stale",
    AuthorityState.NEVER_REPORTED: "没有回答：从未报送 no answer: never reported",
}
REGISTRATION_WORDS = {
    "registered": "存续 registered",
    "cancelled": "注销 cancelled",
    "revoked": "吊销 revoked",
    "moved_out": "迁出 moved out",
    "unknown": "不明 unknown",
    "unconfirmed": "未核实 unconfirmed",
}


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
    if is_unsigned(report.signatures):
        return UNSIGNED
    return {Genuine.YES: GENUINE, Genuine.NO: NOT_GENUINE, Genuine.UNKNOWN: UNDECIDED}[report.answer.genuine]


def worst_status(statuses: list[int]) -> int:
    """Exit status for several files: the worst of 1, 4, 2, 3."""
    return next((status for status in _WORST_FIRST if status in statuses), GENUINE)


def resolve_status(resolution: Resolution) -> int:
    """Exit status of ``resolve``."""
    return _OUTCOMES[resolution.outcome]


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
    for fact in () if report.signed_list is None else told_facts(report.signed_list):
        yield escape(f"  {_both(fact.label, ' ')}: {_both(fact.text, ' · ')}")
    for step in report.registry.bindings:
        yield "  绑定 binding: {} {}".format(*step.sentence())
    for signature in report.signatures:
        found = signature.sub_indication or ""
        yield (
            f"  [dim]{signature.kind} {signature.level or signature.format} {signature.algorithm} "
            f"{signature.signer.common_name} {instant(signature.best_signature_time)} {signature.indication} {found}[/]"
        )


def _both(words: Words, between: str) -> str:
    return words.zh if words.en == words.zh else f"{words.zh}{between}{words.en}"


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
    enterprise = resolution.enterprise
    if enterprise is not None:
        output.print(f"{enterprise.name}  {resolution.unified_social_credit_code}", highlight=False)
        said_at = instant(enterprise.registration_as_of) or "时间不详 at an unknown time"
        status, source = REGISTRATION_WORDS[enterprise.registration_status], registration_source(enterprise)
        output.print(f"登记状态 registration: {status}（{source}，{said_at}）", highlight=False, soft_wrap=True)
    for reason in resolution.reasons:
        output.print(f"· {reason.message_zh} {reason.message_en}", highlight=False, style="dim", soft_wrap=True)
    if resolution.licences:
        _print_licences(output, resolution)
    for line in authority_lines(resolution):
        output.print(line, highlight=False, markup=False, soft_wrap=True)
    for other in resolution.also_found:
        output.print("\n图片中另有二维码 Another code in the picture:", highlight=False)
        print_resolution(output, other)


def registration_source(enterprise: EnterpriseView) -> str:
    """Who says what the registration status is."""
    if enterprise.registration_source == "enterprise_record":
        return "本系统主体记录 this register"
    return f"刚向 {enterprise.registration_source} 查询 asked just now"


def authority_lines(resolution: Resolution) -> Iterator[str]:
    """Each authority that has licences or gave no answer; those that answered that there are none are counted."""
    nothing = 0
    for authority in resolution.authorities:
        freshness = authority.freshness
        if freshness.has_answered and not (authority.licences or authority.reported):
            nothing += 1
            continue
        said_at = instant(freshness.last_report_at) or "—"
        count = len(authority.licences) + len(authority.reported)
        yield f"{freshness.authority_name}: {count} · {AUTHORITY_WORDS[freshness.state]} · {said_at}"
        for line in authority.reported:
            until = "长期" if line.valid_until is None else line.valid_until.isoformat()
            yield (
                f"    仅报送 reported only: {visible(line.licence_type_name)} {visible(line.licence_number)} "
                f"{until} {' '.join(WORDS[line.status])}（{visible(line.origin)}）"
                + (f" 与登记不一致 differs: {', '.join(map(visible, line.conflicts))}" if line.conflicts else "")
            )
    if nothing:
        yield f"另有 {nothing} 个发证机关已回答：没有。{nothing} more authorities answered: none."


def _print_licences(output: Console, resolution: Resolution) -> None:
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
    readiness = container.health.check(seconds=_PATIENCE_SECONDS)
    is_at_rest = readiness.checks["background"] == AT_REST
    findings += [_readiness(name, state, is_at_rest=is_at_rest) for name, state in readiness.checks.items()]
    findings += [
        Finding(f"code system {name}", state == "closed", state)
        for name, state in container.health.code_systems().items()
    ]
    if container.deps.trust_store.warning:
        findings.append(
            Finding("trust files", False, f"{container.deps.trust_store.warning}; the last good set is used")
        )
    return findings + _expiries(container)


def _readiness(name: str, state: str, *, is_at_rest: bool) -> Finding:
    """As a probe is told; but a machine is looked over before it serves too, when nothing brings its log up."""
    if is_at_rest and state in (AT_REST, LOG_WAITS):
        return Finding(name, True, "at rest: serve or worker begins it, and /readyz tells")
    return Finding(name, state == OK, state)


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
