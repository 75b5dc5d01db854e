"""Pauses and levers of links at the same time: when the real server could hang, when it does, and what is chosen."""

import socket
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from toxiproxy import Proxy

from harness.faults.kinds import Fault
from harness.plan import MS, Plan
from harness.stages.processes.links.control import Control, Toxic
from harness.stages.processes.links.link import LinkError
from harness.stages.processes.links.safety import MARGIN_NS, choose, danger, room_bytes
from harness.stages.processes.links.server import VARIABLE
from harness.wrong import Wrong
from replicas.store.policy import Policy
from tests.harness.links.sockets import read
from tests.harness.plans import small_plan
from workloads.operations import Operation

if TYPE_CHECKING:
    from tests.harness.links.conftest import Link, Server

S = 1_000 * MS
ROOM = 2_000_000
LATE = Toxic("late", "latency", "upstream", {"latency": 1, "jitter": 0})
BLOCK = Toxic("block", "timeout", "upstream", {"timeout": 0})


def plan(*faults: Fault, value_bytes: int = 100_000, puts: int = 30, policy: Policy | None = None) -> Plan:
    """Puts of large values, one every 100 ms from the tenth second on; 3 MB in all if nothing else is said."""
    operations = [
        Operation(number, 10 * S + number * 100 * MS, "c1", "r1", "put", "k", f"{number}".ljust(value_bytes, "x"))
        for number in range(puts)
    ]
    calm = policy or Policy(anti_entropy="none", hints="none")
    return msgspec.structs.replace(
        small_plan(), operations=operations, faults=list(faults), unrest_ns=60 * S, policy=calm
    )


def pause(start_s: float = 10, end_s: float = 13, node: str = "r2", kind: str = "pause") -> Fault:
    beats = {"beat_on_ns": 20 * MS, "beat_off_ns": 10 * MS} if kind == "slow" else {}
    return Fault("f1", kind, [node], int(start_s * S), int(end_s * S), beats)


def other(kind: str, targets: list[str], start_s: float, end_s: float, **parameters: int) -> Fault:
    return Fault("f2", kind, targets, int(start_s * S), int(end_s * S), parameters)


def test_the_danger_is_said_in_words() -> None:
    why = danger(plan(pause(), other("isolate", ["r2"], 11, 12)), ROOM)
    assert why is not None
    for part in ("f1 (pause) stops r2", "f2 (isolate)", "3.0 MB", "2.0 MB"):
        assert part in why


@pytest.mark.parametrize(
    "change",
    [
        other("isolate", ["r2"], 1, 12),
        other("isolate", ["r2"], 12, 30),
        other("isolate", ["r1"], 11, 12),
        other("one-way", ["r3", "r2"], 11, 12),
        other("isolate", ["r2"], 13 + 0.9 * MARGIN_NS / S, 30),
        other("flapping", ["r1", "r2"], 1, 30, beat_on_ns=50 * MS, beat_off_ns=50 * MS),
        other("latency", ["r2"], 11, 30, delay_ns=10 * MS, jitter_ns=0),
        other("lost-request", ["r2"], 11, 30),
    ],
    ids=lambda fault: f"{fault.kind} {fault.start_ns / S:g}..{fault.end_ns / S:g}",
)
def test_a_change_of_a_link_into_a_stopped_node_is_dangerous(change: Fault) -> None:
    assert danger(plan(pause(), change), ROOM)
    assert danger(plan(pause(kind="slow"), change), ROOM)
    assert danger(plan(change, pause()), ROOM)


@pytest.mark.parametrize(
    "change",
    [
        other("isolate", ["r2"], 1, 30),
        other("isolate", ["r2"], 1, 8),
        other("isolate", ["r2"], 15, 30),
        other("one-way", ["r2", "r3"], 11, 12),
        other("lost-reply", ["r2"], 11, 12),
        other("lost-request", ["r1"], 11, 12),
        other("refused", ["r2"], 11, 12),
        other("kill", ["r1"], 11, 12),
    ],
    ids=lambda fault: f"{fault.kind} {fault.start_ns / S:g}..{fault.end_ns / S:g}",
)
def test_no_danger_where_nothing_that_is_full_changes(change: Fault) -> None:
    assert danger(plan(pause(), change), ROOM) is None


