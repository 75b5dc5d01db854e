"""Each flaw decides one thing otherwise than the sound part; what it decides is shown side by side."""

from collections.abc import Callable
from itertools import permutations
from typing import Any

import pytest
from msgspec import structs

from harness.stages.simulation.disk import DiskError
from replicas.store.antientropy import brief
from replicas.store.flaws import FLAWS, parts_of
from replicas.store.messages import Confirm, Fetch, Fetched, RepairCause, Store
from replicas.store.parts import SOUND, Parts
from replicas.store.records import Version, record
from replicas.store.settings import Node
from replicas.store.storage import Hint
from replicas.store.visits import Delete, Get, Put
from tests.replicas.store.decisions import (
    NEW,
    OLD,
    TWIN,
    Decision,
    clocks,
    courses,
    entropy,
    kinds,
    limits,
    mending,
    names,
    rig_with,
    siblings,
    standing_in,
)
from tests.replicas.store.decisions.mending import whether_trees_differ
from tests.replicas.store.rig import MS, QUICK_POLICY, WALL, Rig, cluster


def held_after_an_older_copy_arrives(parts: Parts) -> str | None:
    rig = rig_with(parts, None, NEW, None)
    rig.batch("r2", [("r1", Store(1, WALL, "", 7, OLD, "anti-entropy"))])
    held = rig.held("r2", "k")
    return held.value if held else None


def how_an_older_copy_looks_beside_a_newer(parts: Parts) -> str:
    return parts.versions("r1.1", "incarnation", 0).glance(OLD, brief(NEW))


def changes_after_an_equal_copy_arrives(parts: Parts) -> int:
    rig = rig_with(parts, None, NEW, None)
    rig.batch("r2", [("r1", Store(1, WALL, "", 7, NEW, "anti-entropy"))])
    return len(rig.audit)


def held_after_an_acknowledged_write_and_a_crash(parts: Parts) -> str | None:
    rig = Rig(cluster(), QUICK_POLICY, parts)
    rig.ask("r1", Put(1, "k", "v", "ONE"))
    assert rig.answers[1].outcome == "ok"
    rig.crash("r1")
    rig.start("r1")
    copies = {copy.record.key: copy.record.value for copy in rig.replicas["r1"].dump(None).copies}
    return copies.get("k")


def holders_when_a_read_is_answered(parts: Parts) -> int:
    rig = rig_with(parts, OLD, NEW, OLD)
    rig.ask("r1", Get(1, "k", None))
    while 1 not in rig.answers:
        rig.deliver(rig.flying[0])
    return sum(rig.held(name, "k") == NEW for name in rig.cluster.names())


def what_a_read_shows(parts: Parts) -> tuple[str | None, bool]:
    """The value, and whether it comes with the version of the new copy."""
    rig = rig_with(parts, OLD, NEW, None)
    rig.ask("r1", Get(1, "k", None))
    rig.settle()
    return rig.answers[1].value, rig.answers[1].version == NEW.version


def acknowledgements_before_an_answer(parts: Parts) -> int:
    rig = Rig(cluster(), QUICK_POLICY, parts)
    rig.ask("r1", Put(1, "k", "v", "ALL"))
    delivered = 0
    while 1 not in rig.answers:
        rig.deliver(rig.flying[0])
        delivered += 1
    return delivered // 2  # a Store and its Stored


def whether_it_marks(holders: int) -> Callable[[Parts], bool]:
    def marks(parts: Parts) -> bool:
        """The leader holds a tombstone; the Store to the last replicas was lost."""
        rig = Rig(cluster(), QUICK_POLICY, parts)
        first, *others = rig.replicas_of("k")
        rig.ask(first, Delete(1, "k", None))
        rig.drop(*(flight for name in others[holders - 1 :] for flight in rig.flights(Store, to=name)))
        rig.settle()
        for _ in range(3):
            rig.now += QUICK_POLICY.round_every_ns
            rig.batch(first, due=["purge"])
            rig.settle()
        return rig.marked(first, "k")

    return marks


def questions_before_it_marks(parts: Parts) -> int:
    tombstone = record("k", NEW.version, None)
    rig = rig_with(parts, *[tombstone] * 3)
    first = rig.replicas_of("k")[0]
    asked = 0
    while not rig.marked(first, "k"):
        rig.pass_time(10)
        asked += sum(flight.to != first for flight in rig.flights(Confirm))
        rig.settle()
    return asked


def causes_in_the_audit_of_a_repair(parts: Parts) -> list[str]:
    rig = rig_with(parts, NEW, OLD, NEW)
    rig.rounds(1)
    assert rig.held("r2", "k") == NEW
    return [change.cause for _, change in rig.audit]


