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
from time import monotonic, sleep  # noqa: TID251 - real processes

import psutil
from hypothesis import given

from replicas.store.messages import Frames, Hello, Ping, Pong, Put, frame
from tests.fuzz.effort import cases, told
from tests.fuzz.guests import Guests
from tests.fuzz.said import Understood, Visit, may_be_sent, understood, visits
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


def connections_to(node: Node) -> int:
    assert node.process is not None
    found = psutil.Process(node.process.pid).net_connections("tcp")
    return sum(each.laddr == tuple(node.address) and each.status != psutil.CONN_LISTEN for each in found)


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
        eventually(f"only peers are connected to {node.name}", holds=lambda node=node: connections_to(node) <= 2)
    assert memory_bytes(nodes) - before < GROWTH_BYTES_MAX
    held = asyncio.run(nodes.converged())
    for guest in guests.all:
        assert guest.acknowledged > 10
        assert guest.read > 5
        assert guest.unknown <= 1 + guest.acknowledged // 50, "answers went astray"
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
