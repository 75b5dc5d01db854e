"""What each lever does to clients, on one node whose every delay is known: a way takes 1 ms, a commit 0.1 ms."""

import pytest

from checkers.history import Change, Return
from harness.levers import Action
from harness.stages.processes.clients import GREETING_DEADLINE_S
from harness.stages.simulation.clients import GREETING_DEADLINE_NS
from replicas.store.visits import Answer, Get, Greeting, Hello
from tests.harness.simulation.worlds import (
    CONNECT,
    MS,
    READ,
    REPLIES,
    REQUESTS,
    SYNC,
    TIMEOUT,
    WAY,
    WRITE,
    S,
    Stage,
    asked,
    plan_of,
    pull,
    size_of,
    stage_of,
)

HELLO = size_of(Hello("client", "c1.1"))
GET = size_of(Get(1, "k0", None))


def sessions(stage: Stage) -> list[str]:
    return [event.session for event in stage.simulation.events if isinstance(event, Return)]


def test_a_session_connects_once() -> None:
    operations = [asked(1, 100 * MS), asked(2, 200 * MS), asked(3, 300 * MS, "put"), asked(4, 300 * MS, client="c2")]
    assert Stage(plan_of(operations)).run() == {
        1: ("ok", CONNECT + READ),
        2: ("ok", READ),
        3: ("ok", WRITE),
        4: ("ok", CONNECT + READ),
    }


def test_blocked_requests_never_arrive_whether_or_not_the_client_was_connected() -> None:
    """It connects all the same: the greeting comes the other way. Either way nothing is written."""
    operations = [asked(1, 100 * MS), asked(2, 200 * MS, "put"), asked(3, 210 * MS, "put", client="c2")]
    stage = Stage(plan_of(operations))
    stage.on(150 * MS, pull("block", REQUESTS))
    assert stage.run() == {1: ("ok", CONNECT + READ), 2: ("unknown", TIMEOUT), 3: ("unknown", CONNECT + TIMEOUT)}
    assert not [event for event in stage.simulation.events if isinstance(event, Change)]


def test_a_blocked_reply_is_lost_and_what_was_asked_is_done() -> None:
    operations = [asked(1, 100 * MS), asked(2, 200 * MS, "put")]
    stage = Stage(plan_of(operations))
    stage.on(150 * MS, pull("block", REPLIES))
    assert stage.run() == {1: ("ok", CONNECT + READ), 2: ("unknown", TIMEOUT)}
    changes = [event for event in stage.simulation.events if isinstance(event, Change)]
    assert [(change.at, change.origin) for change in changes] == [(200 * MS + WAY + SYNC, "op 2")]


def test_without_a_greeting_nothing_is_asked() -> None:
    stage = stage_of(100, 200)
    stage.on(50 * MS, pull("block", REPLIES))
    assert stage.run() == {1: ("failed", GREETING_DEADLINE_NS), 2: ("failed", GREETING_DEADLINE_NS)}
    assert sessions(stage) == ["c1.1", "c1.1"]
    assert round(GREETING_DEADLINE_S * S) == GREETING_DEADLINE_NS, "as on processes"


def test_to_open_a_blocked_link_ends_its_connections() -> None:
    """One that waits for an answer finds out at once, one that is idle at its next use."""
    operations = [
        asked(1, 100 * MS),
        asked(2, 200 * MS),
        asked(3, 110 * MS, client="c2"),
        asked(4, 400 * MS, client="c2"),
    ]
    stage = Stage(plan_of(operations))
    stage.on(150 * MS, pull("block", REQUESTS))
    stage.off(300 * MS, pull("block", REQUESTS))
    assert stage.run() == {
        1: ("ok", CONNECT + READ),
        2: ("unknown", 100 * MS),
        3: ("ok", CONNECT + READ),
        4: ("unknown", 0),
    }


