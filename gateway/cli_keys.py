"""``licence-gateway key``: the keys that the gateway signs with, wherever they are kept."""

from collections import deque
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import click
import typer
from rich.table import Table

from certs.key_entries import KeyEntry
from certs.key_uses import Purpose
from gateway.cli_frame import DataDir, Json, PasswordFile, opened, output, password, print_json, read_bytes, say
from signing.keys import SignatureAlgorithm
from signing.pkcs12 import is_container
from signing.validation.x509 import load_certificate

app = typer.Typer(
    name="key",
    help="签名密钥：生成、导入、轮换、停用、使用记录。Signing keys: make, import, rotate, retire, and who used them.",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(help="密钥名称 name in the key store, such as seal-2026.")]
ForPurposes = Annotated[
    list[Purpose] | None,
    typer.Option(
        "--purpose",
        help="用途，可重复；默认按证书。What it may sign, repeatable; by default what its certificate allows.",
    ),
]
Chain = Annotated[
    list[Path] | None,
    typer.Option(
        "--certificates", help="证书文件 PEM, DER or PKCS#7, repeatable: the key's certificate and its chain."
    ),
]


class Algorithm(StrEnum):
    """Kinds of keys by the names that people use."""

    SM2 = "sm2"
    ECDSA = "ecdsa"
    RSA = "rsa"

    @property
    def made(self) -> SignatureAlgorithm:
        """What such a key signs with."""
        return {
            Algorithm.SM2: SignatureAlgorithm.SM2_WITH_SM3,
            Algorithm.ECDSA: SignatureAlgorithm.ECDSA_WITH_SHA256,
            Algorithm.RSA: SignatureAlgorithm.RSA_WITH_SHA256,
        }[self]


@app.command(name="list")
def list_keys(data_dir: DataDir = None, as_json: Json = False) -> None:
    """List every key with its source, state, purposes and the end of its certificate.

    Example: licence-gateway key list
    """
    entries = opened(data_dir).keys.entries()
    if as_json:
        print_json([_shown(entry) for entry in entries])
        return
    table = Table()
    for heading in ("密钥 key", "来源 source", "状态 state", "算法 algorithm", "用途 purposes", "有效至 until"):
        table.add_column(heading, overflow="fold")
    for entry in entries:
        shown = _shown(entry)
        table.add_row(
            *(str(shown[name] or "—") for name in ("name", "source", "state", "algorithm")),
            " ".join(shown["purposes"]) or "—",
            str(shown["not_after"] or "—")[:10],
        )
    output.print(table)


