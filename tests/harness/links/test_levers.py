"""Levers of links on either server: what each becomes, what the server shows of it, and what letting go leaves."""

import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack, closing
from time import sleep  # noqa: TID251 - a real server needs real time
from typing import TYPE_CHECKING

import pytest

from harness.levers import LINK_LEVERS, Action, Lever
from harness.stages.processes.links.control import Control, Toxic
from harness.stages.processes.links.levers import LinkLevers, proxy_of, toxic_of
from harness.stages.processes.links.link import Link, LinkError
from harness.stages.processes.links.standin.toxics import KINDS
from tests.harness.links.sockets import read

if TYPE_CHECKING:
    from tests.harness.links.conftest import Server

MS = 1_000_000
PARAMETERS: dict[Lever, tuple[tuple[str, int], ...]] = {
    "delay": (("delay_ns", 3600_000 * MS), ("jitter_ns", 5 * MS)),
    "bandwidth": (("bytes_per_s", 1_000),),
    "slice": (("piece_bytes", 8), ("gap_ns", 50_000 * 1000)),
    "cut": (("after_bytes", 100),),
}
TARGETS = ("r1>r2", "clients>r2", "r2>clients")


def action(lever: Lever, target: str = "r1>r2") -> Action:
    return Action(lever, target, PARAMETERS.get(lever, ()))


def test_a_link_is_a_proxy_and_a_client_link_is_one_for_both_directions() -> None:
    assert [proxy_of(target) for target in TARGETS] == ["r1-to-r2", "clients-to-r2", "clients-to-r2"]


@pytest.mark.parametrize(
    ("lever", "kind", "attributes"),
    [
        ("block", "timeout", {"timeout": 0}),
        ("reset", "reset_peer", {"timeout": 0}),
        ("delay", "latency", {"latency": 3_600_000, "jitter": 5}),
        ("bandwidth", "bandwidth", {"rate": 1}),
        ("slice", "slicer", {"average_size": 8, "size_variation": 0, "delay": 50_000}),
        ("cut", "limit_data", {"bytes": 100}),
    ],
)
def test_units_are_those_of_the_toxics_and_no_attribute_is_left_out(
    lever: Lever, kind: str, attributes: dict[str, int]
) -> None:
    """The real server takes what is missing for 0, and dies of a slicer that cuts pieces of 0 bytes."""
    for target, stream in zip(TARGETS, ["upstream", "upstream", "downstream"], strict=True):
        toxic = toxic_of(action(lever, target))
        assert toxic is not None
        assert toxic[1:] == (kind, stream, attributes)
    assert set(attributes) == set(KINDS[kind].attributes.__struct_fields__)


def test_levers_that_may_overlap_have_names_of_their_own() -> None:
    actions = [action(lever, target) for lever in LINK_LEVERS for target in TARGETS]
    actions += [Action("cut", "r1>r2", (("after_bytes", 101),))]
    keys = [(proxy_of(each.target), toxic.name) for each in actions if (toxic := toxic_of(each)) is not None]
    assert len(set(keys)) == len(keys) == 3 * (len(LINK_LEVERS) - 1) + 1


def test_what_is_no_lever_of_a_link_is_refused() -> None:
    with pytest.raises(ValueError, match="kill is no lever of a link: those are block, refuse"):
        toxic_of(Action("kill", "r1"))


class Rig:
    """A link r1>r2 and the client link of r2, all to one socket of ours."""

    def __init__(self, server: "Server", control: Control, stack: ExitStack) -> None:
        self.kind = server.kind
        self.control = control
        self.levers = LinkLevers(control)
        self.stack = stack
        self.upstream = stack.enter_context(socket.create_server((server.host, 0)))
        self.upstream.settimeout(10)
        to = "{}:{}".format(*self.upstream.getsockname())
        control.create([Link(name, f"{server.host}:0", to) for name in ("r1-to-r2", "clients-to-r2")])
        self.listen = {name: str(each["listen"]) for name, each in server.call("GET", "/proxies").json.items()}

    def dial(self, target: str) -> socket.socket:
        host, _, port = self.listen[proxy_of(target)].rpartition(":")
        one = self.stack.enter_context(socket.create_connection((host, int(port)), timeout=10))
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return one

    def open(self, target: str = "r1>r2") -> tuple[socket.socket, socket.socket]:
        client = self.dial(target)
        far = self.stack.enter_context(self.upstream.accept()[0])
        far.settimeout(10)
        return client, far


@pytest.fixture
def rig(server: "Server") -> Iterator[Rig]:
    with closing(Control(server.host, server.port)) as control, ExitStack() as stack:
        control.wait_ready(10)
        yield Rig(server, control, stack)


