"""`host:port`, as Go reads, writes and refuses it: `[::1]:80` for IPv6, and an empty host is every address."""

import asyncio
import ipaddress
import re
import socket
from typing import Any, NamedTuple

RESOLVE_SECONDS_MAX = 5
NUMBER = re.compile(r" *[+-]?\d+", re.ASCII)
DOMAIN = re.compile(r"(?=.*[A-Za-z_-])[A-Za-z0-9_.-]{1,254}")


class Unusable(Exception):
    """The text is not an address that can be used; the message says why."""


class Bindable(NamedTuple):
    family: int
    address: tuple[Any, ...]
    text: str  # with every name resolved


def split(text: str) -> tuple[str, int]:
    before, colon, port = text.rpartition(":")
    if not colon:
        raise Unusable(f"address {text}: missing port in address")
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket:
            raise Unusable(f"address {text}: missing ']' in address")
        if rest != f":{port}":
            why = "too many colons" if rest.startswith(":") else "missing port"
            raise Unusable(f"address {text}: {why} in address")
    else:
        host = before
        if ":" in host:
            raise Unusable(f"address {text}: too many colons in address")
    for bracket in "[]":
        if bracket in host + port:
            raise Unusable(f"address {text}: unexpected '{bracket}' in address")
    return host, _port(port)


def _port(text: str) -> int:
    if NUMBER.fullmatch(text or "0"):
        number = int((text or "0")[:20])
        if not 0 <= number < 65536:
            raise Unusable(f"address {text}: invalid port")
        return number
    try:
        return socket.getservbyname(text.lower(), "tcp")
    except (OSError, UnicodeError, ValueError):
        raise Unusable(f"lookup tcp/{text}: unknown port") from None


def shown(address: tuple[Any, ...]) -> str:
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


async def resolve(text: str) -> Bindable:
    """Where to listen for this text; nothing at all is any port on every address."""
    host, port = split(text) if text else ("", 0)
    if not host:
        return _everywhere(port, f":{port}" if text else "")
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        found = await _looked_up(host, port)
    found = getattr(found, "ipv4_mapped", None) or found
    place = shown((str(found), port))
    if found.is_unspecified:
        return _everywhere(port, place)
    family = socket.AF_INET if found.version == 4 else socket.AF_INET6
    return Bindable(family, (str(found), port), place)


def _everywhere(port: int, text: str) -> Bindable:
    if socket.has_dualstack_ipv6():
        return Bindable(socket.AF_INET6, ("::", port), text)
    return Bindable(socket.AF_INET, ("0.0.0.0", port), text)  # noqa: S104 - to listen everywhere was asked for


async def _looked_up(host: str, port: int) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    if not DOMAIN.fullmatch(host) or _is_short_number(host):
        raise Unusable(f"lookup {host}: no such host")
    try:
        async with asyncio.timeout(RESOLVE_SECONDS_MAX):
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except TimeoutError:
        raise Unusable(f"lookup {host}: no answer within {RESOLVE_SECONDS_MAX} s") from None
    except (OSError, UnicodeError):
        raise Unusable(f"lookup {host}: no such host") from None
    _, _, _, _, address = min(found, key=lambda each: each[0] != socket.AF_INET)
    return ipaddress.ip_address(address[0])


def _is_short_number(host: str) -> bool:
    """`0x7f.1` and the like, which the system's resolver takes for numbers."""
    try:
        socket.inet_aton(host)
    except OSError:
        return False
    return True


def bound(place: Bindable) -> socket.socket:
    try:
        listener = socket.socket(place.family, socket.SOCK_STREAM)
    except OSError as error:
        raise Unusable(f"listen tcp {place.text}: socket: {_reason(error)}") from None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if place.address[0] == "::":
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind(place.address)
    except OSError as error:
        listener.close()
        raise Unusable(f"listen tcp {place.text}: bind: {_reason(error)}") from None
    return listener


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
