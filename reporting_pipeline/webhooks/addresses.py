"""Which addresses a webhook may reach: those of the internet, and networks that the settings allow.

An address comes from a customer. Without this guard it could point at the warehouse, at the
metadata service of a cloud, or at a router. So the guard looks at the network addresses that a name
resolves to, at the moment of sending, and the connection goes to exactly these: a name that changes
in between gains nothing. Numbers in other spellings (`0x7f.1`) are resolved like names.
"""

import asyncio
import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TypeAlias
from urllib.parse import SplitResult, urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult
from typing_extensions import override

from reporting_pipeline.errors import AddressRefused
from reporting_pipeline.guards.shown_text import shown
from reporting_pipeline.setting_values import Network

_MAX_LENGTH = 2_000
_SCHEMES = frozenset({"https", "http"})
_Ip: TypeAlias = IPv4Address | IPv6Address
# An IPv6 address whose last bits are an IPv4 address: a translator at the border reaches that one.
_TRANSLATED = ip_network("64:ff9b::/96")


def checked_address(text: str, networks: Sequence[Network] = ()) -> str:
    """The address of a webhook, if its form is allowed; nothing is resolved.

    Args:
        text: https://host/path; http:// only to a network address of the allowed networks.
        networks: Networks that may be reached although they are not the internet.

    Raises:
        AddressRefused: It is no address of a webhook, or one inside the network.
    """
    parts = _parts(text)
    literal = _literal(parts.hostname or "")
    if literal is not None:
        _refuse_inside(literal, networks)
    if parts.scheme == "http" and (literal is None or not _is_allowed(literal, networks)):
        raise AddressRefused(
            f"{shown(text)!r} is not encrypted: expected https://, except in a network of "
            "REPORTING_WEBHOOK_NETWORKS, named by its number"
        )
    return text


class GuardedResolver(AbstractResolver):
    """Resolves names like the system, and refuses addresses that are not of the internet."""

    def __init__(self, networks: Sequence[Network]) -> None:
        self._networks = networks

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of a host.

        Raises:
            AddressRefused: One of them is not allowed.
            OSError: The name is unknown.
        """
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
        resolved: list[ResolveResult] = []
        for each_family, _, protocol, _, place in found:
            address = str(place[0])
            _refuse_inside(ip_address(address.partition("%")[0]), self._networks)
            resolved.append(
                ResolveResult(
                    hostname=host,
                    host=address,
                    port=port,
                    family=each_family,
                    proto=protocol,
                    flags=socket.AI_NUMERICHOST,
                )
            )
        return resolved

    @override
    async def close(self) -> None:
        """Nothing is kept."""


def _parts(text: str) -> SplitResult:
    parts = _split(text)
    if parts is None:
        raise AddressRefused(
            f"{shown(text)!r} is no address of a webhook: expected https://host/path without user, "
            f"password and fragment, of at most {_MAX_LENGTH} characters"
        )
    return parts


def _split(text: str) -> SplitResult | None:
    """The parts of an address of an allowed form."""
    is_plain = len(text) <= _MAX_LENGTH and text.isascii() and text.isprintable()
    if not is_plain or " " in text or "\\" in text:
        return None
    try:
        parts = urlsplit(text)
        has_place = bool(parts.hostname) and parts.port != 0
    except ValueError:  # the port is no number, or the address of IPv6 is malformed
        return None
    has_user = parts.username is not None or parts.password is not None
    is_allowed = has_place and not has_user and not parts.fragment and parts.scheme in _SCHEMES
    return parts if is_allowed else None


def _literal(host: str) -> _Ip | None:
    try:
        return ip_address(host.partition("%")[0])
    except ValueError:
        return None


def _refuse_inside(address: _Ip, networks: Sequence[Network]) -> None:
    if not _is_allowed(address, networks) and not all(map(_is_public, _meant(address))):
        raise AddressRefused(
            f"{address} is inside the network; a webhook reaches the internet, and the networks of "
            "REPORTING_WEBHOOK_NETWORKS"
        )


def _is_allowed(address: _Ip, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)


def _is_public(address: _Ip) -> bool:
    is_local = isinstance(address, IPv6Address) and address.is_site_local
    return address.is_global and not (address.is_multicast or address.is_reserved or is_local)


def _meant(address: _Ip) -> list[_Ip]:
    """An address, and the IPv4 addresses that it stands for."""
    if isinstance(address, IPv4Address):
        return [address]
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    inner = [address.sixtofour, *(address.teredo or ())]
    if address in _TRANSLATED:
        inner.append(IPv4Address(int(address) & 0xFFFF_FFFF))
        return [each for each in inner if each is not None]
    return [address, *(each for each in inner if each is not None)]
