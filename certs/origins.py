"""Where this machine may send to: origins that the operator listed, at addresses that they may have (against SSRF).

A name is resolved once, every address that it has must be allowed, and the connection goes to that very address: a name
that resolves to something else a moment later (DNS rebinding) gains nothing.
"""

import ipaddress
import re
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urlsplit

import urllib3

from certs.outbound import OutboundError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_ORIGIN = re.compile(r"(https?)://([^/@?#\\\s]+)")
_PORTS = {"http": 80, "https": 443}
_LONGEST_URL = 500
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class ForbiddenOriginError(OutboundError):
    """The address is not one that the operator allowed."""


def resolve(host: str, port: int) -> list[Address]:
    """Every address of a host. OutboundError when it has none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise OutboundError(f"not resolved: {type(error).__name__}") from error
    return [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]


@dataclass(frozen=True)
class Origin:
    """One that is allowed: scheme, host, port, and the network of its addresses."""

    scheme: str
    host: str
    port: int
    network: Network | None
    """None: any address of the public Internet."""

    @classmethod
    def parse(cls, text: str) -> "Origin":
        """``https://host[:port]``, or ``http(s)://host[:port]=network`` for one that is not on the public Internet.

        ValueError for anything else: plain HTTP too goes only where the network is named.
        """
        place, equals, network = text.strip().partition("=")
        if _ORIGIN.fullmatch(place) is None:
            raise ValueError(f"{text}: https://HOST[:PORT], or with =NETWORK behind it")
        parts = urlsplit(place)
        if not parts.hostname or (parts.scheme == "http" and not equals):
            raise ValueError(f"{text}: plain HTTP needs =NETWORK behind it")
        found = ipaddress.ip_network(network) if equals else None
        return cls(parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme], found)

    def admits(self, address: Address) -> bool:
        """Whether its name may stand for this address."""
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            return self.admits(address.ipv4_mapped)
        if self.network is not None:
            return address in self.network
        return address.is_global and not address.is_multicast and not _carries_another(address)


@dataclass(frozen=True)
class AllowedOrigins:
    """All that are allowed."""

    origins: tuple[Origin, ...]
    resolve: Callable[[str, int], list[Address]] = resolve

    @classmethod
    def parse(cls, texts: tuple[str, ...]) -> "AllowedOrigins":
        """ValueError names the one that is none."""
        return cls(tuple(map(Origin.parse, texts)))

    def require(self, url: str) -> Origin:
        """The origin of an address, without asking the network. ForbiddenOriginError."""
        parts = _parts(url)
        for origin in self.origins:
            port = parts.port or _PORTS[parts.scheme]
            if (origin.scheme, origin.host, origin.port) == (parts.scheme, parts.hostname, port):
                return origin
        raise ForbiddenOriginError("the origin is not among those that are allowed")

    def place(self, url: str) -> tuple[Origin, Address]:
        """The origin with the address to connect to. ForbiddenOriginError when any of its addresses is not allowed."""
        origin = self.require(url)
        addresses = self.resolve(origin.host, origin.port)
        if not addresses or not all(map(origin.admits, addresses)):
            raise ForbiddenOriginError("the name stands for an address that is not allowed")
        return origin, addresses[0]


@dataclass
class PinnedHttp:
    """Sends as ``urllib3.PoolManager`` does, to allowed origins only, and to the address that was checked."""

    allowed: AllowedOrigins
    options: Mapping[str, Any] = field(default_factory=dict)
    """For TLS, such as ``ca_certs``."""

    def request(self, method: str, url: str, *, headers: Mapping[str, str], **rest: Any) -> urllib3.BaseHTTPResponse:
        """One request. ForbiddenOriginError; else as urllib3."""
        origin, address = self.allowed.place(url)
        parts = _parts(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        pool: urllib3.HTTPConnectionPool
        if origin.scheme == "https":
            pool = urllib3.HTTPSConnectionPool(
                str(address),
                origin.port,
                cert_reqs="CERT_REQUIRED",
                assert_hostname=origin.host,
                server_hostname=origin.host,
                **self.options,
            )
        else:
            pool = urllib3.HTTPConnectionPool(str(address), origin.port)
        return pool.request(method, target, headers={"Host": parts.netloc, **headers}, **rest)


def _carries_another(address: Address) -> bool:
    """Whether it is translated or tunnelled to an address within it: 6to4, Teredo, NAT64 (RFC 3056, 4380, 6052)."""
    if isinstance(address, ipaddress.IPv4Address):
        return False
    return address.sixtofour is not None or address.teredo is not None or address in _NAT64


def _parts(url: str) -> SplitResult:
    """ForbiddenOriginError for what is no plain address: credentials, fragments, white space, back slashes."""
    try:
        parts = urlsplit(url)
        is_plain = len(url) <= _LONGEST_URL and re.fullmatch(r"[!-~]+", url) is not None and "\\" not in url
        if not is_plain or parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc or parts.fragment:
            raise ForbiddenOriginError("not a plain http or https address")
        parts.port  # noqa: B018 - it is read to be checked
    except ValueError as error:
        raise ForbiddenOriginError("not an address") from error
    return parts
