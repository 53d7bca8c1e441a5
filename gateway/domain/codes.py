"""Classifies what a QR code holds (domain facts, 3.1). A URL is read as text; nothing is ever fetched."""

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from gateway.domain.answers import CodeClass
from gateway.domain.identifiers import CodeError, check_unified_social_credit_code, normalise_code
from gateway.domain.reason_catalogue import reason
from gateway.domain.reasons import Reason

MAX_CHARACTERS = 2048
PUBLICITY_DOMAIN = "gsxt.gov.cn"
"""The national enterprise credit publicity system, with its provincial hosts below it."""

_CODE_PARAMETER = "uniscid"
_SESSION = re.compile(r"/?(%7B|\{)[0-9A-Za-z_-]+(%7D|\})/?", re.IGNORECASE)
_SCHEME = re.compile(r"([a-z][a-z0-9+.\-]*):", re.IGNORECASE)
_WEB_SCHEMES = frozenset({"http", "https"})
_WEB_PORTS = (None, 80, 443)
_LICENCE_PATH = re.compile(r"(?:/[^/?#]*)*/q/([A-Za-z2-7]+)/?", re.IGNORECASE)
_CODE_LENGTH = 18
_CODE_LIKE = re.compile(r"[0-9A-Z]{18}")


@dataclass(frozen=True)
class ScannedCode:
    """What the content is, and what may be used of it."""

    code_class: CodeClass
    text: str
    unified_social_credit_code: str | None = None
    licence_payload: str | None = None
    """Base32 payload of one of our own licence codes."""
    reasons: tuple[Reason, ...] = ()


def classify(text: str, *, own_hosts: frozenset[str]) -> ScannedCode:
    """The class of any content. ``own_hosts``: ``host`` or ``host:port`` in lower case whose ``/q/`` paths are ours."""
    content = text.strip(" \t\r\n\u3000\ufeff")
    if len(content) > MAX_CHARACTERS:
        return _refused(CodeClass.MALFORMED, content[:80], "CODE_TOO_LONG")
    if not content or any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co") for c in content):
        return _refused(CodeClass.MALFORMED, content, "CODE_UNREADABLE")
    scheme = _SCHEME.match(content)
    if scheme is None:
        return _plain(content)
    if scheme[1].lower() not in _WEB_SCHEMES:
        return _refused(CodeClass.UNTRUSTED_URL, content, "SCHEME_NOT_WEB")
    return _url(content, own_hosts)


def _refused(code_class: CodeClass, text: str, reason_code: str) -> ScannedCode:
    return ScannedCode(code_class, text, reasons=(reason(reason_code),))


def _plain(content: str) -> ScannedCode:
    code = normalise_code(content)
    if len(code) != _CODE_LENGTH or not _CODE_LIKE.fullmatch(code):
        return _refused(CodeClass.UNKNOWN, content, "CODE_UNKNOWN")
    return _with_code(CodeClass.PLAIN_CODE, content, code)


def _with_code(code_class: CodeClass, content: str, code: str) -> ScannedCode:
    try:
        checked = check_unified_social_credit_code(code)
    except CodeError:
        return _refused(CodeClass.MALFORMED, content, "CHECK_DIGIT_WRONG")
    # Anyone can print a code: the code names an enterprise, it proves nothing.
    return ScannedCode(code_class, content, checked.code, reasons=(reason("CODE_IS_NO_PROOF"),))


def _url(content: str, own_hosts: frozenset[str]) -> ScannedCode:
    try:
        parts = urlsplit(content)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return _refused(CodeClass.UNTRUSTED_URL, content, "URL_MALFORMED")
    danger = _danger(content, parts, host)
    if danger is not None:
        return _refused(CodeClass.UNTRUSTED_URL, content, danger)
    payload = _LICENCE_PATH.fullmatch(parts.path) if parts.netloc.lower() in own_hosts else None
    if payload is not None:
        return ScannedCode(CodeClass.LICENCE_CODE, content, licence_payload=payload[1].upper())
    if _is_publicity_host(host) and port in _WEB_PORTS:
        return _publicity_url(content, parts)
    return _foreign_url(content, parts, host)


def _danger(content: str, parts: SplitResult, host: str) -> str | None:
    """The reason code of a trick in the address itself, None when there is none."""
    if "\\" in content or "%" in parts.netloc:
        return "URL_MALFORMED"
    if "@" in parts.netloc:
        return "URL_HIDES_HOST"
    if not host.isascii() or any(label.startswith("xn--") for label in host.split(".")):
        return "URL_LOOKALIKE"
    return None


def _foreign_url(content: str, parts: SplitResult, host: str) -> ScannedCode:
    if _looks_like_publicity(host):
        return _refused(CodeClass.UNTRUSTED_URL, content, "URL_LOOKALIKE")
    if any(name.lower() == _CODE_PARAMETER for name, _ in parse_qsl(parts.query)):
        # A code on a foreign address is how a forger would lead people to a page of his own.
        return _refused(CodeClass.UNTRUSTED_URL, content, "URL_FOREIGN")
    return _refused(CodeClass.UNKNOWN, content, "CODE_UNKNOWN")


def _is_publicity_host(host: str) -> bool:
    return host == PUBLICITY_DOMAIN or host.endswith(f".{PUBLICITY_DOMAIN}")


def _looks_like_publicity(host: str) -> bool:
    squeezed = host.replace("-", "").replace("0", "o").replace("1", "l")
    return "gsxt" in squeezed or ("gov.cn." in f"{host}." and not host.endswith(".gov.cn"))


def _publicity_url(content: str, parts: SplitResult) -> ScannedCode:
    if _SESSION.fullmatch(parts.path) or _SESSION.fullmatch(unquote(parts.path)):
        return _refused(CodeClass.BUSINESS_LICENCE_SESSION_URL, content, "SESSION_CODE")
    codes = [value for name, value in parse_qsl(parts.query, keep_blank_values=True) if name.lower() == _CODE_PARAMETER]
    if not codes:
        return _refused(CodeClass.UNKNOWN, content, "CODE_UNKNOWN")
    if len(codes) > 1:
        return _refused(CodeClass.MALFORMED, content, "PARAMETER_REPEATED")
    return _with_code(CodeClass.BUSINESS_LICENCE_URL, content, codes[0])
