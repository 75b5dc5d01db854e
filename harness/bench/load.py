"""A load generator in a process of its own: clients that ask as fast as they are answered, a connection a node."""

import asyncio
import sys
import time  # noqa: TID251 - this measures
from random import Random
from typing import cast

import msgspec
import uvloop

from replicas.store.frames import Frames, frame
from replicas.store.visits import Answer, Get, Hello, Put
from replicas.system import Address


class Order(msgspec.Struct):
    """Half of the operations are reads. `warm_s` is not counted."""

    doors: list[Address]
    clients: int
    seconds: float
    warm_s: float
    keys: int
    value_bytes: int


class Yield(msgspec.Struct):
    operations: int
    seconds: float
    p50_ms: float
    p99_ms: float
    not_ok: int


class Door(asyncio.Protocol):
    """One connection to one node for many clients, as a driver has it: requests of one tick leave together."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._frames = Frames()
        self._out = bytearray()
        self._waiting: dict[int, asyncio.Future[Answer]] = {}
        self.greeted: asyncio.Future[None] = loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by inheritance
        self._transport.write(frame(Hello("client", "bench")))

    def ask(self, message: Get | Put) -> asyncio.Future[Answer]:
        answer = self._waiting[message.op] = self._loop.create_future()
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out += frame(message)
        return answer

    def _flush(self) -> None:
        self._transport.write(self._out)
        self._out = bytearray()

    def data_received(self, data: bytes) -> None:
        for message in self._frames.feed(data):
            if isinstance(message, Answer):
                self._waiting.pop(message.op).set_result(message)
            elif not self.greeted.done():
                self.greeted.set_result(None)


async def _client(number: int, door: Door, order: Order, stop: float, warm: float, latencies: list[float]) -> int:
    random = Random(f"bench/{number}")
    value = "x" * order.value_bytes
    operation, not_ok = number, 0
    while (begun := time.perf_counter()) < stop:
        operation += order.clients
        key = f"k{random.getrandbits(30) % order.keys}"
        message = Get(operation, key, None) if random.getrandbits(1) else Put(operation, key, value, None)
        answer = await door.ask(message)
        if begun >= warm:
            latencies.append(time.perf_counter() - begun)
            not_ok += answer.outcome != "ok"
    return not_ok


async def _drive(order: Order) -> Yield:
    loop = asyncio.get_running_loop()
    doors = [(await loop.create_connection(lambda: Door(loop), *address))[1] for address in order.doors]
    latencies: list[float] = []
    async with asyncio.timeout(order.warm_s + order.seconds + 20):
        await asyncio.gather(*(door.greeted for door in doors))
        now = time.perf_counter()
        warm, stop = now + order.warm_s, now + order.warm_s + order.seconds
        clients = (
            _client(number, doors[number % len(doors)], order, stop, warm, latencies) for number in range(order.clients)
        )
        failed = await asyncio.gather(*clients)
    latencies.sort()
    p50, p99 = (latencies[int(len(latencies) * share)] * 1e3 for share in (0.5, 0.99))
    return Yield(len(latencies), order.seconds, p50, p99, sum(failed))


if __name__ == "__main__":
    given = msgspec.json.decode(sys.argv[1], type=Order)
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(_drive(given))))