def test_refuse_ends_what_is_asked_and_refuses_what_is_new() -> None:
    operations = [asked(1, 100 * MS, "put"), asked(2, 150 * MS), asked(3, 250 * MS)]
    stage = Stage(plan_of(operations))
    stage.on(102 * MS + 1, pull("refuse", REQUESTS))
    stage.off(200 * MS, pull("refuse", REQUESTS))
    assert stage.run() == {1: ("unknown", 2 * MS + 1), 2: ("failed", 0), 3: ("ok", CONNECT + READ)}
    assert sessions(stage) == ["c1.1", "c1.2", "c1.2"]
    assert not [event for event in stage.simulation.events if isinstance(event, Change)], "it was still on its way"


def test_a_connection_that_is_refused_before_its_greeting_is_a_definite_failure() -> None:
    stage = stage_of(100)
    stage.on(101 * MS, pull("refuse", REQUESTS))
    assert stage.run() == {1: ("failed", WAY)}


def test_reset_lets_a_client_connect_and_loses_its_request() -> None:
    stage = stage_of(100, 200, 300, 400)
    stage.on(150 * MS, pull("reset", REQUESTS))
    stage.off(350 * MS, pull("reset", REQUESTS))
    assert stage.run() == {
        1: ("ok", CONNECT + READ),
        2: ("unknown", 0),
        3: ("unknown", CONNECT),
        4: ("ok", CONNECT + READ),
    }


def test_delay_of_requests_spares_the_greeting() -> None:
    stage = stage_of(100, 300)
    stage.on(50 * MS, pull("delay", REQUESTS, delay_ns=70 * MS, jitter_ns=0))
    assert stage.run() == {1: ("ok", CONNECT + READ + 70 * MS), 2: ("ok", READ + 70 * MS)}


def test_delay_of_replies_delays_the_greeting_too() -> None:
    stage = stage_of(100, 300)
    stage.on(50 * MS, pull("delay", REPLIES, delay_ns=70 * MS, jitter_ns=0))
    assert stage.run() == {1: ("ok", CONNECT + READ + 140 * MS), 2: ("ok", READ + 70 * MS)}


def test_bandwidth_of_each_direction() -> None:
    """At 1,000 bytes a second, each byte takes 1 ms."""
    answer = size_of(Answer(1, "ok"))
    stage = stage_of(100)
    stage.on(0, pull("bandwidth", REQUESTS, bytes_per_s=1000))
    assert stage.run() == {1: ("ok", CONNECT + READ + (HELLO + GET) * MS)}
    stage = stage_of(100)
    stage.on(0, pull("bandwidth", REPLIES, bytes_per_s=1000))
    assert stage.run() == {1: ("ok", CONNECT + READ + (size_of(Greeting("r1", "r1.1")) + answer) * MS)}


def test_slices_of_a_request() -> None:
    stage = stage_of(100)
    stage.on(0, pull("slice", REQUESTS, piece_bytes=10, gap_ns=2 * MS))
    pieces = len(range(0, HELLO + GET, 10))
    assert stage.run() == {1: ("ok", CONNECT + READ + pieces * 2 * MS)}


def test_each_connection_has_a_bandwidth_of_its_own() -> None:
    operations = [asked(number, 100 * MS, client=f"c{number}") for number in (1, 2)]
    stage = Stage(plan_of(operations))
    stage.on(0, pull("bandwidth", REQUESTS, bytes_per_s=1000))
    took = ("ok", CONNECT + READ + (HELLO + GET) * MS)
    assert stage.run() == {1: took, 2: took}


def test_cut_counts_the_bytes_of_a_connection() -> None:
    """The first request fits with its Hello, the second crosses; after that it is the same again."""
    stage = stage_of(100, 200, 300, 400)
    stage.on(50 * MS, pull("cut", REQUESTS, after_bytes=HELLO + 2 * GET - 1))
    connected, lost = ("ok", CONNECT + READ), ("unknown", 0)
    assert stage.run() == {1: connected, 2: lost, 3: connected, 4: lost}


def test_a_cut_that_comes_later_counts_from_there() -> None:
    stage = stage_of(100, 200, 300)
    stage.on(150 * MS, pull("cut", REQUESTS, after_bytes=GET))
    assert stage.run() == {1: ("ok", CONNECT + READ), 2: ("ok", READ), 3: ("unknown", 0)}