def test_every_lever_shows_while_it_is_pulled_and_no_longer(rig: Rig) -> None:
    actions = [action(lever, target) for lever in LINK_LEVERS for target in TARGETS]
    assert set(rig.levers.shown(actions).values()) == {False}
    rig.levers.pull(actions)
    assert set(rig.levers.shown(actions).values()) == {True}
    rig.levers.let_go(actions)
    assert set(rig.levers.shown(actions).values()) == {False}
    assert list(rig.control.shown().values()) == [(True, []), (True, [])]


def test_a_toxic_with_other_attributes_is_not_the_lever(rig: Rig) -> None:
    toxic = toxic_of(action("delay"))
    assert toxic is not None
    rig.control.add("r1-to-r2", toxic._replace(attributes={"latency": 1, "jitter": 5}))
    assert rig.levers.shown([action("delay")]) == {action("delay"): False}


def test_a_proxy_that_is_gone_shows_nothing(rig: Rig, server: "Server") -> None:
    server.call("DELETE", "/proxies/r1-to-r2")
    actions = [action("refuse"), action("block")]
    assert set(rig.levers.shown(actions).values()) == {False}


def test_a_client_link_that_is_refused_in_both_directions_opens_with_the_last(rig: Rig) -> None:
    there, back = action("refuse", "clients>r2"), action("refuse", "r2>clients")
    rig.levers.pull([there, back])
    for first, last in ((there, back), (back, there)):
        rig.levers.let_go([first])
        assert rig.levers.shown([last]) == {last: True}
        rig.levers.pull([first])
    rig.levers.let_go([there])
    rig.levers.let_go([back])
    client, far = rig.open("clients>r2")
    client.sendall(b"open")
    assert far.recv(4) == b"open"


def test_bandwidth_ends_the_connections_and_leaves_the_other_levers_on(rig: Rig) -> None:
    client, far = rig.open()
    others = [action("cut"), action("delay"), action("refuse"), action("bandwidth", "clients>r2")]
    rig.levers.pull([*others, action("bandwidth")])
    rig.levers.let_go([action("bandwidth")])
    assert (client.recv(1), far.recv(1)) == (b"", b"")
    assert set(rig.levers.shown(others).values()) == {True}
    rig.levers.let_go(others)
    client, far = rig.open()
    client.sendall(b"open")
    assert far.recv(4) == b"open"


class Deaf(Control):
    """Says that it removed a toxic, and did not."""

    def remove(self, name: str, toxic: Toxic) -> None:
        """Not."""


def test_a_lever_that_stays_on_is_an_error(server: "Server", rig: Rig) -> None:
    with closing(Deaf(server.host, server.port)) as deaf:
        deaf._proxies = rig.control._proxies
        levers = LinkLevers(deaf)
        levers.pull([action("block")])
        with pytest.raises(LinkError, match="r1>r2: let block go: it is still on"):
            levers.let_go([action("block")])


@pytest.mark.parametrize("lever", ["delay", "slice"])
def test_what_was_held_is_passed_on_in_order_and_the_stream_goes_on(rig: Rig, lever: Lever) -> None:
    client, far = rig.open()
    rig.levers.pull([action(lever)])
    sent = bytes(range(250)) * 8
    for at in range(0, len(sent), 400):
        client.sendall(sent[at : at + 400])
        sleep(0.005)
    rig.levers.let_go([action(lever)])
    client.sendall(b"and on")
    assert read(far, len(sent) + 6) == sent + b"and on"


@pytest.mark.parametrize("ended_by", ["cut", "reset", "refuse", "death of the receiver"])
@pytest.mark.parametrize("lever", ["delay", "bandwidth", "slice"])
def test_a_lever_that_holds_something_is_let_go_though_nobody_takes_it(
    rig: Rig, lever: Lever, ended_by: Lever | str
) -> None:
    """The real server would wait five seconds for each piece, with the proxy locked: longer than a call may last."""
    client, far = rig.open()
    behind = [action(ended_by)] if ended_by in LINK_LEVERS else []
    rig.levers.pull([action(lever), *(each for each in behind if each.lever != "refuse")])
    for _ in range(5):
        try:
            client.sendall(bytes(400))
        except ConnectionError:
            break
        sleep(0.02)
    if ended_by == "refuse":
        rig.levers.pull(behind)
    elif not behind:
        far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        far.close()
    try:
        rig.levers.let_go([action(lever)])
    except LinkError as unanswered:
        if rig.kind == "stand-in" or "no answer" not in str(unanswered):
            raise
        # Seen once under load: it waits for a toxic with the proxy locked, the toxic for a writer that has just ended
        # for want of a receiver, and the end of the writer for the lock.
        pytest.xfail(str(unanswered))
    rig.levers.let_go(behind)
    client, far = rig.open()
    client.sendall(b"open")
    assert far.recv(4) == b"open"
