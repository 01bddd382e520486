"""Which addresses webhooks may go to: public ones, unless a file says otherwise.

Without this, whoever can name a webhook's address, or owns its DNS entry, could make Kohort speak to machines that only
this one can reach: a router, a database, the cloud's own service of credentials.
"""

import asyncio
import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

_NAT64: Final = IPv6Network("64:ff9b::/96")


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Tell whether an address is of the public network, those within IPv6 addresses too.

    >>> [is_public(ip_address(one)) for one in ("93.184.215.14", "10.0.0.7", "169.254.169.254", "::ffff:127.0.0.1")]
    [True, False, False, False]
    """
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner is not None:
            return is_public(inner)
        if address.teredo is not None:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


async def addresses_of(host: str, port: int) -> Sequence[str]:
    """Return the addresses that a host has now."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def allowed(addresses: Sequence[str], *, allow_private: bool) -> list[str]:
    """Return those of a host's addresses that webhooks may go to, each once, in their order.

    >>> allowed(["10.0.0.7", "93.184.215.14"], allow_private=False)
    ['93.184.215.14']
    """
    # A zone, as in fe80::1%eth0, is of this machine's networks; the rest says what kind of address it is.
    return [one for one in dict.fromkeys(addresses) if allow_private or is_public(ip_address(one.partition("%")[0]))]
