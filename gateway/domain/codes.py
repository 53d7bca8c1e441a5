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

_SHOWN = 80
_CODE_PARAMETER = "uniscid"
_SESSION = re.compile(r"/?(%7B|\{)[0-9A-Za-z_-]+(%7D|\})/?", re.IGNORECASE)
_SCHEME = re.compile(r"([a-z][a-z0-9+.\-]*):", re.IGNORECASE)
_WEB_SCHEMES = frozenset({"http", "https"})
_WEB_PORTS = (None, 80, 443)
_LICENCE_PATH = re.compile(r"(?:/[^/?#]*)*/q/([A-Za-z2-7]+)/?", re.IGNORECASE)
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.?|[0-9a-f:.]+")
"""Host names of RFC 1123, with the dot of the root or without; IPv6 addresses as ``urlsplit`` unwraps them."""

_WITHOUT_SCHEME = re.compile(rf"(?:[a-z0-9-]+\.)?{re.escape(PUBLICITY_DOMAIN)}/", re.IGNORECASE)
"""Browsers show addresses without ``http://``, and people copy them so."""

_CODE_LENGTH = 18
_CODE_LIKE = re.compile(r"[0-9A-Z]{18}")
_ALMOST_CODE = re.compile(r"9[1-3][0-9]{2}(?:[0-9A-Z]{13}|[0-9A-Z]{15})")
"""The code of an enterprise with one character lost or doubled: 17 or 19 characters."""

_OPAQUE = re.compile(r"[!-~]{8,}")
"""A token without spaces: what enterprise codes and dynamic codes look like to a stranger."""

