"""``licence-gateway archive``: export the whole record of a licence or an enterprise, and verify such a package anywhere."""

import os
from pathlib import Path
from typing import Annotated

import click
import typer

from certs.errors import CertsError
from certs.trust_store import TrustStore
from gateway.cli_answers import GENUINE, NOT_GENUINE, UNDECIDED, UNPROCESSABLE, instant_of
from gateway.cli_frame import DataDir, Json, complain, opened, print_json, read_bytes, say, tell
from gateway.container import Container
from gateway.domain.answers import Genuine
from gateway.errors import UnreadableInputError
from gateway.services.archive_checks import check_archive
from gateway.settings import read_settings
from signing.errors import SigningError

app = typer.Typer(
    help="档案包：导出整份档案，脱机核验。Archive packages: export a whole record, verify it off line.",
    no_args_is_help=True,
)
_STATUS = {Genuine.YES: GENUINE, Genuine.NO: NOT_GENUINE, Genuine.UNKNOWN: UNDECIDED}
_WORDS = {Genuine.YES: "✓ 真实 genuine", Genuine.NO: "✗ 不真实 not genuine", Genuine.UNKNOWN: "? 无法确定 undecided"}


@app.command()
def export(
    target: Annotated[Path, typer.Argument(help="A new file, such as record.zip.")],
    reason: Annotated[str, typer.Option(help="导出的理由，记入审计 why; it goes on record.")],
    licence: Annotated[str | None, typer.Option(help="证照标识 any version of the licence.")] = None,
    enterprise: Annotated[str | None, typer.Option(help="统一社会信用代码 all licences of this enterprise.")] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Export a whole record, personal data included, as a signed package (docs/archives.md). The file is its owner's alone.

    Example: licence-gateway archive export record.zip --enterprise 91441700MAX000015N --reason "移交档案馆"
    """
    if (licence is None) == (enterprise is None):
        raise click.UsageError("name one: --licence or --enterprise")
    if target.exists():
        raise click.UsageError(f"{target} is there already; name a new file")
    archives = opened(data_dir).archives
    if licence is not None:
        packed = archives.of_licence(licence, reason=reason)
    else:
        packed = archives.of_enterprise(enterprise or "", reason=reason)
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(packed)
    if as_json:
        print_json({"file": str(target), "bytes": len(packed)})
    else:
        tell(f"已导出 exported: {target} ({len(packed)} bytes)")


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="A package that `archive export` made.")],
    trust_anchors: Annotated[
        Path | None, typer.Option(help="A gateway's trust folder; without it the one of this data directory.")
    ] = None,
    at: Annotated[str | None, typer.Option(help="Judge the manifest's signer as of this instant.")] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Verify a package without database and network: manifest, every member, signed file, log proof, and piece of evidence.

    Exit status: 0 genuine, 1 not genuine, 2 undecided, 4 no package, 64 usage.

    Example: licence-gateway archive verify record.zip --trust-anchors trust/
    """
    container = Container(read_settings(data_dir=data_dir))
    store = TrustStore(trust_anchors) if trust_anchors else container.deps.trust_store
    try:
        policy = store.policy(revocation=container.settings.revocation, rules=container.deps.rules)
    except (CertsError, SigningError) as error:
        raise click.UsageError(f"{error} Name what you trust: --trust-anchors PATH") from error
    moment = instant_of(at) or container.clock()
    try:
        report = check_archive(read_bytes(file), store, policy, container.deps.workers, at=moment)
    except UnreadableInputError as error:
        complain(error)
        raise typer.Exit(UNPROCESSABLE) from error
    if as_json:
        print_json(report.to_json())
        raise typer.Exit(_STATUS[report.genuine])
    say(_WORDS[report.genuine])
    tell(f"{report.subject} · {report.issuer} · {report.made_at.isoformat()}")
    say(f"文件 members {report.members}，签名 signed files {report.files}，日志证明 log proofs {report.proofs}")
    say(f"签名请求的材料 files that signing requests name: {report.evidence}")
    for fault in report.faults:
        tell(f"✗ {fault.member}: {fault.code}. {fault.detail}")
    raise typer.Exit(_STATUS[report.genuine])
