"""A load generator in a process of its own: clients that ask as fast as they are answered, over real connections."""

import asyncio
import sys
import time  # noqa: TID251 - this measures
from random import Random

import msgspec
import uvloop

from replicas.store.client import Connection
from replicas.store.messages import Answer, Get, Hello, Put
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


async def _client(number: int, order: Order, stop: float, warm: float, latencies: list[float]) -> int:
    door = order.doors[number % len(order.doors)]
    connection = await Connection.open(door, Hello("client", f"bench-{number}"), 5.0)
    random = Random(f"bench/{number}")
    value = "x" * order.value_bytes
    operation, not_ok = 0, 0
    while (begun := time.perf_counter()) < stop:
        operation += 1
        key = f"k{random.getrandbits(30) % order.keys}"
        message = Get(operation, key, None) if random.getrandbits(1) else Put(operation, key, value, None)
        answer = await connection.ask(message, Answer, 5.0)
        if begun >= warm:
            latencies.append(time.perf_counter() - begun)
            not_ok += answer.outcome != "ok"
    connection.close()
    return not_ok


async def _drive(order: Order) -> Yield:
    now = time.perf_counter()
    warm, stop = now + order.warm_s, now + order.warm_s + order.seconds
    latencies: list[float] = []
    failed = await asyncio.gather(*(_client(i, order, stop, warm, latencies) for i in range(order.clients)))
    latencies.sort()
    p50, p99 = (latencies[int(len(latencies) * share)] * 1e3 for share in (0.5, 0.99))
    return Yield(len(latencies), order.seconds, p50, p99, sum(failed))


if __name__ == "__main__":
    given = msgspec.json.decode(sys.argv[1], type=Order)
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(_drive(given))))
