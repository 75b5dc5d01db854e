"""Blocks of loopback addresses, one per run, with fixed ports, so that a restarted process finds its own free.

A block is 127.a.b.*, owned by whoever has its lock: a UDP socket bound to 127.a.b.254. The kernel frees it
when the last holder of the descriptor has died, and there is no file to go stale. Hand `lock` to the guardian,
which lets go only when the run's processes are gone.
"""

import errno
import itertools
import os
import socket
from dataclasses import dataclass
from pathlib import Path

from replicas.system import Address

API_PORT = 7100
NODE_PORT = 7101
PROXY_PORT_BASE = 7200
LOCK_PORT = 7999
PROXIES_MAX = LOCK_PORT - PROXY_PORT_BASE
NODES_MAX = 200
BLOCKS = 254 * 256
TRIES_MAX = 256

_claims = itertools.count()
_EPHEMERAL_PORTS = Path("/proc/sys/net/ipv4/ip_local_port_range")


class AddressError(Exception):
    """No block of addresses could be had; the message says how to change that."""


@dataclass(frozen=True)
class Block:
    prefix: str  # "127.a.b"
    lock: socket.socket

    def node(self, index: int) -> Address:
        """Where a node listens. The host is its own: whatever needs more ports may use any others there."""
        return Address(f"{self.prefix}.{1 + _below(index, NODES_MAX, 'node')}", NODE_PORT)

    def proxy(self, index: int) -> Address:
        """Where one link listens."""
        return Address(f"{self.prefix}.253", PROXY_PORT_BASE + _below(index, PROXIES_MAX, "proxy"))

    @property
    def api(self) -> Address:
        """Where the proxy server takes orders."""
        return Address(f"{self.prefix}.253", API_PORT)

    def close(self) -> None:
        """Let go. The block stays taken for as long as a guardian still holds the lock."""
        self.lock.close()


def claim() -> Block:
    """A block that no other run on this machine has."""
    _check_ephemeral_ports(_EPHEMERAL_PORTS.read_text(encoding="ascii"))
    # Starting at another place each time keeps a run away from the lingering connections of the one before.
    first = os.getpid() * 40503 + next(_claims)
    for number in range(first, first + TRIES_MAX):
        a, b = divmod(number % BLOCKS, 256)
        prefix = f"127.{1 + a}.{b}"
        lock = _try_lock(prefix)
        if lock is not None:
            return Block(prefix, lock)
    raise AddressError(
        f"all of {TRIES_MAX} blocks of loopback addresses, the last {prefix}.*, are taken. Either as many runs "
        f"are alive, or something has UDP port {LOCK_PORT} of every address: `ss -ulnp 'sport = {LOCK_PORT}'` "
        "shows which program to stop."
    )


def _try_lock(prefix: str) -> socket.socket | None:
    lock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        lock.bind((f"{prefix}.254", LOCK_PORT))
    except OSError as error:
        lock.close()
        if error.errno == errno.EADDRINUSE:
            return None
        raise AddressError(
            f"cannot bind {prefix}.254: {error.strerror}. A run needs all of 127.0.0.0/8 on the loopback "
            "interface, as Linux has it by default."
        ) from error
    return lock


def _check_ephemeral_ports(port_range: str) -> None:
    low, high = map(int, port_range.split())
    if low <= LOCK_PORT and high >= API_PORT:
        raise AddressError(
            f"outgoing connections may take ports {low} to {high} (net.ipv4.ip_local_port_range), and so one "
            f"that a restarted replica needs ({API_PORT} to {LOCK_PORT}). "
            f"Run `sysctl -w net.ipv4.ip_local_port_range='{LOCK_PORT + 1} {max(high, 60999)}'`."
        )


def _below(index: int, limit: int, what: str) -> int:
    if not 0 <= index < limit:
        raise ValueError(f"{what} {index}: a block has addresses for 0 to {limit - 1}")
    return index
