"""Clients of a node that is paused: it greets and answers when it goes on, those who are still there."""

from harness.stages.simulation.clients import GREETING_DEADLINE_NS
from replicas.store.records import Version
from replicas.store.visits import Answer, Greeting
from tests.harness.simulation.worlds import (
    CONNECT,
    MS,
    READ,
    REPLIES,
    REQUESTS,
    TIMEOUT,
    WAY,
    Stage,
    asked,
    plan_of,
    pull,
    size_of,
    stage_of,
)


def test_a_paused_node_greets_when_it_goes_on() -> None:
    stage = stage_of(100)
    stage.on(50 * MS, pull("pause", "r1"))
    stage.off(300 * MS, pull("pause", "r1"))
    assert stage.run() == {1: ("ok", 200 * MS + WAY + READ)}


def test_a_paused_node_does_not_greet_in_time() -> None:
    stage = stage_of(100)
    stage.on(50 * MS, pull("pause", "r1"))
    stage.off(900 * MS, pull("pause", "r1"))
    assert stage.run() == {1: ("failed", GREETING_DEADLINE_NS)}


def test_a_paused_node_that_ends_greets_nobody_and_is_not_paused_when_it_starts() -> None:
    stage = stage_of(100, 400)
    stage.on(50 * MS, pull("pause", "r1"))
    stage.on(200 * MS, pull("kill", "r1"))
    stage.off(300 * MS, pull("kill", "r1"))
    assert stage.run() == {1: ("failed", 100 * MS), 2: ("ok", CONNECT + READ)}


def test_a_paused_node_greets_nobody_over_a_connection_that_has_ended() -> None:
    stage = stage_of(100, 400)
    stage.on(50 * MS, pull("pause", "r1"))
    stage.on(200 * MS, pull("refuse", REQUESTS))
    stage.off(250 * MS, pull("refuse", REQUESTS))
    stage.on(260 * MS, pull("reset", REPLIES))
    stage.off(300 * MS, pull("pause", "r1"))
    stage.off(350 * MS, pull("reset", REPLIES))
    assert stage.run() == {1: ("failed", 100 * MS), 2: ("ok", CONNECT + READ)}


def test_an_answer_to_an_earlier_session_is_not_said_to_the_next() -> None:
    """It would not fit: only the greeting and one answer do."""
    stage = Stage(plan_of([asked(1, 100 * MS), asked(2, 200 * MS, "put"), asked(3, 200 * MS + TIMEOUT)]))
    stage.on(150 * MS, pull("pause", "r1"))
    answer = size_of(Answer(3, "ok", "w2", Version(2**62, "r1.1"), dead=False))
    stage.on(300 * MS, pull("cut", REPLIES, after_bytes=size_of(Greeting("r1", "r1.1")) + answer))
    stage.off(700 * MS, pull("pause", "r1"))
    assert stage.run() == {
        1: ("ok", CONNECT + READ),
        2: ("unknown", TIMEOUT),
        3: ("ok", 100 * MS + WAY + READ),
    }


def test_a_paused_node_answers_what_it_was_asked_before() -> None:
    stage = stage_of(100, 200)
    stage.on(150 * MS, pull("pause", "r1"))
    stage.off(300 * MS, pull("pause", "r1"))
    assert stage.run() == {1: ("ok", CONNECT + READ), 2: ("ok", 100 * MS + WAY)}
