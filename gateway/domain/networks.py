"""Addresses and networks: where a request may come from, and what of its address is kept."""

import ipaddress
from collections.abc import Iterable

_PREFIXES = {4: 24, 6: 48}
"""Bits of a visitor's address that are kept."""
_IPV6, _SUBNET = 6, 64


def is_within(address: str, networks: Iterable[str]) -> bool:
    """Whether an address is in one of the networks; what is no address is in none."""
    found = parsed(address)
    return found is not None and any(found in ipaddress.ip_network(network) for network in networks)


def network_of(address: str) -> str:
    """The network of a visitor's address, /24 or /48; empty when it is none."""
    found = parsed(address)
    return "" if found is None else str(ipaddress.ip_network((found, _PREFIXES[found.version]), strict=False))


def visitor_of(address: str) -> str:
    """What one visitor is counted by: its address, of IPv6 the /64 in which it may take any (RFC 4291, 2.5.1)."""
    found = parsed(address) if ":" in address else None
    if found is None or found.version != _IPV6:
        return address if found is None else str(found)
    return str(ipaddress.ip_network((found, _SUBNET), strict=False))


def parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address; of IPv4 in IPv6 (RFC 4291, 2.5.5.2) the IPv4 that it means. None when it is none."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return None
    inner = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return inner or found
