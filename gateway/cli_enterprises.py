"""``licence-gateway enterprise`` and ``holder-certificates``: registrations, and certificates of electronic business licences."""

import base64
import binascii
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from asn1crypto import pem

from gateway.cli_answers import instant_of
from gateway.cli_frame import DataDir, Json, opened, print_json, read_bytes, tell
from gateway.domain.holder_certificates import CERTIFICATE_STATE_WORDS, HeldCertificate
from gateway.domain.instants import instant
from gateway.domain.licence_showings import LicenceShowingView, ShowingOutcome
from gateway.domain.visible_text import visible
from gateway.errors import EnterpriseSignerUnavailableError, UnreadableInputError
from gateway.services.enterprise_registrations import Registration
from gateway.services.rebindings import RebindingRun

enterprises = typer.Typer(help="企业登记信息的变更。Changes of enterprises' registrations.", no_args_is_help=True)
holder_certificates = typer.Typer(
    help="电子营业执照证书：登记、核对、监测。Certificates of electronic business licences: register, check, watch.",
    no_args_is_help=True,
)
bindings = typer.Typer(
    help="证照与电子营业执照的绑定。Which electronic business licence a licence is bound to.", no_args_is_help=True
)

Code = Annotated[str, typer.Argument(help="Unified social credit code.")]
CertificateFile = Annotated[Path, typer.Argument(help="Certificate, DER or PEM.")]


