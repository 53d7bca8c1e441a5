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

_WITHOUT_SCHEME = re.compile(r"(?://)?([^\s/?#]*\.[^\s/?#]*)([/?#].*)?", re.IGNORECASE)
"""Browsers show addresses without ``http://``, and people copy them so."""

_PAYLOAD_HEAD = "2KC"
"""How every payload of a licence code begins: base32 of a tagged COSE_Sign1 (RFC 9052, 4.2), 0xD2 0x84."""

_LABEL = "gsxt"
"""What makes a host that of the publicity system for the eye."""

_ALIKE = str.maketrans("q95371", "ggsstt")
"""Characters that pass for those of ``gsxt`` at a glance."""

_DOTS = str.maketrans("\u3002\uff61", "..")
"""Full stops that browsers take for dots in a host name (UTS #46, 4)."""

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
    scheme = _SCHEME.match(content)
    if scheme is not None and scheme[1].lower() in _WEB_SCHEMES:
        return _url(content, content, own_hosts)
    has_scheme = scheme is not None and "." not in scheme[1]
    if not has_scheme and _is_bare_address(content, own_hosts):
        return _url(f"http://{content.removeprefix('//')}", content, own_hosts)
    if not has_scheme and _is_address_in_disguise(content, own_hosts):
        return _refused(CodeClass.UNTRUSTED_URL, content, "URL_FOREIGN_LETTERS")
    return _plain(content) if scheme is None else _refused(CodeClass.UNTRUSTED_URL, content, "SCHEME_NOT_WEB")


def _is_bare_address(content: str, own_hosts: frozenset[str]) -> bool:
    """Whether content without a scheme is an address that matters here; other tokens with a dot are not."""
    parts = _WITHOUT_SCHEME.fullmatch(content)
    if parts is None:
        return False
    host, rest = parts[1].lower(), (parts[2] or "").lower()
    return _LABEL in host or f"{_CODE_PARAMETER}=" in rest or (host in own_hosts and rest.startswith("/"))


def _is_address_in_disguise(content: str, own_hosts: frozenset[str]) -> bool:
    """Whether an address appears once full-width and other compatible letters are read as what they look like."""
    folded = unicodedata.normalize("NFKC", content).translate(_DOTS)
    if folded == content:
        return False
    scheme = _SCHEME.match(folded)
    return (scheme is not None and scheme[1].lower() in _WEB_SCHEMES) or _is_bare_address(folded, own_hosts)


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
    payload = _LICENCE_PATH.fullmatch(parts.path)
    if payload is not None and _is_ours(parts.netloc.lower(), host, port, own_hosts):
        return ScannedCode(CodeClass.LICENCE_CODE, content, licence_payload=payload[1].upper())
    if not _is_publicity_host(host):
        return _foreign_url(content, parts, host)
    return _publicity_url(content, parts, port)


def _is_ours(netloc: str, host: str, port: int | None, own_hosts: frozenset[str]) -> bool:
    """Ours with or without the dot of the root, and with the usual port or none (RFC 3986, 6.2.3)."""
    name = host.removesuffix(".")
    return netloc in own_hosts or (name if port in _WEB_PORTS else f"{name}:{port}") in own_hosts


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
    payload = _LICENCE_PATH.fullmatch(parts.path)
    if payload is not None and payload[1].upper().startswith(_PAYLOAD_HEAD):
        return _refused(CodeClass.UNTRUSTED_URL, content, "URL_CLONES_US")
    if _codes_of(parts):
        # A code on a foreign address is how a forger would lead people to a page of his own.
        return _refused(CodeClass.UNTRUSTED_URL, content, "URL_FOREIGN")
    return _unknown(content)


def _is_publicity_host(host: str) -> bool:
    name = host.removesuffix(".")
    return name == PUBLICITY_DOMAIN or name.endswith(f".{PUBLICITY_DOMAIN}")


def _looks_like_publicity(host: str) -> bool:
    name = host.removesuffix(".")
    # "gov.cn" in the middle of a name is bait: the site is what stands at the end.
    if _LABEL in name.replace("-", "") or ("gov.cn." in name and not name.endswith(".gov.cn")):
        return True
    # Swapped and similar characters: the eye reads "gsxt" in "gxst", "qsxt" and "g5xt".
    return any(sorted(label.translate(_ALIKE)) == sorted(_LABEL) for label in name.split("."))


def _codes_of(parts: SplitResult) -> list[str]:
    """Every value of the parameter that holds a credit code, however its name is written, also behind a ``#``."""
    queries = (parts.query, parts.fragment.partition("?")[2])
    pairs = [pair for query in queries for pair in parse_qsl(query, keep_blank_values=True)]
    return [value for name, value in pairs if name.strip().lower() == _CODE_PARAMETER]


def _publicity_url(content: str, parts: SplitResult, port: int | None) -> ScannedCode:
    if port not in _WEB_PORTS:
        return _refused(CodeClass.UNTRUSTED_URL, content, "URL_ODD_PORT")
    if _SESSION.fullmatch(parts.path) or _SESSION.fullmatch(unquote(parts.path)):
        return _refused(CodeClass.BUSINESS_LICENCE_SESSION_URL, content, "SESSION_CODE")
    codes = _codes_of(parts)
    if not codes:
        return _unknown(content)
    if len(codes) > 1:
        return _refused(CodeClass.MALFORMED, content, "PARAMETER_REPEATED")
    return _with_code(CodeClass.BUSINESS_LICENCE_URL, content, codes[0])
