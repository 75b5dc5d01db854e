"""Hints."""

from collections.abc import Callable

import msgspec

from harness.plan import Plan
from harness.sketch import SHORT, Cut, Step, sketch

HANDOFF = msgspec.structs.replace(SHORT, hints="handoff")


def _stale_hint(name: str) -> Plan:
    """r1 keeps a hint of the second put for r2, which is cut off and takes the third."""
    steps = [Step(100, "c1", "r2", "put"), Step(400, "c1", "r1", "put"), Step(900, "c3", "r2", "put", "ONE")]
    policy = msgspec.structs.replace(HANDOFF, anti_entropy="none")
    return sketch(name, steps, [Cut("isolate", ["r2"], 300, 1200)], 1300, policy=policy)


def _hint_of_what_was_deleted(name: str) -> Plan:
    """r4, which holds no copy, keeps a hint of the put for r2 until long after the key was deleted and purged."""
    steps = [Step(300, "c1", "r4", "put"), Step(800, "c1", "r1", "delete"), Step(2800, "c2", "r2", "get")]
    cuts = [Cut("one-way", ["r4", "r2"], 200, 2400)]
    return sketch(name, steps, cuts, 3000, nodes=4, policy=HANDOFF)


def _hint_before_the_purge(name: str) -> Plan:
    """The same, but the hint gets through before the deletion."""
    steps = [Step(300, "c1", "r4", "put"), Step(1200, "c1", "r1", "delete"), Step(2400, "c2", "r2", "get")]
    return sketch(name, steps, [Cut("one-way", ["r4", "r2"], 200, 900)], 2500, nodes=4, policy=HANDOFF)


HINTS_ALONE = msgspec.structs.replace(HANDOFF, anti_entropy="none")


def _two_miss_a_write(name: str) -> Plan:
    """r2 and r3 miss the second put, and nothing but hints can bring it to them."""
    steps = [Step(100, "c1", "r1", "put"), Step(500, "c1", "r1", "put")]
    return sketch(name, steps, [Cut("isolate", ["r1"], 300, 1000)], 1100, policy=HINTS_ALONE)


def _one_misses_two_writes(name: str) -> Plan:
    """r3 misses a put to each of two keys."""
    steps = [Step(400, "c1", "r1", "put"), Step(500, "c2", "r1", "put", key=1)]
    return sketch(name, steps, [Cut("isolate", ["r3"], 300, 1000)], 1100, policy=HINTS_ALONE)


def _acknowledged_by_hints(name: str) -> Plan:
    """Only r1 holds the second put when r2 and r3 are asked for it."""
    steps = [Step(100, "c1", "r1", "put"), Step(500, "c1", "r1", "put"), Step(1000, "c2", "r2", "get")]
    return sketch(name, steps, [Cut("isolate", ["r1"], 300, 1300)], 1400, policy=HANDOFF)


PLANS: dict[str, Callable[[str], Plan]] = {
    "hints-by-arrival": _stale_hint,
    "keeps-old-hints": _hint_of_what_was_deleted,
    "a hint that came in time": _hint_before_the_purge,
    "hints-first-only": _two_miss_a_write,
    "forgets-sent-hints": _two_miss_a_write,
    "hints alone": _two_miss_a_write,
    "drops-hints": _one_misses_two_writes,
    "counts-hints": _acknowledged_by_hints,
}
