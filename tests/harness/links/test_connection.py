"""What becomes of a connection of the stand-in that ends at an awkward moment, with transports of the test's own."""

import asyncio
from random import Random
from typing import Any, cast

from harness.stages.processes.links.standin.bodies import Toxic
from harness.stages.processes.links.standin.connection import Connection
from harness.stages.processes.links.standin.toxics import Latency


class Transport:
    def __init__(self) -> None:
        self.aborted = False
        self.closed = False
        self.paused: list[bool] = []
        self.written = b""

    def abort(self) -> None:
        self.aborted = True

    def close(self) -> None:
        self.closed = True

    def write(self, data: bytes) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return False

    def pause_reading(self) -> None:
        self.paused.append(True)

    def resume_reading(self) -> None:
        self.paused.append(False)


class Bench:
    """A connection whose upstream never answers by itself: the test says when it does."""

    def __init__(self, latency: int = 60_000) -> None:
        toxic = Toxic(Latency(latency=latency), "l", "latency", "upstream", 1.0)
        self.gone: list[Connection] = []
        self.connection = Connection("127.0.0.1:1", {"l": toxic}, Random, self.gone.append)
        self.client, self.server = Transport(), Transport()

    async def client_arrives(self) -> None:
        self.connection.client.connection_made(cast("Any", self.client))

    def upstream_answers(self) -> None:
        self.connection.server.connection_made(cast("Any", self.server))


def test_what_comes_before_the_upstream_has_answered_is_bounded_and_passed_on() -> None:
    async def play() -> None:
        bench = Bench(latency=0)
        await bench.client_arrives()
        bench.connection.client.data_received(b"one read")
        assert bench.client.paused == [True]
        bench.connection.client.eof_received()
        bench.upstream_answers()
        assert bench.client.paused == [True, False]
        assert bench.server.written == b"one read"
        assert bench.server.closed
        bench.connection.abort()

    asyncio.run(play())


def test_it_is_gone_when_both_sockets_are_and_not_before() -> None:
    async def play() -> None:
        bench = Bench()
        await bench.client_arrives()
        bench.upstream_answers()
        bench.connection.client.data_received(b"held")
        bench.connection.server.connection_lost(None)
        assert bench.gone == []
        assert bench.connection.pipes["upstream"].stages["l"].held == 4
        bench.connection.client.connection_lost(None)
        assert bench.gone == [bench.connection]
        assert bench.connection.pipes["upstream"].stages["l"].held == 0

    asyncio.run(play())


def test_a_client_that_arrives_after_the_proxy_was_stopped_is_turned_away() -> None:
    async def play() -> None:
        bench = Bench()
        bench.connection.abort()
        await bench.client_arrives()
        assert bench.client.aborted
        assert bench.connection.dialling is None

    asyncio.run(play())


def test_a_client_that_leaves_while_it_is_dialled_for_ends_the_dialling() -> None:
    async def play() -> None:
        bench = Bench()
        await bench.client_arrives()
        dialling = bench.connection.dialling
        assert dialling is not None
        bench.connection.client.connection_lost(None)
        await asyncio.wait([dialling], timeout=10)
        assert dialling.cancelled()
        bench.upstream_answers()
        assert bench.server.aborted
        assert bench.connection.pipes == {}

    asyncio.run(play())
