"""`host:port`, as Go reads and writes it: `[::1]:80` for IPv6, and an empty host is every address."""

import asyncio
import socket
from typing import Any, NamedTuple

RESOLVE_SECONDS_MAX = 5


class Unusable(Exception):
    """The text is not an address that can be used; the message says why."""


class Bindable(NamedTuple):
    family: int
    address: tuple[Any, ...]

    def __str__(self) -> str:
        return shown(self.address)


def split(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or (":" in host and not host.startswith("[")):
        raise Unusable(f"address {text}: missing port in address")
    if not (port.isascii() and port.isdigit() and int(port) < 65536):
        raise Unusable(f"address {text}: {port!r} is not a port")
    return host.removeprefix("[").removesuffix("]"), int(port)


def shown(address: tuple[Any, ...]) -> str:
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


async def resolve(text: str) -> Bindable:
    """Where to listen for this text; nothing at all is any port on every address."""
    host, port = split(text) if text else ("", 0)
    if not host:
        return Bindable(socket.AF_INET6, ("::", port))
    try:
        async with asyncio.timeout(RESOLVE_SECONDS_MAX):
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, TimeoutError) as error:
        raise Unusable(f"lookup {host}: {error or 'no answer'}") from None
    family, _, _, _, address = min(found, key=lambda each: each[0] != socket.AF_INET)
    return Bindable(family, address)


def bound(place: Bindable) -> socket.socket:
    listener = socket.socket(place.family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if place.address[0] == "::":
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind(place.address)
    except OSError as error:
        listener.close()
        reason = (error.strerror or str(error)).lower()
        raise Unusable(f"listen tcp {place}: bind: {reason}") from None
    return listener