def whether_sends_keep_the_order_of_the_ring(parts: Parts) -> bool:
    """Of nodes whose set has another order in this process, whatever its hash seed."""
    names = ["r1", "r2", "r3", "r4", "r5"]
    peers = next(list(order) for order in permutations(names) if list(set(order)) != list(order))
    shape = cluster(nodes=1, n=1)
    core = Rig(type(shape)([Node("r0")], 1, 1, 1), QUICK_POLICY, parts).replicas["r0"].core
    core.send_all(peers, Store(0, WALL, "", 1, NEW, "write"))
    return [to for to, _ in core.sends] == peers


def whether_rounds_go_on(parts: Parts) -> bool:
    rig = Rig(cluster(), QUICK_POLICY, parts)
    rig.rounds(8)
    return rig.status("r1").begun > 3


def held_after_an_older_copy_comes_as(cause: RepairCause) -> Callable[[Parts], str | None]:
    def held_after(parts: Parts) -> str | None:
        rig = rig_with(parts, None, NEW, None)
        rig.batch("r2", [("r1", Store(1, WALL, "", 7, OLD, cause))])
        held = rig.held("r2", "k")
        return held.value if held else None

    return held_after


def age_at_which_a_tombstone_is_marked_ms(parts: Parts) -> int:
    """In ticks of 10 ms."""
    policy = structs.replace(QUICK_POLICY, anti_entropy="none", purge="grace", grace_ns=160 * MS)
    rig = Rig(cluster(), policy, parts)
    rig.place("r1", record("k", Version(WALL, "r9.1"), None))
    while not rig.marked("r1", "k"):
        rig.rounds(1)
    return rig.now // MS


def hints_after_a_confirmation(parts: Parts) -> int:
    rig = Rig(cluster(), structs.replace(QUICK_POLICY, hints="handoff"), parts)
    rig.crash("r1")
    rig.disks["r1"].hints["r3", "k"] = Hint("r3", OLD, WALL)
    rig.start("r1")
    rig.batch("r1", [("r2", Confirm(1, WALL, "", brief(NEW)))])
    return len(rig.disks["r1"].hints)


def copies_sent_within_a_limit(parts: Parts) -> int:
    """At once as many as the limit of a second; all of them once time has passed."""
    rig = Rig(cluster(nodes=2, n=2), structs.replace(QUICK_POLICY, repair_bytes_per_s_max=200), parts)
    rig.place("r1", *(record(f"k{i}", Version(1, "r1.1"), "v") for i in range(6)))
    rig.rounds(200)
    return len(rig.disks["r2"].copies)


def whether_a_wiped_node_answers_reads(parts: Parts) -> bool:
    rig = rig_with(parts, NEW, NEW, NEW)
    rig.wipe("r3")
    rig.start("r3")
    rig.batch("r3", [("r1", Fetch(1, WALL, "", 7, "k"))])
    return bool(rig.flights(Fetched))


def answers_before_a_read_is_answered(parts: Parts) -> int:
    rig = rig_with(parts, NEW, NEW, NEW)
    rig.ask("r1", Get(1, "k", "ALL"))
    rig.deliver_until(lambda: 1 in rig.answers)
    return len(rig.cluster.names()) - len(rig.flights(Fetch)) - len(rig.flights(Fetched))


def held_after_an_acknowledged_write_and_a_power_cut(parts: Parts) -> str | None:
    rig = Rig(cluster(), QUICK_POLICY, parts)
    rig.ask("r1", Put(1, "k", "v", "ONE"))
    assert rig.answers[1].outcome == "ok"
    rig.crash("r1")
    rig.disks["r1"].cut_power(kept=0, arrived=None)
    held = rig.disks["r1"].copies.get("k")
    return held[0].value if held else None


def whether_it_survives_a_commit_that_fails(parts: Parts) -> bool:
    def refuse(_growth: int) -> None:
        raise DiskError("no")

    rig = Rig(cluster(), QUICK_POLICY, parts)
    rig.disks["r1"].refuse = refuse
    try:
        rig.ask("r1", Put(1, "k", "v", "ONE"))
    except DiskError:
        return False
    return rig.answers[1].outcome == "ok"


def whether_a_version_is_minted_twice(parts: Parts) -> bool:
    """Within a millisecond, before and after a restart that finds on its disk what was minted."""
    before = parts.versions("r1.1", "incarnation", 0)
    first = before.mint(WALL + 1)
    after = parts.versions("r1.1", "incarnation", before.minted)
    return first == after.mint(WALL + 2)


