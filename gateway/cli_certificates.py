"""``licence-gateway certificate``: certificates of the gateway's keys, and what the embedded CA does for them."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import click
import typer
from asn1crypto import pem

from certs.authority import Subject
from certs.keystore import encode_pem
from certs.private_files import write_private
from certs.revocation import RevocationReason
from gateway.cli_frame import DataDir, Json, opened, print_json, read_bytes, say
from gateway.domain.identifiers import CodeError, check_unified_social_credit_code
from gateway.domain.verification import instant
from gateway.services.certificates import CertificateView, profile_named
from gateway.services.trust_anchors import pem_blocks
from signing.validation.policy import Use
from signing.validation.report import Conclusion

app = typer.Typer(
    name="certificate",
    help="证书：查看、请求、导入、签发、吊销、检查。Certificates: show, request, import, issue, revoke, check.",
    no_args_is_help=True,
)

Which = Annotated[str, typer.Argument(help="密钥名称或证书文件 name of a key, or a file in PEM, DER or PKCS#7.")]
CommonName = Annotated[str, typer.Option(help="CN.")]
Organisation = Annotated[str | None, typer.Option(help="O; default the common name.")]
CreditCode = Annotated[str | None, typer.Option(help="统一社会信用代码 unified social credit code of the owner.")]
Out = Annotated[Path | None, typer.Option("--out", help="Write here; without it to standard output.")]


class Reason(StrEnum):
    """Why a certificate is revoked (RFC 5280, 5.3.1), by the names that people use."""

    UNSPECIFIED = "unspecified"
    KEY_COMPROMISE = "key-compromise"
    AFFILIATION_CHANGED = "affiliation-changed"
    SUPERSEDED = "superseded"
    CESSATION_OF_OPERATION = "cessation-of-operation"
    PRIVILEGE_WITHDRAWN = "privilege-withdrawn"


@app.command()
def show(which: Which, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Show what certificates say: owner, issuer, validity, algorithm, credit code, purposes.

    Example: licence-gateway certificate show seal-2026
    """
    certificates = opened(data_dir).certificates
    views = [certificates.view(certificate) for certificate in certificates.of(which)]
    if as_json:
        print_json(views)
        return
    for view in views:
        _print_view(view)


