"""Toxics together on one link, added, changed and removed in any order while data flows both ways."""

import random
import socket
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.harness.links.sockets import how_it_ends

if TYPE_CHECKING:
    from tests.harness.links.conftest import Link

LIKE_THIS = settings(
    max_examples=25, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
DATA = random.Random("data").getrandbits(8 << 20).to_bytes(1 << 20, "big")
Toxic = tuple[str, dict[str, int]]
small = st.integers(0, 20)
slows: st.SearchStrategy[Toxic] = st.one_of(
    st.tuples(st.just("latency"), st.fixed_dictionaries({"latency": small, "jitter": small})),
    st.tuples(st.just("bandwidth"), st.fixed_dictionaries({"rate": st.integers(1_000, 9_000)})),
    st.tuples(
        st.just("slicer"),
        st.fixed_dictionaries({"average_size": st.integers(500, 2_000), "size_variation": small, "delay": small}),
    ),
    st.tuples(st.just("slow_close"), st.fixed_dictionaries({"delay": small})),
    st.tuples(st.just("noop"), st.just({})),
)
cuts: st.SearchStrategy[Toxic] = st.one_of(
    st.tuples(st.just("timeout"), st.fixed_dictionaries({"timeout": st.sampled_from([0, 0, 10])})),
    st.tuples(st.just("limit_data"), st.fixed_dictionaries({"bytes": st.integers(0, 100_000)})),
    st.tuples(st.just("reset_peer"), st.fixed_dictionaries({"timeout": small})),
    st.tuples(st.just("bandwidth"), st.just({"rate": 0})),
    st.tuples(st.just("latency"), st.just({"latency": 60_000})),
)
streams = st.sampled_from(["upstream", "downstream"])
names = st.sampled_from("abcdef")


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


class Flow(RuleBasedStateMachine):
    """What arrives is a prefix of what was sent, and all of it if no toxic cut it."""

    link: "Link"
    toxics: st.SearchStrategy[Toxic]

    @initialize()
    def begin(self) -> None:
        client, far = self.link.open()
        self.sides = Side(client, far), Side(far, client)
        self.there: dict[str, str] = {}
        self.cut = False

    @rule(side=st.sampled_from([0, 1]), size=st.integers(1, 5_000))
    def send(self, side: int, size: int) -> None:
        self.sides[side].send(size)

    @rule(name=names, stream=streams, data=st.data())
    def add_or_remove(self, name: str, stream: str, data: st.DataObject) -> None:
        if name in self.there:
            del self.there[name]
            self.call("DELETE", f"/{name}", None, 204)
        else:
            kind, attributes = data.draw(self.toxics)
            self.there[name] = kind
            self.cut = self.cut or kind in ("timeout", "limit_data", "reset_peer")
            body = {"name": name, "type": kind, "stream": stream, "attributes": attributes}
            self.call("POST", "", body, 200)

    @rule(name=names, data=st.data())
    def change(self, name: str, data: st.DataObject) -> None:
        if name in self.there:
            kind = self.there[name]
            _, attributes = data.draw(self.toxics.filter(lambda toxic: toxic[0] == kind))
            self.call("PATCH", f"/{name}", {"attributes": attributes}, 200)

    def call(self, method: str, path: str, body: Any, expected: int) -> None:
        answer = self.link.server.call(method, f"/proxies/{self.link.name}/toxics{path}", body)
        assert answer.status == expected, answer

    @invariant()
    def a_prefix_has_arrived(self) -> None:
        for side in self.sides:
            side.receive()
            assert DATA.startswith(side.received)
            assert len(side.received) <= side.sent
            assert self.cut or not side.ended

    def teardown(self) -> None:
        assert self.link.server.call("POST", "/reset").status == 204
        for side in self.sides:
            side.receive_all()
            assert DATA[: side.sent].startswith(side.received)
            assert len(side.received) == side.sent or self.cut
        for side in self.sides:
            side.source.close()


def run(link: "Link", with_toxics: st.SearchStrategy[Toxic]) -> None:
    class Here(Flow):
        toxics = with_toxics

    Here.link = link
    run_state_machine_as_test(Here, settings=LIKE_THIS)


def test_toxics_that_delay_lose_nothing(link: "Link") -> None:
    run(link, slows)


def test_any_toxics_let_a_prefix_through(own_link: "Link") -> None:
    """Not on the real server, which may hang when a link is full, or was cut (differences.py)."""
    run(own_link, slows | cuts)


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
    order = random.Random("order")
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
