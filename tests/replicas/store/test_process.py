"""The process shell: real nodes, killed without warning, fed with garbage, and left alone."""

import asyncio
import resource
import socket
import sqlite3
from collections.abc import Callable
from typing import Self

import pytest

from replicas.store.frames import FRAME_MAX, Frames, frame
from replicas.store.messages import AnyMessage, Fetch
from replicas.store.visits import Greeting, Hello, Ping, Pong, Put
from replicas.system import Reply, Session
from tests.replicas.store.nodes import PATIENCE_S, Node, Nodes
from tests.replicas.store.trails import Held, Trail

StartNodes = Callable[[int], Nodes]


async def put(session: Session, op: int, key: str, value: str) -> Reply:
    return await session.ask(op, "put", key, value, None)


async def get(session: Session, op: int, key: str) -> Reply:
    return await session.ask(op, "get", key, None, None)


def on_disk(node: Node) -> Held:
    """Once its process is gone."""
    database = sqlite3.connect(node.folder / "copies.db")
    rows = database.execute("SELECT key, time, by, dead, value, marked_ns FROM copies").fetchall()
    database.close()
    return {key: (time, by, bool(dead), value, marked_ns > 0) for key, time, by, dead, value, marked_ns in rows}


def test_what_was_acknowledged_survives_a_kill(start_nodes: StartNodes) -> None:
    """One node alone: nobody else can bring the values back."""
    nodes = start_nodes(1)
    node = nodes.of["r1"]

    async def work() -> None:
        before: dict[str, Reply] = {}
        for life in range(3):
            session = await nodes.session("r1")
            for key, reply in before.items():
                found = await get(session, 0, key)
                assert (found.outcome, found.version) == ("ok", reply.version)
            for i in range(20):
                reply = await put(session, i, f"k{i}", f"v{life}.{i}")
                assert reply.outcome == "ok"
                assert reply.version is not None
                assert reply.version[1] == "r1.1"
                assert all(old.version is not None and old.version < reply.version for old in before.values())
                before[f"k{i}"] = reply
            session.close()
            node.kill()
            node.start()
        node.kill()

    asyncio.run(work())
    trail = Trail(node.folder / "trail.jsonl")
    assert trail.held == on_disk(node)
    assert set(trail.incarnations) == {"r1.1"}
    assert len(trail.incarnations) >= 3


class Load:
    """A client that keeps putting, through one node, and remembers what was acknowledged."""

    def __init__(self, nodes: Nodes, name: str, puts: int) -> None:
        self._nodes = nodes
        self._name = name
        self._puts = puts
        self.acknowledged: list[tuple[str, Reply]] = []
        self.half_done = asyncio.Event()

    async def run(self) -> None:
        session = await self._nodes.session(self._name, f"client of {self._name}")
        for op in range(self._puts):
            key = f"k{op % 7}"
            reply = await put(session, op, key, f"{self._name} {op}")
            if op == self._puts // 2:
                self.half_done.set()
            if reply.outcome == "ok":
                self.acknowledged.append((key, reply))
            elif reply.outcome == "unknown":
                session.close()
                session = await self._nodes.session(self._name, f"client of {self._name}")
        session.close()


def test_a_node_killed_under_load_comes_back_and_all_converge(start_nodes: StartNodes) -> None:
    nodes = start_nodes(3)

    async def work() -> dict[str, tuple[int, str]]:
        await nodes.joined()
        loads = [Load(nodes, name, 120) for name in nodes.of]
        async with asyncio.timeout(6 * PATIENCE_S), asyncio.TaskGroup() as tasks:
            for load in loads:
                tasks.create_task(load.run())
            await loads[1].half_done.wait()
            nodes.of["r2"].kill()
            nodes.of["r2"].start()
        held = await nodes.converged()
        for key, reply in (each for load in loads for each in load.acknowledged):
            assert reply.version is not None
            assert held[key].version >= reply.version
        assert len(loads[1].acknowledged) > 60
        versions = [reply.version for load in loads for _, reply in load.acknowledged]
        assert len(set(versions)) == len(versions)
        return {key: copy.version for key, copy in held.items()}

    versions = asyncio.run(work())
    nodes.kill()
    for node in nodes.of.values():
        trail = Trail(node.folder / "trail.jsonl")
        assert trail.held == on_disk(node)
        assert {key: copy[:2] for key, copy in trail.held.items()} == versions
        assert trail.incarnations == [f"{node.name}.1"] * (2 if node.name == "r2" else 1)
        assert min(trail.counts[kind] for kind in ("received", "changed", "committed", "sent")) > 50


class Wire:
    """A connection in the hands of the test; used with `with`."""

    def __init__(self, node: Node) -> None:
        self._socket = socket.create_connection(node.address, timeout=PATIENCE_S)
        self._frames = Frames()
        self.heard: list[AnyMessage] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def say(self, data: bytes | bytearray) -> None:
        self._socket.sendall(data)

    def hear(self, count: int) -> list[AnyMessage]:
        while len(self.heard) < count:
            assert self._hear_more(), "closed by the node"
        return self.heard

    def hear_its_end(self) -> None:
        while self._hear_more():
            pass

    def _hear_more(self) -> bool:
        try:
            data = self._socket.recv(65_536)
        except ConnectionResetError:
            return False
        self.heard += self._frames.feed(data)
        return bool(data)


