"""``licence-gateway signing-request``: ask an enterprise to sign with its electronic business licence, fetch what was signed."""

import json
import sys
import time
from base64 import b64encode
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.api.replies import parse_json
from gateway.api.schemas.signing_requests import SigningBody
from gateway.cli_frame import DataDir, Json, opened, print_json, read_bytes, tell
from gateway.container import Container
from gateway.domain.authorisations import BASIS_WORDS, RoleBasis
from gateway.domain.signing_reasons import REFUSAL_WORDS
from gateway.domain.signing_requests import (
    LEAST_SECONDS,
    MOST_SECONDS,
    ROLE_WORDS,
    STATE_WORDS,
    SignerRole,
    SigningState,
)
from gateway.domain.signing_views import SigningView, evidence_entries
from gateway.errors import UnreadableInputError

app = typer.Typer(help="电子营业执照签名。Signatures by electronic business licences.", no_args_is_help=True)

ENDED_OTHERWISE, STILL_OPEN = 1, 2
"""Exit statuses of ``wait``; 0 is signed."""
_PAUSE_SECONDS = 1.0
Id = Annotated[str, typer.Argument(help="Id of the signing request.")]


@app.command()
def create(
    order: Annotated[Path, typer.Argument(help="JSON file with the order; - reads standard input.")],
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Open a signing request; prints its id and the text of the QR code.

    A document has its content as base64 (`content`), or names a file beside the order (`file`).

    Example: licence-gateway signing-request create order.json
    """
    container = opened(data_dir)
    _show(container, container.signing_requests.create(parse_json(SigningBody, _order(order)).order()), as_json=as_json)


@app.command()
def show(request_id: Id, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Show a signing request with its documents.

    Example: licence-gateway signing-request show 01a214e8fc5891e45a62c26d67c7d744
    """
    container = opened(data_dir)
    _show(container, container.signing_requests.show(request_id), as_json=as_json)


@app.command()
def wait(
    request_id: Id,
    seconds: Annotated[int, typer.Option(min=0, max=86_400, help="How long to wait.")] = 300,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Wait until a signing request is over. Exit status 0 signed, 1 ended otherwise, 2 still open.

    Example: licence-gateway signing-request wait 01a214e8fc5891e45a62c26d67c7d744 --seconds 600
    """
    container, ends = opened(data_dir), time.monotonic() + seconds
    view = container.signing_requests.show(request_id)
    while not view.standing.is_final and time.monotonic() < ends:
        time.sleep(_PAUSE_SECONDS)
        view = container.signing_requests.show(request_id)
    _show(container, view, as_json=as_json)
    if view.standing.state is not SigningState.SIGNED:
        raise typer.Exit(ENDED_OTHERWISE if view.standing.is_final else STILL_OPEN)


@app.command()
def fetch(
    request_id: Id,
    to: Annotated[Path, typer.Option(help="Folder for the signed documents.")] = Path(),
    evidence: Annotated[bool, typer.Option(help="Also what the certificate was judged by.")] = False,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Write what was signed into a folder: PDF, detached CMS (.p7s) or COSE (.cose); with `--evidence` also
    the path of the signer's certificate (.cer), revocation lists (.crl) and OCSP responses (.ors).

    Example: licence-gateway signing-request fetch 01a214e8fc5891e45a62c26d67c7d744 --to signed
    """
    service, files = opened(data_dir).signing_requests, []
    to.mkdir(parents=True, exist_ok=True)
    view = service.show(request_id)
    for document in view.documents:
        signed = service.signed(request_id, document.document_id)
        files.append(to / signed.file_name)
        files[-1].write_bytes(signed.content)
    for each in evidence_entries(view.evidence or {}) if evidence else ():
        kept = service.evidence(request_id, each["sha256"])
        files.append(to / kept.file_name)
        files[-1].write_bytes(kept.content)
    if as_json:
        print_json({"files": files})
    for file in () if as_json else files:
        tell(str(file))


@app.command()
def cancel(request_id: Id, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Take back a signing request that nobody signed.

    Example: licence-gateway signing-request cancel 01a214e8fc5891e45a62c26d67c7d744
    """
    container = opened(data_dir)
    _show(container, container.signer_relays.cancel(request_id), as_json=as_json)


@app.command()
def accept(
    licence_identifier: Annotated[str, typer.Argument(help="证照标识 licence identifier.")],
    role: Annotated[SignerRole, typer.Option(help="Who is to sign.")] = SignerRole.LEGAL_REPRESENTATIVE,
    seconds: Annotated[int, typer.Option(min=LEAST_SECONDS, max=MOST_SECONDS, help="Until when.")] = 3600,
    authorisation: Annotated[
        bool, typer.Option("--authorisation", help="Who signs has to bring the enterprise's authorisation.")
    ] = False,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Ask the holder to accept its licence; the request that is open or was signed is shown again.

    Example: licence-gateway signing-request accept 1.2.156…
    """
    container = opened(data_dir)
    asked = container.acceptances.ask(licence_identifier, role, seconds, requires_authorisation=authorisation)
    _show(container, asked.request, as_json=as_json)


@app.command()
def exchanges(request_id: Id, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Show the evidence of what was exchanged with the national service about a request.

    Example: licence-gateway signing-request exchanges 01a214e8fc5891e45a62c26d67c7d744 --json
    """
    found = [each.to_json() for each in opened(data_dir).signer_relays.exchanges(request_id)]
    if as_json:
        print_json(found)
        return
    for each in found:
        tell(
            f"{each['occurred_at']} {each['operation']} {each['outcome']} {each['milliseconds']} ms {each['request_sm3']}"
        )


def _order(path: Path) -> bytes:
    """The order with every file in its place. UnreadableInputError when it is no JSON, or a file cannot be read."""
    text = sys.stdin.buffer.read() if str(path) == "-" else read_bytes(path)
    try:
        order = json.loads(text)
    except ValueError as error:
        raise UnreadableInputError(
            f"{path} 不是 JSON。{path} is no JSON.", hint="See docs/signing-requests.md."
        ) from error
    documents: Any = order.get("documents") if isinstance(order, dict) else None
    for document in documents if isinstance(documents, list) else ():
        if isinstance(document, dict) and isinstance(document.get("file"), str):
            document["content"] = b64encode(read_bytes(path.parent / document.pop("file"))).decode()
    return json.dumps(order).encode()


def _show(container: Container, view: SigningView, *, as_json: bool) -> None:
    standing = view.standing
    qr_text = None if standing.is_final else view.page(container.settings.public_base_url)
    if as_json:
        print_json({**view.to_json(), "qr_text": qr_text})
        return
    tell(
        f"{view.request_id}  {' '.join(STATE_WORDS[standing.state])}  至 until {standing.expires_at:%Y-%m-%d %H:%M:%SZ}"
    )
    asker = view.own_system if view.department is None else view.department[1]
    tell(f"    {asker} → {view.enterprise[1]} · {view.purpose}")
    tell(f"    {' '.join(ROLE_WORDS[SignerRole(view.signer_role)])}：{_basis(view)}")
    if standing.reason_code is not None:
        tell(f"    {' '.join(REFUSAL_WORDS[standing.reason_code])}")
    for document in view.documents:
        tell(f"    {document.document_id}. {document.title} ({document.form} → {document.result}, {document.size} B)")
    if qr_text is not None:
        tell(f"    {qr_text}")


def _basis(view: SigningView) -> str:
    """Who signs, and what his role rests on."""
    if view.role_basis is None:
        return "须有授权书 an authorisation is required" if view.requires_authorisation else "—"
    until = "" if view.authorised is None else f" 至 until {view.authorised.valid_until:%Y-%m-%d %H:%M:%SZ}"
    return f"{view.signer_name}，{' '.join(BASIS_WORDS[RoleBasis(view.role_basis)])}{until}"
