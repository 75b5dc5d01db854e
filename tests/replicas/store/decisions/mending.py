"""Of flawed reads, hints, trees and rounds."""

from collections.abc import Callable

from msgspec import structs

from replicas.store.parts import Parts
from replicas.store.records import Record, Version, record
from replicas.store.visits import Delete, Get, Put
from tests.replicas.store.decisions import NEW, OLD, Decision, rig_with
from tests.replicas.store.rig import MS, QUICK_POLICY, Rig, cluster

TOMBSTONE = record("k", NEW.version, None)
BY_R2 = record("k", Version(1, "r2.1"), "w1")
BY_R1 = record("k", Version(2, "r1.1"), "w2")


def whether_others_hold_what_a_holder_answers(*copies: Record | None) -> Callable[[Parts], bool]:
    """r2 is asked, and holds what is new."""

    def others_hold(parts: Parts) -> bool:
        rig = rig_with(parts, *copies)
        rig.ask("r2", Get(1, "k", None))
        rig.deliver_until(lambda: 1 in rig.answers)
        return rig.answers[1].value == "new" and any(rig.held(name, "k") == NEW for name in ("r1", "r3"))

    return others_hold


def what_comes_of_a_read_that_nobody_answers(parts: Parts) -> str:
    rig = rig_with(parts, NEW, NEW, None)
    rig.ask("r3", Get(1, "k", None))
    rig.drop(*rig.flying)
    rig.pass_time(rig.cluster.operation_timeout_ns // MS)
    return rig.answers[1].outcome


def after_writes_that_reach_nobody(parts: Parts, *keys: str) -> Rig:
    rig = Rig(cluster(), structs.replace(QUICK_POLICY, hints="handoff", anti_entropy="none"), parts)
    for number, key in enumerate(keys, 1):
        rig.ask("r1", Put(number, key, f"v{number}", None))
    rig.drop(*rig.flying)
    rig.now += rig.cluster.operation_timeout_ns
    rig.batch("r1", due=["deadline"])
    return rig


def what_comes_of_a_write_that_leaves_hints(parts: Parts) -> str:
    return after_writes_that_reach_nobody(parts, "k").answers[1].outcome


def hints_after_writes_to(*keys: str) -> Callable[[Parts], int]:
    return lambda parts: len(after_writes_that_reach_nobody(parts, *keys).disks["r1"].hints)


def hints_when_they_were_sent(parts: Parts) -> int:
    rig = after_writes_that_reach_nobody(parts, "k")
    rig.batch("r1", due=["hints"])
    return len(rig.disks["r1"].hints)


def whether_trees_differ(one: Record | None, other: Record | None) -> Callable[[Parts], bool]:
    def differ(parts: Parts) -> bool:
        trees = parts.tree(2), parts.tree(2)
        for tree, copy in zip(trees, (one, other), strict=True):
            tree.replace("k", copy)
        return trees[0].hashes(0, []) != trees[1].hashes(0, [])

    return differ


def whether_a_marked_tombstone_is_in_the_tree(parts: Parts) -> bool:
    rig = rig_with(parts, *[TOMBSTONE] * 3)
    while not rig.marked("r1", "k"):
        rig.rounds(1)
    return any(tree.keys(tree.leaf_of("k")) for tree in rig.replicas["r1"].copies.trees.values())


def held_after_rounds_with_newer(first: Record | None) -> Callable[[Parts], str | None]:
    def held_after(parts: Parts) -> str | None:
        rig = rig_with(parts, first, NEW, NEW)
        rig.rounds(3)
        held = rig.held("r1", "k")
        return held.value if held else None

    return held_after


def holders_of_a_tombstone(parts: Parts) -> int:
    rig = rig_with(parts, OLD, OLD, OLD)
    rig.ask("r1", Delete(1, "k", None))
    rig.settle()
    assert rig.answers[1].outcome == "ok"
    held = [rig.held(name, "k") for name in rig.cluster.names()]
    return sum(copy is not None and copy.dead for copy in held)


DECISIONS: list[Decision] = [
    ("answers-before-repair", whether_others_hold_what_a_holder_answers(OLD, NEW, OLD), True, False),
    ("repairs-holders-only", whether_others_hold_what_a_holder_answers(None, NEW, None), True, False),
    ("repairs-holders-only", whether_others_hold_what_a_holder_answers(OLD, NEW, OLD), True, True),
    ("takes-silence-for-nothing", what_comes_of_a_read_that_nobody_answers, "timeout", "ok"),
    ("counts-hints", what_comes_of_a_write_that_leaves_hints, "timeout", "ok"),
    ("hints-first-only", hints_after_writes_to("k"), 2, 1),
    ("drops-hints", hints_after_writes_to("k", "l"), 4, 2),
    ("drops-hints", hints_after_writes_to("k", "k"), 2, 2),
    ("forgets-sent-hints", hints_when_they_were_sent, 2, 0),
    ("hashes-no-tombstones", whether_trees_differ(TOMBSTONE, None), True, False),
    ("hashes-no-tombstones", whether_trees_differ(TOMBSTONE, NEW), True, True),
    ("hashes-run-together", whether_trees_differ(BY_R1, BY_R2), True, False),
    ("hashes-run-together", whether_trees_differ(OLD, NEW), True, True),
    ("shows-purgeable", whether_a_marked_tombstone_is_in_the_tree, False, True),
    ("compares-by-position", held_after_rounds_with_newer(None), "new", None),
    ("compares-by-position", held_after_rounds_with_newer(OLD), "new", "new"),
    ("deletes-outright", holders_of_a_tombstone, 3, 0),
]