HELLO = bytes(frame(Hello("client", "stranger")))
GARBAGE = {
    "no hello": bytes(frame(Ping(1))),
    "a length beyond the limit": (FRAME_MAX + 1).to_bytes(4),
    "noise": b"\x00\x00\x00\x05hello" * 3,
    "HTTP": b"GET / HTTP/1.1\r\nHost: r1\r\n\r\n",
    "no message after hello": HELLO + b"\x00\x00\x00\x01\xc1",
    "no message after a good one": HELLO + frame(Ping(1)) + b"\x00\x00\x00\x00",
    "a key that is no UTF-8": HELLO + b"\x00\x00\x00\x09\x94\xa3get\x01\xa1\xff\xc0",
    "nested without end": HELLO + (100_008).to_bytes(4) + b"\x93\xa4ping\x01" + b"\x91" * 100_000 + b"\xc0",
}


def test_garbage_ends_its_connection_and_nothing_else(start_nodes: StartNodes) -> None:
    nodes = start_nodes(1)
    node = nodes.of["r1"]

    async def works(op: int) -> None:
        session = await nodes.session("r1")
        assert (await put(session, op, "k", f"v{op}")).outcome == "ok"
        assert (await get(session, op, "k")).value == f"v{op}"
        session.close()

    asyncio.run(works(0))
    with Wire(node) as bystander:
        bystander.say(frame(Hello("client", "bystander")))
        for op, (what, data) in enumerate(GARBAGE.items(), 1):
            with Wire(node) as wire:
                wire.say(data)
                wire.hear_its_end()
                assert wire.heard[:1] == [Greeting("r1", "r1.1")], what
            asyncio.run(works(op))
        bystander.say(frame(Ping(7)))
        assert bystander.hear(2)[1] == Pong(7)
    assert node.words.count("closed:") == len(GARBAGE)


def test_whoever_leaves_in_the_middle_of_a_frame_is_forgotten(start_nodes: StartNodes) -> None:
    nodes = start_nodes(1)
    asyncio.run(nodes.joined())
    with Wire(nodes.of["r1"]) as wire:
        wire.say(HELLO + (1_000).to_bytes(4) + b"half")
    asyncio.run(nodes.joined())
    assert nodes.of["r1"].let_go() == 0


def test_a_client_that_speaks_like_a_peer_does_no_harm(start_nodes: StartNodes) -> None:
    nodes = start_nodes(1)
    asyncio.run(nodes.joined())
    with Wire(nodes.of["r1"]) as wire:
        wire.say(HELLO + frame(Fetch(1, 0, "", 1, "k")) + frame(Ping(1)))
        assert Pong(1) in wire.hear(2)


def test_a_node_ends_with_its_standard_input(start_nodes: StartNodes) -> None:
    nodes = start_nodes(1)
    asyncio.run(nodes.joined())
    assert nodes.of["r1"].let_go() == 0
    with pytest.raises(ConnectionRefusedError), Wire(nodes.of["r1"]):
        pass


def test_a_node_ends_cleanly_under_load(start_nodes: StartNodes) -> None:
    nodes = start_nodes(1)
    node = nodes.of["r1"]
    asyncio.run(nodes.joined())
    with Wire(node) as wire:
        wire.say(HELLO + b"".join(bytes(frame(Put(op, f"k{op}", "v" * 500, None))) for op in range(4_000)))
        wire.hear(2)
        code = node.let_go()
    assert (code, node.words) == (0, "")


def test_a_node_that_cannot_write_ends_and_acknowledges_nothing(start_nodes: StartNodes) -> None:
    """As on a full disk. What was acknowledged before is there when it can write again."""
    nodes = start_nodes(1)
    node = nodes.of["r1"]

    async def fill() -> None:
        session = await nodes.session("r1")
        assert (await put(session, 1, "k1", "kept")).outcome == "ok"
        assert node.process is not None
        sizes = [file.stat().st_size for file in node.folder.iterdir()]
        resource.prlimit(node.process.pid, resource.RLIMIT_FSIZE, (max(sizes), max(sizes)))
        assert (await put(session, 2, "k2", "x" * max(sizes))).outcome == "unknown"
        session.close()

    async def look() -> None:
        session = await nodes.session("r1")
        assert (await get(session, 3, "k1")).value == "kept"
        session.close()

    asyncio.run(fill())
    assert node.ended() == 70
    node.start()
    asyncio.run(look())


def test_a_node_whose_file_is_taken_does_not_start(start_nodes: StartNodes) -> None:
    nodes = start_nodes(1)
    asyncio.run(nodes.joined())
    first = nodes.of["r1"]
    twin = Node("r1", first.address, first.folder, first.command)
    twin.start()
    try:
        assert twin.ended() != 0
    finally:
        twin.kill()
    asyncio.run(nodes.joined())