def test_no_danger_without_a_pause_nor_without_a_change() -> None:
    assert danger(plan(other("isolate", ["r2"], 11, 12)), ROOM) is None
    assert danger(plan(pause()), ROOM) is None


def test_no_danger_where_less_can_wait_than_there_is_room() -> None:
    faults = pause(), other("isolate", ["r2"], 11, 12)
    assert danger(plan(*faults, value_bytes=10), ROOM) is None
    assert danger(plan(*faults), 10 * ROOM) is None
    early = pause(1, 4), other("isolate", ["r2"], 2, 3)
    assert danger(plan(*early), ROOM) is None, "nothing was due yet"


def test_a_read_may_bring_the_largest_value_as_a_repair() -> None:
    faults = pause(), other("isolate", ["r2"], 11, 12)
    written = plan(*faults, puts=1)
    reads = [Operation(100 + at, 11 * S + at, "c2", "r1", "get", "k") for at in range(30)]
    assert danger(written, ROOM) is None
    assert danger(msgspec.structs.replace(written, operations=[*written.operations, *reads]), ROOM)


@pytest.mark.parametrize("more", [{"repair_attempts_max": 3}, {"repair_attempts_max": 2, "repair_whom": "all"}])
def test_a_repair_that_is_sent_again_waits_again(more: dict[str, Any]) -> None:
    """1.3 MB where each is sent once, and three times that."""
    faults = pause(), other("isolate", ["r2"], 11, 12)
    reads = [Operation(100 + at, 11 * S + at, "c2", "r1", "get", "k") for at in range(12)]
    calm = plan(*faults, puts=1)
    calm = msgspec.structs.replace(calm, operations=[*calm.operations, *reads])
    assert danger(calm, ROOM) is None
    policy = msgspec.structs.replace(calm.policy, **more)
    assert "3.7 MB wait" in str(danger(msgspec.structs.replace(calm, policy=policy), ROOM))


@pytest.mark.parametrize("policy", [Policy(hints="none"), Policy(anti_entropy="none", hints="handoff")])
def test_what_was_written_before_comes_back_with_anti_entropy_and_hints(policy: Policy) -> None:
    """At 30 s no client asks for anything any more."""
    faults = pause(30, 33), other("isolate", ["r2"], 31, 32)
    loaded = plan(*faults, policy=policy)
    keys = [msgspec.structs.replace(each, key=f"k{each.id}") for each in loaded.operations]
    loaded = msgspec.structs.replace(loaded, operations=keys)
    assert danger(loaded, ROOM)
    calm = Policy(anti_entropy="none", hints="none")
    assert danger(msgspec.structs.replace(loaded, policy=calm), ROOM) is None


def test_a_wiped_node_that_is_stopped_may_have_been_sent_all() -> None:
    faults = pause(30, 33), other("isolate", ["r2"], 31, 32)
    wipe = Fault("f3", "wipe", ["r2"], 20 * S, 25 * S)
    loaded = plan(*faults)
    keys = [msgspec.structs.replace(each, key=f"k{each.id}") for each in loaded.operations]
    loaded = msgspec.structs.replace(loaded, operations=keys)
    assert danger(loaded, ROOM) is None
    assert danger(msgspec.structs.replace(loaded, faults=[*loaded.faults, wipe]), ROOM)


