"""What the levers of disks and of power do to a simulated node, and the evidence that they leave."""

import msgspec
import pytest

from checkers.history import Change, Damage, Life
from harness.faults.kinds import Fault, touched
from harness.faults.table import KINDS
from harness.levers import DISK_LEVERS, Action, Lever
from harness.plan import Disk, Plan
from harness.promises import faults_not_applied
from harness.stages.simulation.stage import perform
from tests.harness.simulation.worlds import MS, SYNC, WAY, S, Stage, asked, plan_of, pull

SLOW_SYNC = 50 * MS
COMMITS = 102 * MS + WAY  # from here on the first put is being committed
PARAMETERS: dict[Lever, dict[str, int]] = {
    "rot": {"keys_ppm": 1_000_000},
    "unreadable": {"keys_ppm": 1_000_000},
    "full": {"free_bytes": 0},
    "slow-sync": {"sync_ns": 20 * MS},
}


def lever(name: Lever) -> Action:
    return pull(name, "r1", **PARAMETERS.get(name, {}))


def puts_and_gets(*ats_ms: int) -> Plan:
    """The first is a put; each by a client of its own."""
    return plan_of(
        [
            asked(number, at * MS, "get" if number > 1 else "put", client=f"c{number}")
            for number, at in enumerate(ats_ms, 1)
        ]
    )


