"""Anything at all on the wire, while well-behaved clients go on: nothing but the connection it came over ends.

The line: who says that it is a node of the cluster is believed, since nothing on a loopback link could prove it. So a
peer that lies in well-formed messages is no case here; one whose frames are malformed is, and so is everybody who says
something that is not theirs to say.
"""

import asyncio
import re
import socket
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial
from time import monotonic, sleep  # noqa: TID251 - real processes

import msgspec
import psutil
import pytest
from hypothesis import given

from replicas.store.frames import Frames, frame
from replicas.store.messages import AnyMessage, Store
from replicas.store.records import Version, record
from replicas.store.visits import Hello, Ping, Pong, Put
from tests.fuzz.effort import cases, told
from tests.fuzz.guests import Guests
from tests.fuzz.said import Understood, Visit, framed, may_be_sent, understood, visits
from tests.harness.links.sockets import reset
from tests.replicas.store.nodes import PATIENCE_S, Node, Nodes

GROWTH_BYTES_MAX = 128 * 1024 * 1024
CLOSED = re.compile(r"connection of .* closed: .+")
TOKEN = 77


class Attack:
    """What was said so far that may count, and how many connections must have been closed with a reason."""

    def __init__(self, nodes: Nodes) -> None:
        self.nodes = nodes
        self.frames = 0
        self.closed = 0
        self.values: set[str] = set()

    def make(self, visit: Visit) -> None:
        node = self.nodes.of[visit.node]
        heard = understood(visit.data)
        self.frames += len(visit.pieces)
        self.values.update(message.value for message in heard.messages if isinstance(message, Put))
        with socket.create_connection(node.address, timeout=PATIENCE_S) as wire:
            with suppress(ConnectionResetError, BrokenPipeError):
                for piece in visit.pieces:
                    wire.sendall(piece)
            if visit.ending == "reset":
                reset(wire)
            elif visit.ending == "hear":
                self._hear(wire, heard)
        assert node.process is not None
        assert node.process.poll() is None, f"{node.name} ended: {node.words[-2_000:]}"

    def _hear(self, wire: socket.socket, heard: Understood) -> None:
        """The end, where there must be one; else the answer to one more question, of who may ask it."""
        if heard.closed:
            self.closed += 1
            with suppress(ConnectionResetError):
                while wire.recv(65_536):
                    pass
            return
        hello = heard.messages[0] if heard.messages else None
        if isinstance(hello, Hello) and hello.role != "peer" and heard.whole:
            wire.sendall(frame(Ping(TOKEN)))
            frames = Frames()
            while Pong(TOKEN) not in frames.feed(data := wire.recv(65_536)):
                assert data, "the node closed a connection on which nothing was wrong"


def only_peers_at(node: Node) -> bool:
    assert node.process is not None
    found = psutil.Process(node.process.pid).net_connections("tcp")
    return sum(each.laddr == tuple(node.address) and each.status != psutil.CONN_LISTEN for each in found) <= 2


def memory_bytes(nodes: Nodes) -> int:
    processes = [node.process for node in nodes.of.values()]
    return sum(psutil.Process(process.pid).memory_info().rss for process in processes if process)


def eventually(what: str, *, holds: Callable[[], bool]) -> None:
    until = monotonic() + PATIENCE_S
    while not holds():
        assert monotonic() < until, f"not within {PATIENCE_S:g} s: {what}"
        sleep(0.02)