@pytest.fixture
def some_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Something that can be run and is named as the server."""
    program = tmp_path / "server"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv(VARIABLE, str(program))
    return str(program)


def test_the_stand_in_is_chosen_for_a_dangerous_plan_and_says_why(some_server: str) -> None:
    dangerous = plan(pause(), other("isolate", ["r2"], 11, 12), puts=300)
    choice = choose(dangerous, "auto")
    assert choice.name == "stand-in"
    assert "f1 (pause) stops r2 while f2 (isolate)" in choice.found
    with pytest.raises(Wrong) as raised:
        choose(dangerous, "toxiproxy")
    assert raised.value.place == "--proxy toxiproxy"
    assert "f1 (pause)" in raised.value.what
    assert "--proxy stand-in" in raised.value.remedy
    assert choose(dangerous, "stand-in").name == "stand-in"


def test_toxiproxy_is_chosen_for_a_plan_that_is_safe(some_server: str) -> None:
    for prefer in ("auto", "toxiproxy"):
        assert choose(small_plan(), prefer).command == (some_server,)


# What the two servers do. A socket that nobody reads is what a stopped process has.


def filled(client: socket.socket, size: int, piece_bytes: int = 65536) -> int:
    """Sends so much, or what there is room for."""
    sent = 0
    client.settimeout(0.3)
    with suppress(TimeoutError):
        while sent < size:
            sent += client.send(bytes(min(piece_bytes, size - sent)))
    return sent


MORE_THAN_FITS = 1 << 26


@pytest.fixture
def fresh(start: "Callable[..., Server]", make_link: "Callable[[Server], Link]") -> "Callable[[str], Link]":
    """A link through a server of its own: it may hang."""
    return lambda kind: make_link(start(kind))


def orders(link: "Link") -> Control:
    control = Control(link.server.host, link.server.port)
    control._proxies = {link.name: Proxy(name=link.name, listen=link.listen, upstream="", enabled=True)}
    return control


@pytest.mark.parametrize("call", ["add", "remove"])
def test_the_real_server_hangs_on_a_link_that_is_full_but_no_call_does(
    fresh: "Callable[[str], Link]", call: str
) -> None:
    """And comes back when somebody reads."""
    link = fresh("toxiproxy")
    client, far = link.open()
    with closing(orders(link)) as control:
        if call == "remove":
            control.add(link.name, LATE)
        sent = filled(client, MORE_THAN_FITS)
        assert room_bytes() < sent < MORE_THAN_FITS
        with pytest.raises(LinkError) as raised:
            getattr(control, call)(link.name, LATE)
        assert "within 5 s" in raised.value.why
        assert "issue 558" in raised.value.remedy
        read(far, sent)
        assert [toxic.name for toxic in control.shown()[link.name].toxics] == ([LATE.name] if call == "add" else [])


@pytest.mark.parametrize("kind", ["toxiproxy", "stand-in"])
@pytest.mark.parametrize("piece_bytes", [100, 65536])
def test_with_as_much_as_there_is_room_for_both_do_what_they_are_told(
    fresh: "Callable[[str], Link]", kind: str, piece_bytes: int
) -> None:
    link = fresh(kind)
    client, _far = link.open()
    with closing(orders(link)) as control:
        control.add(link.name, LATE)
        assert filled(client, room_bytes(), piece_bytes) == room_bytes()
        control.remove(link.name, LATE)
        control.add(link.name, BLOCK)
        control.remove(link.name, BLOCK)
        assert control.shown()[link.name].toxics == []


def test_the_stand_in_does_what_it_is_told_however_full_a_link_is(fresh: "Callable[[str], Link]") -> None:
    link = fresh("stand-in")
    client, _far = link.open()
    with closing(orders(link)) as control:
        control.add(link.name, LATE)
        assert filled(client, MORE_THAN_FITS) < MORE_THAN_FITS
        control.remove(link.name, LATE)
        control.add(link.name, BLOCK)
        control.remove(link.name, BLOCK)
        assert control.shown()[link.name].toxics == []


@pytest.mark.parametrize("kind", ["toxiproxy", "stand-in"])
def test_to_disable_hangs_on_neither(fresh: "Callable[[str], Link]", kind: str) -> None:
    link = fresh(kind)
    client, _far = link.open()
    with closing(orders(link)) as control:
        assert filled(client, MORE_THAN_FITS) < MORE_THAN_FITS
        control.disable(link.name)
        control.enable(link.name)
        assert control.shown()[link.name].enabled