@app.command()
def generate(
    name: Name,
    algorithm: Annotated[Algorithm, typer.Option(help="sm2, ecdsa (P-256) or rsa (3072).")] = Algorithm.SM2,
    purpose: ForPurposes = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Make a new key that waits for its certificate: next come 'certificate request' and 'certificate import'.

    Example: licence-gateway key generate seal-2026 --algorithm sm2 --purpose licence
    """
    entry = opened(data_dir).keys.generate(name, algorithm.made, purposes=_set(purpose))
    _tell(entry, "已生成 made", as_json, f"下一步 next: licence-gateway certificate request {name} --help")


@app.command(name="import")
def import_key(
    name: Name,
    file: Annotated[Path, typer.Argument(help="PKCS#8, SEC 1 or PKCS#1 (PEM, DER); PKCS#12; or a CA's .sm2 file.")],
    certificates: Chain = None,
    password_file: PasswordFile = None,
    plain: Annotated[bool, typer.Option("--plain", help="The key file is not encrypted.")] = False,
    purpose: ForPurposes = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Bring a key and its certificates in from files; what belongs together is found and checked.

    Example: licence-gateway key import seal-2026 seal.pfx --password-file seal.password
    """
    data, keys = read_bytes(file), opened(data_dir).keys
    secret = None if plain else password(password_file, f"{file.name} 的口令 password")
    given = [certificate for path in certificates or [] for certificate in keys.source_certificates(path)]
    if is_container(data):
        entry = keys.bring_in_container(name, data, secret or b"", given, purposes=_set(purpose))
    elif given:
        entry = keys.bring_in_file(name, data, secret, given, purposes=_set(purpose))
    else:
        raise click.UsageError("请用 --certificates 给出密钥的证书。Name the key's certificate: --certificates FILE")
    _tell(entry, "已导入 imported", as_json, f"请另行妥善处理原文件 now put {file} away safely")


@app.command(name="add-token")
def add_token(
    name: Name,
    module: Annotated[Path, typer.Option(help="PKCS#11 library of the vendor.")],
    token: Annotated[str, typer.Option(help="Label of the token.")],
    pin_file: Annotated[Path, typer.Option(help="File (mode 600) that holds the PIN.")],
    certificates: Annotated[list[Path], typer.Option(help="The key's certificate first, then its chain.")],
    key_label: Annotated[str | None, typer.Option(help="CKA_LABEL of the private key.")] = None,
    key_id: Annotated[str | None, typer.Option(help="CKA_ID of the private key, hexadecimal.")] = None,
    sm2_mechanism: Annotated[
        str | None, typer.Option(help="The vendor's CKM number for SM2 over a digest, such as 0x80000003.")
    ] = None,
    purpose: ForPurposes = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Enter a key that a token or hardware module holds (PKCS#11). A test signature is made and verified first.

    Example: licence-gateway key add-token seal-hsm --module /opt/vendor/libp11.so --token seals --pin-file pin
    --key-label seal --certificates seal.pem
    """
    source = {
        "kind": "pkcs11",
        "module": str(module.resolve()),
        "token": token,
        "key_label": key_label,
        "key_id": key_id,
        "sm2_mechanism": sm2_mechanism,
        "pin_file": str(pin_file.resolve()),
    }
    _add(name, source, certificates, purpose, data_dir, as_json)


@app.command(name="add-remote")
def add_remote(
    name: Name,
    url: Annotated[str, typer.Option(help="https:// address that digests are posted to.")],
    key: Annotated[str, typer.Option(help="Name of the key there.")],
    certificates: Annotated[list[Path], typer.Option(help="The key's certificate first, then its chain.")],
    token_file: Annotated[Path | None, typer.Option(help="File (mode 600) with the bearer token.")] = None,
    ca_file: Annotated[Path | None, typer.Option(help="PEM of the CAs of the signer's TLS certificate.")] = None,
    client_certificate_file: Annotated[Path | None, typer.Option(help="PEM for mutual TLS.")] = None,
    client_key_file: Annotated[Path | None, typer.Option(help="PEM for mutual TLS.")] = None,
    timeout_seconds: Annotated[float, typer.Option(min=0.1, max=60)] = 5.0,
    attempts: Annotated[int, typer.Option(min=1, max=10)] = 3,
    purpose: ForPurposes = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Enter a key that a remote signer holds (docs/keys.md). A test signature is made and verified first.

    Example: licence-gateway key add-remote seal-cloud --url https://signer.example/v1/sign --key seal
    --token-file token --certificates seal.pem
    """
    files = {
        "token_file": token_file,
        "ca_file": ca_file,
        "client_certificate_file": client_certificate_file,
        "client_key_file": client_key_file,
    }
    source = {
        "kind": "remote",
        "url": url,
        "key": key,
        **{field: str(path.resolve()) for field, path in files.items() if path is not None},
        "timeout_seconds": timeout_seconds,
        "attempts": attempts,
    }
    _add(name, source, certificates, purpose, data_dir, as_json)


@app.command()
def rotate(
    name: Name,
    to: Annotated[str | None, typer.Option(help="A key of the same owner that is there already.")] = None,
    algorithm: Annotated[Algorithm | None, typer.Option(help="Of the new key; default that of the old one.")] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Replace a key by a new one that the embedded CA certifies, or by one from elsewhere. Old signatures stay verifiable.

    Example: licence-gateway key rotate seal-11441700 --to seal-2026
    """
    chosen = None if algorithm is None else algorithm.made
    rotation = opened(data_dir).keys.rotate(name, successor=to, algorithm=chosen)
    if as_json:
        print_json(rotation)
    else:
        say(
            f"{rotation.retired} → {rotation.active}"
            + ("，印章已改用新密钥 the seal uses it now" if rotation.seal_moved else "")
        )


@app.command()
def retire(name: Name, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Let a key sign nothing any more, at once and in every process; its certificate stays for verification.

    Example: licence-gateway key retire seal-2019
    """
    _tell(opened(data_dir).keys.retire(name), "已停用 retired", as_json)


@app.command(name="change-password")
def change_password(
    new_password_file: Annotated[
        Path | None, typer.Option(help="File (mode 600) with the new password; without it you are asked.")
    ] = None,
    random: Annotated[bool, typer.Option("--random", help="Make 256 random bits the new password.")] = False,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Put every stored key under a new password. May be interrupted and run again.

    Example: licence-gateway key change-password --random
    """
    keys = opened(data_dir).keys
    new = None if random else password(new_password_file, "新口令 new password", confirm=True)
    count = keys.change_password(new)
    if as_json:
        print_json({"keys": count})
    else:
        say(f"{count} 个密钥已换口令，请重启服务。{count} keys are under the new password; restart the service.")


@app.command(name="test")
def sign_and_verify(name: Name, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Sign a test message with a key and verify the signature.

    Example: licence-gateway key test seal-hsm
    """
    _tell(opened(data_dir).keys.test(name), "签名并验证成功 signs, and the signature verifies", as_json)


@app.command()
def uses(
    name: Annotated[str | None, typer.Argument(help="Only this key.")] = None,
    last: Annotated[int, typer.Option(min=1, help="How many, the newest last.")] = 50,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Show what keys signed: when, for whom, for which purpose, and the SM3 of the signed bytes.

    Example: licence-gateway key uses seal-2026 --last 20
    """
    found = list(deque(opened(data_dir).keys.uses(name), maxlen=last))
    if as_json:
        print_json(found)
        return
    for use in found:
        say("  ".join(use.get(field, "") for field in ("at", "key", "purpose", "actor", "message_sm3")))


def _add(
    name: str,
    source: dict[str, Any],
    certificates: list[Path],
    purpose: list[Purpose] | None,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    keys = opened(data_dir).keys
    given = [certificate for path in certificates for certificate in keys.source_certificates(path)]
    fields = {field: value for field, value in source.items() if value is not None}
    _tell(keys.add_source(name, fields, given, purposes=_set(purpose)), "已登记并试签 entered and tested", as_json)


def _shown(entry: KeyEntry) -> dict[str, Any]:
    attributes, parsed = entry.attributes, None
    if entry.certificate is not None:
        parsed = load_certificate(entry.certificate).parsed
    return {
        "name": entry.name,
        "source": entry.source,
        "state": entry.state,
        "algorithm": entry.algorithm,
        "purposes": sorted(entry.purposes),
        "subject": parsed and parsed.subject.rfc4514_string(),
        "not_after": parsed and parsed.not_valid_after_utc,
        "retired_at": attributes.retired_at,
        "replaced_by": attributes.replaced_by,
    }


def _tell(entry: KeyEntry, done: str, as_json: bool, after: str = "") -> None:
    if as_json:
        print_json(_shown(entry))
    else:
        say(f"{entry.name}: {done}" + (f"\n{after}" if after else ""))


def _set(purpose: list[Purpose] | None) -> frozenset[Purpose] | None:
    return frozenset(purpose) if purpose else None


@app.command()
def samples(
    authority: Annotated[
        list[str] | None,
        typer.Argument(help="发证机关代码，可多个；默认全部。Credit codes of authorities; all by default."),
    ] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Make the keys and seals with which the sandbox signs samples; no trust store trusts them.

    Example: licence-gateway key samples 11441702G0000629X4
    """
    made = opened(data_dir).samples.prepare(authority)
    if as_json:
        print_json({"made": made})
    else:
        say(f"已准备样本印章 seals for samples made: {made}")
