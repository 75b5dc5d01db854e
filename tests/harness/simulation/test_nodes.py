"""What the levers of processes do to a node: its commit under way, its inbox, its disk and its name."""

import msgspec
import pytest

from checkers.history import AnyEvent, Change, Life
from harness.levers import Action, Lever
from harness.plan import Disk, Plan
from tests.harness.simulation.worlds import MS, WAY, S, Stage, asked, plan_of, pull

SLOW_SYNC = 50 * MS
COMMITS = 102 * MS + WAY  # from here on the first put is being committed


def writing(*ats_ms: int, seed: int = 1) -> Plan:
    """Each put by a client of its own, on a disk whose commits take 50 ms."""
    operations = [asked(number, at * MS, "put", client=f"c{number}") for number, at in enumerate(ats_ms, 1)]
    return msgspec.structs.replace(plan_of(operations), disk=Disk(SLOW_SYNC, SLOW_SYNC), seed=seed)


def ended(plan: Plan, lever: Lever, at: int = COMMITS + MS, again: int = 500 * MS) -> Stage:
    stage = Stage(plan)
    stage.on(at, Action(lever, "r1"))
    stage.off(again, Action(lever, "r1"))
    return stage


def lives(stage: Stage) -> list[tuple[str, str, int, int]]:
    events = [event for event in stage.simulation.events if isinstance(event, Life)]
    return [(event.what, event.incarnation, event.batch, event.committed) for event in events]


def written(events: list[AnyEvent]) -> list[str | None]:
    return [event.new.value for event in events if isinstance(event, Change) and event.new is not None]


def test_stop_completes_the_commit_under_way_and_loses_the_inbox() -> None:
    """The first put is durable and nobody hears of it; the second waited for the first."""
    stage = ended(writing(100, 101), "stop", at=COMMITS + 2 * MS)
    assert stage.run() == {1: ("unknown", 5 * MS), 2: ("unknown", 4 * MS)}
    assert written(stage.simulation.events) == ["w1"]
    started, stopped, again = lives(stage)
    assert (started[0], stopped[0], again[0]) == ("started", "stopped", "started")
    assert again[1:] == ("r1.1", 2, 2), "the start was the first commit, the put the second"


def test_kill_completes_the_commit_under_way_or_not() -> None:
    """It is drawn; what the disk then has is what the history says."""
    outcomes = set()
    for seed in range(12):
        stage = ended(writing(100, seed=seed), "kill")
        assert stage.run() == {1: ("unknown", 4 * MS)}
        found = written(stage.simulation.events)
        assert lives(stage)[1:] == [("killed", "r1.1", 0, 0), ("started", "r1.1", 1 + len(found), 1)]
        outcomes.add(tuple(found))
    assert outcomes == {(), ("w1",)}


def test_wipe_loses_the_disk_and_starts_a_new_incarnation() -> None:
    stage = Stage(writing(100, 300, 900))
    for begin, end in ((200, 250), (400, 450)):
        stage.on(begin * MS, Action("wipe", "r1"))
        stage.off(end * MS, Action("wipe", "r1"))
    stage.run()
    assert lives(stage) == [
        ("started", "r1.1", 0, 0),
        ("wiped", "r1.1", 0, 0),
        ("started", "r1.2", 0, 0),
        ("wiped", "r1.2", 0, 0),
        ("started", "r1.3", 0, 0),
    ]
    changes = [event for event in stage.simulation.events if isinstance(event, Change)]
    assert all(change.old is None for change in changes), "each disk was empty"
    assert len({change.incarnation for change in changes}) == len(changes) > 1


def test_wipe_leaves_no_word_of_the_commit_under_way() -> None:
    for seed in range(8):
        stage = ended(writing(100, seed=seed), "wipe")
        stage.run()
        assert written(stage.simulation.events) == []


def test_a_kill_leaves_the_disk() -> None:
    stage = ended(writing(100), "kill", at=300 * MS)
    assert stage.run() == {1: ("ok", 2 * WAY + 2 * WAY + SLOW_SYNC)}
    assert lives(stage)[1:] == [("killed", "r1.1", 0, 0), ("started", "r1.1", 2, 2)]


@pytest.mark.parametrize("lever", ["kill", "stop", "wipe", "pause"])
def test_a_lever_shows_that_it_is_pulled(lever: Lever) -> None:
    stage, action = Stage(plan_of([])), Action(lever, "r1")
    stage.on(100 * MS, action)
    stage.off(200 * MS, action)
    levers = stage.simulation.levers
    seen = []
    for moment in (99, 100, 199, 200):
        stage.simulation.world.run_until(moment * MS)
        seen.append(levers.is_pulled(action))
    assert seen == [False, True, True, False]
    assert stage.node.replica is not None


def test_a_node_that_was_killed_is_neither_paused_nor_wiped() -> None:
    stage = Stage(plan_of([]))
    stage.on(MS, pull("kill", "r1"))
    stage.on(2 * MS, pull("pause", "r1"))
    stage.run(S)
    levers: tuple[Lever, ...] = ("kill", "pause", "wipe")
    pulled = {lever: stage.node.is_pulled(Action(lever, "r1")) for lever in levers}
    assert pulled == {"kill": True, "pause": False, "wipe": False}


def test_what_a_paused_process_was_to_do_dies_with_it() -> None:
    node, done = Stage(plan_of([])).node, list[str]()
    node.when_awake(done.append, "awake")
    node.pause()
    node.when_awake(done.append, "in its first life")
    node.end("kill")
    node.start()
    node.pause()
    node.when_awake(done.append, "in its second life")
    node.resume()
    assert done == ["awake", "in its second life"]