_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Unicode categories that a reader cannot see and that reorder or hide the rest."""


@dataclass(frozen=True)
class ScannedCode:
    """What the content is, and what may be used of it."""

    code_class: CodeClass
    text: str
    unified_social_credit_code: str | None = None
    licence_payload: str | None = None
    """Base32 payload of one of our own licence codes."""
    reasons: tuple[Reason, ...] = ()

    @property
    def needs_system(self) -> bool:
        """Whether it may be a code that only the system which made it can read (classes C, D and G)."""
        return any(each.code == "CODE_NEEDS_ADAPTER" for each in self.reasons)


def classify(text: str, *, own_hosts: frozenset[str]) -> ScannedCode:
    """The class of any content. ``own_hosts``: ``host`` or ``host:port`` in lower case whose ``/q/`` paths are ours."""
    content = text.strip(" \t\r\n\u3000\ufeff")
    defect = _defect(content)
    if defect is not None:
        return _refused(CodeClass.MALFORMED, _showable(content), defect)
    if _WITHOUT_SCHEME.match(content):
        return _url(f"http://{content}", content, own_hosts)
    scheme = _SCHEME.match(content)
    if scheme is None:
        return _plain(content)
    if scheme[1].lower() not in _WEB_SCHEMES:
        return _refused(CodeClass.UNTRUSTED_URL, content, "SCHEME_NOT_WEB")
    return _url(content, content, own_hosts)


def _defect(content: str) -> str | None:
    """The reason code for content that is not looked at any further, None when it may be."""
    if not content:
        return "CODE_EMPTY"
    if len(content) > MAX_CHARACTERS:
        return "CODE_TOO_LONG"
    return "CODE_INVISIBLE_CHARACTERS" if any(map(_is_invisible, content)) else None


def _is_invisible(character: str) -> bool:
    return unicodedata.category(character) in _INVISIBLE


def _showable(content: str) -> str:
    """The beginning of refused content, with a mark where something cannot be seen."""
    return "".join("\ufffd" if _is_invisible(character) else character for character in content[:_SHOWN])


def _refused(code_class: CodeClass, text: str, reason_code: str, **values: object) -> ScannedCode:
    return ScannedCode(code_class, text, reasons=(reason(reason_code, **values),))


def _plain(content: str) -> ScannedCode:
    code = normalise_code(content)
    if _CODE_LIKE.fullmatch(code) or _ALMOST_CODE.fullmatch(code):
        return _with_code(CodeClass.PLAIN_CODE, content, code)
    return _unknown(content)


def _unknown(content: str) -> ScannedCode:
    """Codes of classes C, D and G cannot be told from other tokens: only their own system reads them."""
    return _refused(CodeClass.UNKNOWN, content, "CODE_NEEDS_ADAPTER" if _OPAQUE.fullmatch(content) else "CODE_UNKNOWN")


def _with_code(code_class: CodeClass, content: str, code: str) -> ScannedCode:
    try:
        checked = check_unified_social_credit_code(code)
    except CodeError:
        length = len(normalise_code(code))
        wrong = "CHECK_DIGIT_WRONG" if length == _CODE_LENGTH else "CODE_LENGTH_WRONG"
        return _refused(CodeClass.MALFORMED, content, wrong, length=length)
    # Anyone can print a code: the code names an enterprise, it proves nothing.
    return ScannedCode(code_class, content, checked.code, reasons=(reason("CODE_IS_NO_PROOF"),))


def _url(url: str, content: str, own_hosts: frozenset[str]) -> ScannedCode:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return _refused(CodeClass.UNTRUSTED_URL, content, "URL_MALFORMED")
    danger = _danger(url, parts, host)
    if danger is not None:
        return _refused(CodeClass.UNTRUSTED_URL, content, danger)
    payload = _LICENCE_PATH.fullmatch(parts.path) if parts.netloc.lower() in own_hosts else None
    if payload is not None:
        return ScannedCode(CodeClass.LICENCE_CODE, content, licence_payload=payload[1].upper())
    if not _is_publicity_host(host):
        return _foreign_url(content, parts, host)
    if port not in _WEB_PORTS:
        return _refused(CodeClass.UNTRUSTED_URL, content, "URL_ODD_PORT")
    return _publicity_url(content, parts)


def _danger(url: str, parts: SplitResult, host: str) -> str | None:
    """The reason code of a trick in the address itself, None when there is none."""
    if "\\" in url or "%" in parts.netloc:
        return "URL_MALFORMED"
    if "@" in parts.netloc:
        return "URL_HIDES_HOST"
    if not host.isascii() or any(label.startswith("xn--") for label in host.split(".")):
        return "URL_FOREIGN_LETTERS"
    return None if _HOST.fullmatch(host) else "URL_MALFORMED"


def _foreign_url(content: str, parts: SplitResult, host: str) -> ScannedCode:
    if _looks_like_publicity(host):
        return _refused(CodeClass.UNTRUSTED_URL, content, "URL_LOOKALIKE")
    if any(name.lower() == _CODE_PARAMETER for name, _ in parse_qsl(parts.query, keep_blank_values=True)):
        # A code on a foreign address is how a forger would lead people to a page of his own.
        return _refused(CodeClass.UNTRUSTED_URL, content, "URL_FOREIGN")
    return _unknown(content)


def _is_publicity_host(host: str) -> bool:
    name = host.removesuffix(".")
    return name == PUBLICITY_DOMAIN or name.endswith(f".{PUBLICITY_DOMAIN}")


def _looks_like_publicity(host: str) -> bool:
    name = host.removesuffix(".")
    # "gov.cn" in the middle of a name is bait: the site is what stands at the end.
    return "gsxt" in name.replace("-", "") or ("gov.cn." in name and not name.endswith(".gov.cn"))


def _publicity_url(content: str, parts: SplitResult) -> ScannedCode:
    if _SESSION.fullmatch(parts.path) or _SESSION.fullmatch(unquote(parts.path)):
        return _refused(CodeClass.BUSINESS_LICENCE_SESSION_URL, content, "SESSION_CODE")
    codes = [value for name, value in parse_qsl(parts.query, keep_blank_values=True) if name.lower() == _CODE_PARAMETER]
    if not codes:
        return _unknown(content)
    if len(codes) > 1:
        return _refused(CodeClass.MALFORMED, content, "PARAMETER_REPEATED")
    return _with_code(CodeClass.BUSINESS_LICENCE_URL, content, codes[0])