@app.command()
def request(
    name: Annotated[str, typer.Argument(help="密钥名称 name of a key.")],
    common_name: CommonName,
    organisation: Organisation = None,
    code: CreditCode = None,
    out: Out = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Make a PKCS#10 request for a CA, signed by the key itself.

    Example: licence-gateway certificate request seal-2026 --common-name 阳江市市场监督管理局 --out seal.csr
    """
    encoded = opened(data_dir).certificates.request(name, _subject(common_name, organisation, code))
    _hand_out(pem.armor("CERTIFICATE REQUEST", encoded), out, as_json, "证书请求 request")


@app.command(name="import")
def import_certificate(
    name: Annotated[str, typer.Argument(help="密钥名称 name of the key that the certificate is for.")],
    file: Annotated[Path, typer.Argument(help="The CA's answer: PEM, DER or PKCS#7, chain included.")],
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Give a key the certificate that a CA made for it. Checked: key, chain, validity, key usage.

    Example: licence-gateway certificate import seal-2026 answer.p7b
    """
    container = opened(data_dir)
    entry = container.keys.install(name, read_bytes(file))
    view = container.certificates.view(entry.certificate or b"")
    if as_json:
        print_json(view)
    else:
        say(f"{name}: 证书已导入 certificate imported")
        _print_view(view)


@app.command()
def issue(
    file: Annotated[Path, typer.Argument(help="A PKCS#10 request, PEM or DER.")],
    profile: Annotated[str, typer.Option(help="Profile, such as seal_signer.")] = "seal_signer",
    common_name: Annotated[str | None, typer.Option(help="CN instead of the request's.")] = None,
    organisation: Organisation = None,
    code: CreditCode = None,
    out: Out = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Have the embedded (test) CA answer a request. Its own signature is checked first, and the profile before signing.

    Example: licence-gateway certificate issue seal.csr --profile seal_signer --out seal.pem
    """
    subject = None if common_name is None else _subject(common_name, organisation, code)
    certificates = opened(data_dir).certificates
    issued = certificates.issue(read_bytes(file), profile_named(profile), subject)
    _hand_out(encode_pem(issued), out, as_json, "证书 certificate")


@app.command()
def revoke(
    which: Which,
    reason: Annotated[Reason, typer.Option(help="Why.")],
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Put a certificate of an embedded CA on its revocation list, which is published at once. It cannot be taken back.

    Example: licence-gateway certificate revoke seal-2019 --reason superseded
    """
    certificates = opened(data_dir).certificates
    certificate = certificates.of(which)[0]
    authority = certificates.revoke(certificate, RevocationReason[reason.name])
    if as_json:
        print_json({"certificate": certificates.view(certificate), "authority": authority, "reason": reason})
    else:
        say(f"{which}: 已列入 {authority} 的吊销列表 is on the revocation list of {authority}")


@app.command()
def publish(data_dir: DataDir = None, as_json: Json = False) -> None:
    """Publish the next revocation lists of the embedded CAs, and renew their OCSP responders. Run it daily.

    Example: licence-gateway certificate publish
    """
    container = opened(data_dir)
    container.installation.publish_trust()
    listing = container.trust.listing()
    if as_json:
        print_json(listing)
    else:
        say(f"已发布吊销列表 published revocation lists: {', '.join(listing['crls'])}")


@app.command()
def trust(
    file: Annotated[Path, typer.Argument(help="CA 证书 certificates of the CA, PEM or DER.")],
    use: Annotated[list[Use], typer.Option(help="What it may vouch for; repeatable.")],
    name: Annotated[str | None, typer.Option(help="Name in the trust store; default that of the file.")] = None,
    crl: Annotated[list[Path] | None, typer.Option(help="Its revocation list; repeatable.")] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Trust the CA of somebody else, such as that of the electronic business licences, for named uses only.

    Example: licence-gateway certificate trust elicence-root.pem --use enterprise --crl elicence.crl
    """
    lists = [der for path in crl or () for der in pem_blocks(path, "X509 CRL")]
    known_as = name or file.stem
    opened(data_dir).trust_anchors.admit(known_as, pem_blocks(file, "CERTIFICATE"), use, lists)
    if as_json:
        print_json({"name": known_as, "uses": use})
    else:
        say(f"{known_as}: {'、'.join(use)}")


@app.command()
def check(
    which: Which,
    use: Annotated[Use, typer.Option(help="What it is to be trusted for.")] = Use.SIGNATURE,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Check a certificate's chain against the trust store: signatures, validity, revocation, use.

    Exit status: 0 trusted, 1 not, 2 undecided.

    Example: licence-gateway certificate check seal.pem --use signature
    """
    certificates = opened(data_dir).certificates
    answer = certificates.check_chain(certificates.of(which), use)
    if as_json:
        print_json(answer)
    else:
        say(f"{which}: {answer.conclusion} {answer.sub_indication or ''} · {answer.trust}")
        for one in answer.checks:
            say(f"  {one.conclusion:14} {one.name}  {one.detail}")
    status = {Conclusion.PASSED: 0, Conclusion.FAILED: 1}.get(answer.conclusion, 2)
    raise typer.Exit(status)


@app.command()
def lint(
    which: Which,
    profile: Annotated[str, typer.Option(help="Profile, such as seal_signer.")],
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Tell whether a certificate keeps every rule of a profile. Exit status: 0 it does, 1 it does not.

    Example: licence-gateway certificate lint seal-2026 --profile seal_signer
    """
    certificates = opened(data_dir).certificates
    broken = certificates.lint(certificates.of(which)[0], profile_named(profile))
    if as_json:
        print_json({"profile": profile, "broken": broken})
    else:
        say(
            f"{which}: "
            + (f"不合模板 breaks its profile: {broken}" if broken else f"符合模板 keeps the profile {profile}")
        )
    raise typer.Exit(1 if broken else 0)


def _subject(common_name: str, organisation: str | None, code: str | None) -> Subject:
    if code is not None:
        try:
            code = check_unified_social_credit_code(code).code
        except CodeError as error:
            raise click.UsageError(f"--code: {error}") from error
    return Subject(common_name, organisation or common_name, code)


def _hand_out(content: bytes, out: Path | None, as_json: bool, what: str) -> None:
    if out is not None:
        write_private(out, content)
    if as_json:
        value: dict[str, Any] = {"file": out, "pem": content.decode()}
        print_json(value)
    elif out is None:
        print(content.decode(), end="")
    else:
        say(f"{what}: {out}")


def _print_view(view: CertificateView) -> None:
    say(f"{view.subject}")
    say(f"  签发者 issuer   {view.issuer}")
    say(f"  序列号 serial   {view.serial_number}")
    say(f"  有效期 validity {instant(view.not_before)} — {instant(view.not_after)}")
    say(f"  算法 algorithm  {view.algorithm or '—'}    信用代码 credit code {view.unified_social_credit_code or '—'}")
    say(f"  用途 purposes   {' '.join(view.purposes) or '—'}    SM3 {view.sm3}")