def age_at_which_a_confirmed_tombstone_is_purged_ms(parts: Parts) -> int:
    """In ticks of 10 ms."""
    policy = structs.replace(QUICK_POLICY, skew_budget_ns=200 * MS)
    rig = Rig(cluster(), policy, parts)
    rig.ask("r1", Delete(1, "k", None))
    rig.settle()
    while any(rig.held(name, "k") for name in rig.cluster.names()):
        rig.rounds(1)
    return rig.now // MS


def what_a_read_shows_of_rot(parts: Parts) -> str | None:
    rig = rig_with(parts, NEW, NEW, NEW)
    rig.disks["r1"].copies["k"] = (structs.replace(NEW, value="rotten"), 0)
    rig.ask("r1", Get(1, "k", "ONE"))
    rig.settle()
    return rig.answers[1].value


DECISIONS: list[Decision] = [
    ("repairs-any-other", held_after_an_older_copy_arrives, "new", "old"),
    ("repairs-any-other", how_an_older_copy_looks_beside_a_newer, "older", "newer"),
    ("takes-equal", changes_after_an_equal_copy_arrives, 0, 1),
    ("takes-equal", held_after_an_older_copy_arrives, "new", "new"),
    ("commits-later", held_after_an_acknowledged_write_and_a_crash, "v", None),
    ("hashes-keys-only", whether_trees_differ(OLD, NEW), True, False),
    ("hashes-versions-only", whether_trees_differ(TWIN, NEW), True, False),
    ("hashes-versions-only", whether_trees_differ(OLD, NEW), True, True),
    ("stops-rounds", whether_rounds_go_on, True, False),
    ("skips-repair", holders_when_a_read_is_answered, 2, 1),
    ("repairs-all", holders_when_a_read_is_answered, 2, 3),
    ("mixes-copies", what_a_read_shows, ("new", True), ("old", True)),
    ("prefers-its-own", what_a_read_shows, ("new", True), ("old", False)),
    ("acknowledges-on-send", acknowledgements_before_an_answer, 2, 0),
    ("purges-unconfirmed", whether_it_marks(1), False, True),
    ("purges-after-quorum", whether_it_marks(2), False, True),
    ("purges-after-quorum", whether_it_marks(1), False, False),
    ("confirms-twice", questions_before_it_marks, 2, 4),
    ("purges-early", age_at_which_a_tombstone_is_marked_ms, 170, 30),
    ("keeps-old-hints", hints_after_a_confirmation, 0, 1),
    ("repairs-by-arrival", held_after_an_older_copy_comes_as("read repair"), "new", "old"),
    ("repairs-by-arrival", held_after_an_older_copy_comes_as("hinted handoff"), "new", "new"),
    ("hints-by-arrival", held_after_an_older_copy_comes_as("hinted handoff"), "new", "old"),
    ("hints-by-arrival", held_after_an_older_copy_comes_as("read repair"), "new", "new"),
    ("never-refills", copies_sent_within_a_limit, 6, 2),
    ("joins-at-once", whether_a_wiped_node_answers_reads, False, True),
    ("decides-on-one", answers_before_a_read_is_answered, 3, 1),
    ("hides-repairs", causes_in_the_audit_of_a_repair, ["anti-entropy"], []),
    ("never-syncs", held_after_an_acknowledged_write_and_a_power_cut, "v", None),
    ("never-syncs", held_after_an_acknowledged_write_and_a_crash, "v", "v"),
    ("ignores-failed-commits", whether_it_survives_a_commit_that_fails, False, True),
    ("serves-rot", what_a_read_shows_of_rot, None, "rotten"),
    ("forgets-its-clock", whether_a_version_is_minted_twice, False, True),
    ("knows-no-skew", age_at_which_a_confirmed_tombstone_is_purged_ms, 490, 90),
    ("sends-in-set-order", whether_sends_keep_the_order_of_the_ring, True, False),
    *mending.DECISIONS,
    *names.DECISIONS,
    *limits.DECISIONS,
    *clocks.DECISIONS,
    *entropy.DECISIONS,
    *standing_in.DECISIONS,
    *courses.DECISIONS,
    *kinds.DECISIONS,
    *siblings.DECISIONS,
]


@pytest.mark.parametrize(("flaw", "decide", "sound", "flawed"), DECISIONS)
def test_a_flaw_is_one_wrong_decision(flaw: str, decide: Callable[[Parts], Any], sound: Any, flawed: Any) -> None:
    assert decide(SOUND) == sound
    assert decide(parts_of(flaw)) == flawed


def test_every_flaw_is_shown() -> None:
    assert {flaw for flaw, *_ in DECISIONS} == set(FLAWS)
    assert parts_of(None) is SOUND
