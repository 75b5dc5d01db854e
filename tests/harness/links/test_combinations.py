"""Toxics together on one link, added, changed and removed in any order while data flows both ways."""

import socket
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.links.fuzz import below
from tests.harness.links.sockets import how_it_ends

if TYPE_CHECKING:
    from tests.harness.links.conftest import Link

STEPS = 80
DATA = Random("data").getrandbits(8 << 20).to_bytes(1 << 20, "big")
Toxic = tuple[str, dict[str, int]]
SLOWS: list[Callable[[Random], Toxic]] = [
    lambda random: ("latency", {"latency": below(random, 40), "jitter": below(random, 20)}),
    lambda random: ("bandwidth", {"rate": 500 + below(random, 5_000)}),
    lambda random: (
        "slicer",
        {"average_size": 500 + below(random, 900), "size_variation": 99, "delay": below(random, 50)},
    ),
    lambda random: ("slow_close", {"delay": below(random, 20)}),
    lambda _random: ("noop", {}),
]
CUTS: list[Callable[[Random], Toxic]] = [
    lambda random: ("timeout", {"timeout": 40 * below(random, 2)}),
    lambda random: ("limit_data", {"bytes": below(random, 90_000)}),
    lambda random: ("reset_peer", {"timeout": below(random, 20)}),
]
BLOCKS: list[Callable[[Random], Toxic]] = [
    lambda _random: ("bandwidth", {"rate": 0}),
    lambda _random: ("latency", {"latency": 60_000}),
]


class Side:
    """What one socket sends and the other receives."""

    def __init__(self, source: socket.socket, destination: socket.socket) -> None:
        self.source = source
        self.destination = destination
        self.sent = 0
        self.received = bytearray()
        self.ended = False
        for sock in source, destination:
            sock.settimeout(0)

    def send(self, size: int) -> None:
        try:
            self.sent += self.source.send(DATA[self.sent : self.sent + size])
        except BlockingIOError:
            pass
        except OSError:
            self.ended = True

    def receive(self) -> bool:
        """Whether there may be more by now."""
        try:
            data = self.destination.recv(1 << 20)
        except BlockingIOError:
            return False
        except ConnectionResetError:
            data = b""
        self.received += data
        self.ended = self.ended or not data
        return bool(data)

    def receive_all(self) -> None:
        self.destination.settimeout(10)
        while len(self.received) < self.sent and self.receive():
            pass


class Flow:
    """What arrives is a prefix of what was sent, and all of it if no toxic cut it."""

    def __init__(self, link: "Link", random: Random, kinds: list[Callable[[Random], Toxic]]) -> None:
        self.link = link
        self.random = random
        self.kinds = kinds
        client, far = link.open()
        self.sides = Side(client, far), Side(far, client)
        self.there: dict[str, Toxic] = {}
        self.cut = False

    def step(self) -> None:
        for side in self.sides:
            side.send(below(self.random, 4_000))
        if self.random.random() < 0.6:
            self.act("abcd"[below(self.random, 4)])
        for side in self.sides:
            side.receive()
            assert DATA.startswith(side.received)
            assert len(side.received) <= side.sent
            assert self.cut or not side.ended

    def act(self, name: str) -> None:
        kind, attributes = self.kinds[below(self.random, len(self.kinds))](self.random)
        if name not in self.there:
            self.there[name] = kind, attributes
            self.cut = self.cut or kind in ("timeout", "limit_data", "reset_peer")
            stream = "upstream" if self.random.random() < 0.6 else "downstream"
            self.call("POST", "", {"name": name, "type": kind, "stream": stream, "attributes": attributes}, 200)
        elif kind == self.there[name][0]:
            self.call("PATCH", f"/{name}", {"attributes": attributes}, 200)
        else:
            del self.there[name]
            self.call("DELETE", f"/{name}", None, 204)

    def call(self, method: str, path: str, body: Any, expected: int) -> None:
        answer = self.link.server.call(method, f"/proxies/{self.link.name}/toxics{path}", body)
        assert answer.status == expected, answer

    def end(self) -> int:
        """How many bytes arrived."""
        assert self.link.server.call("POST", "/reset").status == 204
        for side in self.sides:
            side.receive_all()
            assert DATA[: side.sent].startswith(side.received)
            assert len(side.received) == side.sent or self.cut
        for side in self.sides:
            side.source.close()
        return sum(len(side.received) for side in self.sides)


@pytest.mark.parametrize("seed", range(12))
def test_toxics_that_delay_lose_nothing(link: "Link", seed: int) -> None:
    flow = Flow(link, Random(f"{seed}/slows"), SLOWS)
    for _ in range(STEPS):
        flow.step()
    assert flow.end() > 0


def test_any_toxics_let_a_prefix_through(own_link: "Link") -> None:
    """Not on the real server, which may hang when a link is full, or was cut (differences.py)."""
    arrived = 0
    for seed in range(60):
        flow = Flow(own_link, Random(f"{seed}/any"), SLOWS + CUTS + BLOCKS)
        for _ in range(STEPS):
            flow.step()
        arrived += flow.end()
    assert arrived > 0


def test_every_order_of_levers_can_be_pulled_and_let_go(own_link: "Link") -> None:
    """A link works again after everything that a plan can do to it, in whatever order."""
    levers: list[Toxic] = [
        ("timeout", {"timeout": 0}),
        ("latency", {"latency": 5, "jitter": 5}),
        ("bandwidth", {"rate": 500}),
        ("slicer", {"average_size": 50, "size_variation": 10, "delay": 5}),
        ("limit_data", {"bytes": 500}),
        ("reset_peer", {"timeout": 0}),
    ]
    order = Random("order")
    for _ in range(60):
        client, far = own_link.open()
        for each in order.sample(levers, len(levers)):
            own_link.add(each[0], order.choice(["upstream", "downstream"]), **each[1])
            Side(client, far).send(200)
            Side(far, client).send(200)
        for kind, _ in order.sample(levers, len(levers)):
            own_link.remove(kind)
        for sock in client, far:
            sock.close()
        client, far = own_link.open()
        client.sendall(b"as new")
        assert far.recv(100) == b"as new"
        client.close()
        assert how_it_ends(far) == "FIN"