@enterprises.command("change")
def change(
    code: Code,
    name: Annotated[str | None, typer.Option(help="New name.")] = None,
    status: Annotated[str | None, typer.Option(help="registered, cancelled, revoked, moved_out or unknown.")] = None,
    legal_representative: Annotated[
        str | None, typer.Option(help="Name of the legal representative, by which signers are checked.")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option(help="When the register said so, as 2026-01-01T00:00:00+08:00; now.")
    ] = None,
    source: Annotated[str, typer.Option(help="Which register said so.")] = "operator",
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Record a new name, status or legal representative; what name and status were before is kept.

    Example: licence-gateway enterprise change 91441702MA9Y03WY4L --status cancelled --source gsxt
    """
    container = opened(data_dir)
    said = Registration(instant_of(as_of) or container.clock(), source, name, status, legal_representative)
    has_changed = container.enterprise_registrations.record(code, said)
    if as_json:
        print_json({"unified_social_credit_code": code, "has_changed": has_changed})
    else:
        tell("已记录变更。Recorded." if has_changed else "没有变化。Nothing changed.")


@enterprises.command("history")
def history(code: Code, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Show every recorded change of an enterprise's name and status.

    Example: licence-gateway enterprise history 91441702MA9Y03WY4L
    """
    changes = opened(data_dir).enterprise_registrations.history(code)
    if as_json:
        print_json([each.to_json() for each in changes])
    for each in () if as_json else changes:
        before, after = (
            f"{visible(name)} ({status})"
            for name, status in ((each.name_before, each.status_before), (each.name, each.status))
        )
        tell(f"{instant(each.as_of)}  {before} → {after}  {visible(each.source)}")


@holder_certificates.command("register")
def register(file: CertificateFile, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Register a certificate for the enterprise that it names, once it was checked, and bind its licences to it.

    Example: licence-gateway holder-certificates register licence.cer
    """
    check, run = opened(data_dir).rebindings.register(_certificate(file))
    if as_json:
        print_json({**check.to_json(), "rebindings": run.to_json()})
        return
    tell(f"✓ {check.unified_social_credit_code}  {check.certificate_sm3}")
    _tell_run(run)


@holder_certificates.command("list")
def show(code: Code, data_dir: DataDir = None, as_json: Json = False) -> None:
    """List an enterprise's certificates, the newest first, as they were looked at last.

    Example: licence-gateway holder-certificates list 91441702MA9Y03WY4L
    """
    _print(opened(data_dir).holder_certificates.of_enterprise(code), as_json=as_json)


@holder_certificates.command("check")
def check(
    file: CertificateFile,
    code: Annotated[str, typer.Option(help="Credit code of the enterprise that it should speak for.")],
    at: Annotated[str | None, typer.Option(help="Another instant than now, as 2026-01-01T00:00:00+08:00.")] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Check whether a certificate, registered or not, speaks for an enterprise.

    Exit status: 0 it does, 1 it does not, 2 it could not be checked.

    Example: licence-gateway holder-certificates check licence.cer --code 91441702MA9Y03WY4L
    """
    container = opened(data_dir)
    found = container.holder_certificates.check(_certificate(file), code, instant_of(at) or container.clock())
    if as_json:
        print_json(found.to_json())
    elif found.is_accepted:
        tell(f"✓ {code}  {found.certificate_sm3}")
    else:
        tell(f"{found.reason}: {found.sentence()}")
    raise typer.Exit(0 if found.is_accepted else 1 if found.could_be_checked else 2)


@holder_certificates.command("watch")
def watch(data_dir: DataDir = None, as_json: Json = False) -> None:
    """Look at every certificate now, record what changed, and list those that end soon or are not in order.

    The server does so by itself. Exit status: 0 all were decided, 2 some could not be checked.

    Example: licence-gateway holder-certificates watch
    """
    container = opened(data_dir)
    done, troubled = container.certificate_watch.all(), container.holder_certificates.troubled()
    if as_json:
        print_json({**vars(done), "troubled": [each.to_json() for each in troubled]})
    else:
        _print(troubled, as_json=False)
        tell(f"已检查 looked at {done.looked_at}，变化 changed {done.changed}，未能核实 not decided {done.undecided}")
    raise typer.Exit(2 if done.undecided else 0)


@holder_certificates.command("show")
def show_object(
    file: Annotated[
        Path, typer.Argument(help="The object (licenceEntity) as its holder shows it: its octets, or base64.")
    ],
    code: Annotated[str, typer.Option(help="Credit code of the enterprise whose licence it should be.")],
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Ask the national service about a licence that is shown as its object, and keep what it tells.

    Exit status: 0 it holds and agrees with the register, 1 it does not, 2 the service gave no answer.

    Example: licence-gateway holder-certificates show licence.entity --code 91441702MA9Y03WY4L
    """
    try:
        view = opened(data_dir).licence_showings.show(code, _entity(file))
    except EnterpriseSignerUnavailableError as error:
        tell(error.message)
        raise typer.Exit(2) from error
    if as_json:
        print_json(view.to_json())
    else:
        _tell_showing(view)
    raise typer.Exit(0 if view.outcome is ShowingOutcome.HELD else 1)


@holder_certificates.command("showings")
def showings(code: Code, data_dir: DataDir = None, as_json: Json = False) -> None:
    """List the licences that were shown for an enterprise as their object, the newest first.

    Example: licence-gateway holder-certificates showings 91441702MA9Y03WY4L
    """
    found = opened(data_dir).licence_showings.of_enterprise(code)
    if as_json:
        print_json([each.to_json() for each in found])
    for each in () if as_json else found:
        _tell_showing(each)


@bindings.command("show")
def show_bindings(
    licence_identifier: Annotated[str, typer.Argument(help="Licence identifier.")],
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Show to which certificates a licence was bound, every statement checked now.

    Example: licence-gateway binding show 1.2.156.3005.2.11441700000000019L001.11441702G0000629X4.TNC380K9KZCG87V8HA4Q.001.W
    """
    chain = opened(data_dir).rebindings.chain(licence_identifier)
    if as_json:
        print_json([step.to_json() for step in chain])
    for step in () if as_json else chain:
        tell("{}. {} {}".format(step.number, *step.sentence()))


@bindings.command("renew")
def renew_bindings(code: Code, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Bind an enterprise's licences to its newest certificate; those that are stay as they are.

    Exit status: 0 all are bound, 1 some are not.

    Example: licence-gateway binding renew 91441702MA9Y03WY4L
    """
    run = opened(data_dir).rebindings.rebind_enterprise(code)
    if as_json:
        print_json(run.to_json())
    else:
        _tell_run(run)
    raise typer.Exit(1 if run.refused else 0)


def _tell_run(run: RebindingRun) -> None:
    tell(f"改绑 bound anew {len(run.bound)}，未改绑 not bound {len(run.refused)}")
    for identifier, error in run.refused:
        tell(f"✗ {identifier}: {error.message}")


def _print(found: Iterable[HeldCertificate], *, as_json: bool) -> None:
    if as_json:
        print_json([each.to_json() for each in found])
    for each in () if as_json else found:
        state = "尚未检查 not looked at yet" if each.state is None else " ".join(CERTIFICATE_STATE_WORDS[each.state])
        until = f"{instant(each.not_before)} – {instant(each.not_after)}"
        tell(f"{each.certificate_sm3[:16]}  {each.unified_social_credit_code}  {until}  {state}")


def _tell_showing(view: LicenceShowingView) -> None:
    tell("{}  {}  {} {}".format(instant(view.shown_at), view.entity_sm3[:16], *view.words))
    for each in view.differences:
        tell(f"  {each.field}: {visible(each.told)} ≠ {visible(each.known)}")


def _entity(file: Path) -> bytes:
    """Base64 as its holder's app gives it, or the octets themselves."""
    data = read_bytes(file)
    try:
        return base64.b64decode(b"".join(data.split()), validate=True)
    except binascii.Error:
        return data


def _certificate(file: Path) -> bytes:
    data = read_bytes(file)
    if not pem.detect(data):
        return data
    try:
        der: bytes = pem.unarmor(data)[2]
    except ValueError as error:
        raise UnreadableInputError(f"{file} holds no certificate.", hint="Give DER or PEM.") from error
    return der