def damages(stage: Stage, *without: str) -> list[tuple[int, str]]:
    events = [event for event in stage.simulation.events if isinstance(event, Damage)]
    return [(event.at // MS, event.what) for event in events if event.what not in without]


def lives(stage: Stage) -> list[tuple[int, str]]:
    return [(event.at // MS, event.what) for event in stage.simulation.events if isinstance(event, Life)]


@pytest.mark.parametrize("name", [*DISK_LEVERS, "power"])
def test_a_lever_shows_that_it_is_pulled_and_leaves_no_trace(name: Lever) -> None:
    stage = Stage(puts_and_gets(10))
    stage.on(100 * MS, lever(name))
    stage.off(200 * MS, lever(name))
    seen = []
    for moment in (99, 100, 199, 200):
        stage.simulation.world.run_until(moment * MS)
        seen.append(stage.simulation.levers.is_pulled(lever(name)))
    assert seen == [False, True, True, False]
    stage.simulation.world.run_until(S)
    assert stage.node.replica is not None


def test_a_power_cut_keeps_all_that_was_synced_and_the_commit_under_way_whole_or_not_at_all() -> None:
    outcomes = set()
    for seed in range(24):
        plan = msgspec.structs.replace(puts_and_gets(100), disk=Disk(SLOW_SYNC, SLOW_SYNC), seed=seed)
        stage = Stage(plan)
        stage.on(COMMITS + MS, lever("power"))
        stage.off(500 * MS, lever("power"))
        assert stage.run() == {1: ("unknown", 4 * MS)}
        found = [event for event in stage.simulation.events if isinstance(event, Change)]
        last = [event for event in stage.simulation.events if isinstance(event, Life)][-1]
        assert (last.what, last.batch, last.committed) == ("started", 1 + len(found), 1)
        assert stage.node.replica is not None
        held = stage.node.replica.copies.held("k0")
        assert (held.value if held else None) == (found[-1].new.value if found and found[-1].new else None)
        outcomes.add((len(found), *(what for _, what in damages(stage))))
    assert outcomes == {(1,), (0, "lost"), (0, "torn")}


def test_a_power_cut_of_an_idle_node_loses_nothing() -> None:
    stage = Stage(puts_and_gets(100, 900))
    stage.on(200 * MS, lever("power"))
    stage.off(500 * MS, lever("power"))
    assert stage.run()[2][0] == "ok"
    assert damages(stage) == []
    assert lives(stage) == [(0, "started"), (200, "powered off"), (500, "started")]


def test_what_never_syncs_survives_a_kill_and_not_a_power_cut() -> None:
    lost = 0
    ends: list[Lever] = ["kill", "power"]
    for name in ends:
        plan = msgspec.structs.replace(puts_and_gets(100), flaw="never-syncs")
        for seed in range(8):
            stage = Stage(msgspec.structs.replace(plan, seed=seed))
            stage.on(300 * MS, Action(name, "r1"))
            stage.off(500 * MS, Action(name, "r1"))
            stage.run()
            last = [event for event in stage.simulation.events if isinstance(event, Life)][-1]
            assert last.committed == 2
            assert last.batch == 2 or name == "power"
            lost += last.batch < 2
    assert lost >= 3


def test_rot_is_found_when_it_is_read_and_discarded() -> None:
    """One node alone: nobody has a good copy, and what is served is nothing at all."""
    stage = Stage(puts_and_gets(100, 400))
    stage.on(200 * MS, lever("rot"))
    stage.off(600 * MS, lever("rot"))
    stage.run()
    assert damages(stage) == [(200, "rotted"), (403, "read rotten")], "nothing is left to heal"
    discarded = [event for event in stage.simulation.events if isinstance(event, Change)][-1]
    assert (discarded.cause, discarded.new) == ("corrupt", None)


def test_rot_that_nobody_reads_heals_without_a_trace() -> None:
    stage = Stage(puts_and_gets(100, 700))
    stage.on(200 * MS, lever("rot"))
    stage.off(600 * MS, lever("rot"))
    assert stage.run()[2][0] == "ok"
    assert damages(stage) == [(200, "rotted"), (600, "healed")]
    assert stage.node.replica is not None
    held = stage.node.replica.copies.held("k0")
    assert held is not None
    assert held.value == "w1"
    assert held.intact()


def test_which_copies_rot_depends_on_the_copies_alone() -> None:
    """Not on when it happens, nor on what else is there."""

    def rotted(at_ms: int, keys: int) -> set[str | None]:
        operations = [
            msgspec.structs.replace(asked(n, n * MS, "put", client=f"c{n}"), key=f"k{n}") for n in range(1, keys)
        ]
        stage = Stage(plan_of(operations))
        stage.on(at_ms * MS, pull("rot", "r1", keys_ppm=500_000))
        stage.run(S)
        return {event.key for event in stage.simulation.events if isinstance(event, Damage) and event.what == "rotted"}

    few, many = rotted(200, 21), rotted(300, 41)
    assert 4 <= len(few) <= 16
    assert few == {key for key in many if key is not None and int(key[1:]) < 21}


def test_a_copy_that_cannot_be_read_ends_the_process_until_the_disk_is_mended() -> None:
    """Each start reads the whole disk, and so each fails: after 100 ms, 200 ms more, and 400 ms more."""
    stage = Stage(puts_and_gets(100, 400, 1500))
    stage.on(200 * MS, lever("unreadable"))
    stage.off(1350 * MS, lever("unreadable"))
    results = stage.run()
    assert (results[2][0], results[3][0]) == ("unknown", "ok")
    assert lives(stage) == [(0, "started"), (403, "stopped by its disk"), (1350, "started")]
    assert damages(stage, "unreadable", "healed") == [(at, "failed") for at in (403, 503, 703, 1103)]


def test_a_commit_that_fails_ends_the_process_and_says_nothing() -> None:
    stage = Stage(puts_and_gets(300, 1300))
    stage.on(200 * MS, lever("unwritable"))
    stage.off(1200 * MS, lever("unwritable"))
    results = stage.run()
    assert (results[1][0], results[2][0]) == ("unknown", "ok")
    assert not [event for event in stage.simulation.events if isinstance(event, Change)]
    ends = [at for at, what in lives(stage) if what == "stopped by its disk"]
    assert ends == [303, 403, 603, 1003], "a start must be durable, so that each fails as well"
    assert lives(stage)[-1] == (1200, "started")


def test_a_full_disk_refuses_what_grows_and_serves_the_rest() -> None:
    """The second put is shorter than the room that it takes the place of; the third is of a key that is not there."""
    operations = [
        asked(1, 100 * MS, "put"),
        asked(2, 300 * MS, "put"),
        asked(3, 500 * MS, "get"),
        msgspec.structs.replace(asked(4, 700 * MS, "put", client="c2"), key="k1"),
        asked(5, 850 * MS, "get", client="c3"),
    ]
    stage = Stage(plan_of(operations))
    stage.on(200 * MS, lever("full"))
    stage.off(1500 * MS, lever("full"))
    results = stage.run()
    assert [results[number][0] for number in (1, 2, 3, 4, 5)] == ["ok", "ok", "ok", "unknown", "ok"]
    assert lives(stage) == [(0, "started"), (703, "stopped by its disk"), (803, "started")], (
        "it may start: that is no growth"
    )


def test_room_that_is_left_is_used_up() -> None:
    operations = [
        msgspec.structs.replace(asked(n, n * 100 * MS, "put", client=f"c{n}"), key=f"k{n}") for n in range(1, 5)
    ]
    stage = Stage(plan_of(operations))
    stage.on(10 * MS, pull("full", "r1", free_bytes=150))
    stage.off(2 * S, pull("full", "r1", free_bytes=150))
    results = stage.run()
    assert [results[number][0] for number in (1, 2, 3)] == ["ok", "ok", "unknown"], "68 bytes each"


def test_a_slow_disk_is_late_by_so_much() -> None:
    stage = Stage(puts_and_gets(100, 200))
    stage.on(50 * MS, lever("slow-sync"))
    stage.off(150 * MS, lever("slow-sync"))
    assert stage.run()[1] == ("ok", 2 * WAY + 2 * WAY + SYNC + 20 * MS)
    assert damages(stage) == [(103, "late")]


def test_nobody_starts_a_process_again_that_a_fault_holds_down() -> None:
    """The disk has ended it and a supervisor waits; then it is killed."""
    stage = Stage(puts_and_gets(300))
    stage.on(200 * MS, lever("unwritable"))
    stage.on(350 * MS, Action("kill", "r1"))
    stage.off(600 * MS, lever("unwritable"))
    stage.off(900 * MS, Action("kill", "r1"))
    stage.run()
    assert lives(stage) == [(0, "started"), (303, "stopped by its disk"), (900, "started")]


@pytest.mark.parametrize("kind", ["power-cut", "rot", "bad-sectors", "failing-writes", "full-disk", "slow-disk"])
def test_a_fault_of_a_disk_says_what_it_bit(kind: str) -> None:
    """Busy while it is on, and idle: then it bit nothing."""
    parameters = {name: value for each in PARAMETERS.values() for name, value in each.items()}
    fault = Fault("f1", kind, ["r1"], 150 * MS, 800 * MS, {name: parameters[name] for name in KINDS[kind].parameters})
    busy = [asked(1, 100 * MS, "put"), asked(2, 300 * MS, "get", client="c2"), asked(3, 301 * MS, "put", client="c3")]
    for operations, bites in ((busy, True), (busy[:1], False)):
        new_key = msgspec.structs.replace(operations[-1], key="k1") if bites else operations[-1]
        plan = plan_of([*operations[:-1], new_key], [fault])
        history = perform(plan)
        assert faults_not_applied(plan, history) == []
        actions = KINDS[kind].actions(fault, ["r1"])
        assert (touched(actions, fault.start_ns, fault.end_ns, history) > 0) == bites


def test_the_end_of_one_disk_fault_does_not_forget_that_another_keeps_the_node_down() -> None:
    """A node that came back in the mend phase, of which nobody had waited for it, ended the run with a KeyError."""
    stage = Stage(puts_and_gets(10, 120))
    stage.on(100 * MS, lever("unreadable"))
    stage.on(110 * MS, lever("slow-sync"))
    stage.off(200 * MS, lever("slow-sync"))
    stage.off(205 * MS, lever("unreadable"))
    stage.simulation.world.run_until(150 * MS)
    assert stage.node.replica is None
    stage.simulation.world.run_until(205 * MS)
    assert stage.node.replica is not None