def test_nothing_on_the_wire_does_harm(start_nodes: Callable[[int], Nodes]) -> None:
    nodes = start_nodes(3)
    asyncio.run(nodes.joined())
    attack = Attack(nodes)
    before = memory_bytes(nodes)

    @cases(250)
    @given(visits().filter(may_be_sent))
    def visit(visit: Visit) -> None:
        attack.make(visit)

    with Guests(nodes) as guests:
        visit()
    for node in nodes.of.values():
        eventually(f"only peers are connected to {node.name}", holds=partial(only_peers_at, node))
    assert memory_bytes(nodes) - before < GROWTH_BYTES_MAX
    held = asyncio.run(nodes.converged())
    for guest in guests.all:
        assert guest.acknowledged > 10
        assert guest.read > 5
        assert guest.unknown <= 2 + guest.acknowledged // 500, "answers went astray"
        for key, possible in guest.possible.items():
            copy = held.pop(key, None)
            assert (copy.value if copy else None) in possible
    assert {copy.value for copy in held.values() if not copy.dead} <= attack.values, "a value that nobody wrote"
    lines = [line for node in nodes.of.values() for line in node.words.splitlines()]
    assert not [line for line in lines if not CLOSED.fullmatch(line)]
    assert len(lines) >= attack.closed > 0
    nodes.kill()
    for node in nodes.of.values():
        with closing(sqlite3.connect(node.folder / "copies.db")) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    counts = {"pieces": attack.frames, "connections closed with a reason": len(lines)}
    told("wire", Counter({**counts, "writes acknowledged meanwhile": sum(guest.acknowledged for guest in guests.all)}))


def said_to(node: Node, *messages: AnyMessage) -> socket.socket:
    wire = socket.create_connection(node.address, timeout=PATIENCE_S)
    wire.sendall(b"".join(frame(message) for message in messages))
    return wire


def hear(wire: socket.socket, wanted: AnyMessage) -> None:
    frames = Frames()
    while wanted not in frames.feed(data := wire.recv(65_536)):
        assert data, f"closed before {wanted}"


def test_a_name_is_nobodys_own(start_nodes: Callable[[int], Nodes]) -> None:
    """Each connection hears its own answers, also when the other has left."""
    node = start_nodes(1).of["r1"]
    eventually("it listens", holds=lambda: listens(node))
    with said_to(node, Hello("client", "same"), Ping(1)) as first:
        hear(first, Pong(1))
        with said_to(node, Hello("client", "same"), Ping(2)) as second:
            hear(second, Pong(2))
            first.sendall(frame(Ping(3)))
            hear(first, Pong(3))
        first.sendall(frame(Ping(4)))
        hear(first, Pong(4))


def listens(node: Node) -> bool:
    with suppress(ConnectionRefusedError), socket.create_connection(node.address, timeout=PATIENCE_S):
        return True
    return False


@pytest.mark.parametrize(
    "hello", [Hello("client", "r2"), Hello("control", "r2"), Hello("peer", "r1"), Hello("peer", "r9")]
)
def test_only_a_peer_is_heard_as_one(start_nodes: Callable[[int], Nodes], hello: Hello) -> None:
    """A copy from far ahead, fresh and with the right checksum, from nobody who may bring one."""
    nodes = start_nodes(3)
    asyncio.run(nodes.joined())
    forged = record("k", Version(2**61, "r2.1"), "forged")
    with said_to(nodes.of["r1"], hello, Store(1, 2**61, "", 1, forged, "write"), Ping(1)) as wire:
        if hello.role == "peer":
            wire.shutdown(socket.SHUT_WR)
            while wire.recv(65_536):
                pass
        else:
            hear(wire, Pong(1))
    assert asyncio.run(nodes.converged()) == {}


def test_a_peer_asks_nothing_that_a_client_asks(start_nodes: Callable[[int], Nodes]) -> None:
    nodes = start_nodes(3)
    asyncio.run(nodes.joined())
    with said_to(nodes.of["r1"], Hello("peer", "r2"), Put(1, "k", "v", None)) as wire:
        wire.shutdown(socket.SHUT_WR)
        while wire.recv(65_536):
            pass
    assert asyncio.run(nodes.converged()) == {}


def test_the_log_has_one_line_for_each_whatever_they_say(start_nodes: Callable[[int], Nodes]) -> None:
    nodes = start_nodes(1)
    asyncio.run(nodes.joined())
    node = nodes.of["r1"]
    for name in ("a\nconnection of b closed: c", "\u2028\x85\x1b[31m", "x" * 1_000_000):
        with said_to(node, Hello("client", name), Ping(1)) as wire:
            hear(wire, Pong(1))
            wire.sendall(framed(msgspec.msgpack.encode(["\r\n" * 1_000])))
            with suppress(ConnectionResetError):
                while wire.recv(65_536):
                    pass
    lines = node.words.splitlines()
    assert len(lines) == 3
    assert all(CLOSED.fullmatch(line) and len(line) < 600 for line in lines)