@pytest.mark.parametrize("lever", ["kill", "stop", "wipe"])
def test_a_node_that_ends_takes_its_connections_along(lever: str) -> None:
    """c1 waits for an answer; c2 connects; c3 was connected and is idle; c4 comes while the node is down."""
    down = Action(lever, "r1")  # type: ignore[arg-type] # all three are levers
    operations = [
        asked(1, 200 * MS, client="c1"),
        asked(2, 202 * MS, client="c2"),
        asked(3, 100 * MS, client="c3"),
        asked(4, 400 * MS, client="c3"),
        asked(5, 250 * MS, client="c4"),
        asked(6, 500 * MS, client="c3"),
    ]
    stage = Stage(plan_of(operations))
    stage.on(203 * MS, down)
    stage.off(300 * MS, down)
    assert stage.run() == {
        1: ("unknown", 3 * MS),
        2: ("failed", MS),
        3: ("ok", CONNECT + READ),
        4: ("unknown", 0),
        5: ("failed", 0),
        6: ("ok", CONNECT + READ),
    }


def test_an_unknown_outcome_closes_all_connections_of_its_session() -> None:
    """Those to r2 too: the next operation there connects anew. c2 has the same connections and loses none."""
    operations = [
        asked(1, 100 * MS, node="r2"),
        asked(2, 150 * MS, node="r1"),
        asked(3, 200 * MS, node="r1"),
        asked(4, 300 * MS, node="r2"),
        asked(5, 100 * MS, node="r2", client="c2"),
        asked(6, 300 * MS, node="r2", client="c2"),
    ]
    stage = Stage(plan_of(operations, nodes=2))
    stage.on(180 * MS, pull("reset", REQUESTS))
    took = stage.run()
    assert took[3] == ("unknown", 0)
    assert took[4][1] == took[6][1] + CONNECT
    assert sessions(stage).count("c1.2") == 1


def test_what_was_asked_still_arrives_when_its_client_has_given_up() -> None:
    stage = Stage(plan_of([asked(1, 100 * MS, "put")]))
    stage.on(0, pull("delay", REQUESTS, delay_ns=S, jitter_ns=0))
    assert stage.run() == {1: ("unknown", CONNECT + TIMEOUT)}
    changes = [event for event in stage.simulation.events if isinstance(event, Change)]
    assert [change.at for change in changes] == [100 * MS + CONNECT + S + WAY + SYNC]


def test_a_request_that_is_held_leaves_when_the_lever_is_let_go() -> None:
    stage, delay = stage_of(100), pull("delay", REQUESTS, delay_ns=S, jitter_ns=0)
    stage.on(0, delay)
    stage.off(200 * MS, delay)
    assert stage.run() == {1: ("ok", 100 * MS + READ)}


ALL = [
    pull(action.lever, link, **dict(action.parameters))
    for link in (REQUESTS, REPLIES)
    for action in (
        pull("block", ""),
        pull("refuse", ""),
        pull("reset", ""),
        pull("delay", "", delay_ns=MS, jitter_ns=0),
        pull("bandwidth", "", bytes_per_s=1000),
        pull("slice", "", piece_bytes=1, gap_ns=1),
        pull("cut", "", after_bytes=1),
    )
]


@pytest.mark.parametrize("action", ALL, ids=[f"{action.lever} {action.target}" for action in ALL])
def test_a_lever_shows_that_it_is_pulled_and_leaves_no_trace(action: Action) -> None:
    stage = stage_of(100, 300)
    levers = stage.simulation.levers
    stage.on(10 * MS, action)
    stage.off(20 * MS, action)
    assert not levers.is_pulled(action)
    stage.simulation.world.run_until(15 * MS)
    assert levers.is_pulled(action)
    stage.simulation.world.run_until(20 * MS)
    assert not levers.is_pulled(action)
    assert stage.run() == {1: ("ok", CONNECT + READ), 2: ("ok", READ)}
