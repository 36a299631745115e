"""Networks of addresses, as settings name them."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

# None for what is no address.
IsTrusted = Callable[[str], bool | None]
UNIX = "unix"
"""Whoever comes by a Unix socket, and so has no address."""


def trust(networks: tuple[str, ...]) -> IsTrusted:
    """Return what tells whether an address is in one of the networks.

    Example:
        >>> trust(("10.0.0.0/8",))("10.1.2.3")
        True
    """
    known = [ip_network(network) for network in networks if network != UNIX]

    @lru_cache(maxsize=4096)
    def is_trusted(text: str) -> bool | None:
        address = _parsed(text)
        return None if address is None else any(address in network for network in known)

    return is_trusted


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
