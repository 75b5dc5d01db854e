"""Reads that ask few, ask for digests, wait for so long only, or ask others in place of slow ones."""

from collections.abc import Callable

import msgspec

from harness.demonstrations.operations import first_read_through_changing_pairs, read_before_the_repair
from harness.plan import Plan
from harness.sketch import SHORT, WITHOUT_ROUNDS, Cut, Step, sketch

MS = 1_000_000
DIGESTS = msgspec.structs.replace(WITHOUT_ROUNDS, read_digests="always", purge="never")
BOUNDED = msgspec.structs.replace(WITHOUT_ROUNDS, read_repair="bounded", read_repair_wait_ns=1_000 * MS)
FEW = msgspec.structs.replace(WITHOUT_ROUNDS, read_from="needed", speculate_after_ns=20 * MS)
ADAPTIVE = msgspec.structs.replace(SHORT, read_repair="adaptive", habit_half_life_ns=50 * MS)


def _delete_read_through_changing_pairs(name: str) -> Plan:
    """Only r1 holds the only version, a tombstone; digests are compared with it, then with nothing."""
    return first_read_through_changing_pairs(name, "delete", DIGESTS)


def _digests_through_changing_pairs(name: str) -> Plan:
    return first_read_through_changing_pairs(name, "put", DIGESTS)


def _waits_within_its_bound(name: str) -> Plan:
    return first_read_through_changing_pairs(
        name, "put", msgspec.structs.replace(BOUNDED, read_repair_wait_ns=100 * MS)
    )


def _read_with_a_wait_that_is_long_enough(name: str) -> Plan:
    """Its time is up before its wait is over."""
    return read_before_the_repair(name, BOUNDED)


def _missed_the_delete(name: str) -> Plan:
    """r3 holds what was deleted, and compares it with digests of the others."""
    steps = [Step(100, "c1", "r1", "put"), Step(600, "c1", "r1", "delete"), Step(1300, "c2", "r3", "get")]
    return sketch(name, steps, [Cut("isolate", ["r3"], 300, 900)], 1500, policy=DIGESTS)


def _behind_and_the_other_is_slow(name: str) -> Plan:
    """r1 missed the second put, and asks r2, which is slow; r3 could answer at once."""
    steps = [Step(100, "c1", "r2", "put"), Step(600, "c1", "r2", "put"), Step(1400, "c2", "r1", "get")]
    cuts = [
        Cut("isolate", ["r1"], 300, 900),
        Cut("latency", ["r2"], 1200, 1800, {"delay_ns": 40 * MS, "jitter_ns": 0}),
    ]
    return sketch(name, steps, cuts, 1900, policy=FEW)


def _one_of_those_asked_is_down(name: str) -> Plan:
    """r1 asks r2, which is down."""
    steps = [Step(100, "c1", "r1", "put"), Step(600, "c1", "r1", "put"), Step(1000, "c2", "r1", "get")]
    return sketch(name, steps, [Cut("kill", ["r2"], 300, 1500)], 1600, policy=FEW)


def _often_updated_for_a_while(name: str) -> Plan:
    """A key that is busy once, and is read much later."""
    steps = [Step(100 + 10 * number, "c1", "r1", "get" if number % 2 else "put") for number in range(12)]
    steps += [Step(1500, "c2", "r2", "get"), Step(1600, "c2", "r2", "get")]
    return sketch(name, steps, [Cut("isolate", ["r3"], 150, 500)], 1700, policy=ADAPTIVE)


PLANS: dict[str, Callable[[str], Plan]] = {
    "digests-values-only": _delete_read_through_changing_pairs,
    "digests through changing pairs": _digests_through_changing_pairs,
    "digests-no-tombstones": _missed_the_delete,
    "stops-waiting": _read_with_a_wait_that_is_long_enough,
    "a repair that is acknowledged in time": _waits_within_its_bound,
    "counts-twice": _behind_and_the_other_is_slow,
    "never-speculates": _one_of_those_asked_is_down,
    "others in place of one that is down": _one_of_those_asked_is_down,
    "remembers-for-ever": _often_updated_for_a_while,
}
