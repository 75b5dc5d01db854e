"""Reads and writes, and the quorums that they count on."""

from collections.abc import Callable

from harness.plan import Plan
from harness.sketch import WITHOUT_ROUNDS, Cut, Step, sketch
from replicas.store.policy import Policy
from workloads.operations import Kind

MS = 1_000_000


def _read_through_changing_pairs(name: str) -> Plan:
    """Only r1 holds the second put. c2 reads it from r1 and r2, then reads from r2 and r3; c3 reads after all."""
    steps = [
        Step(100, "c1", "r1", "put"),
        Step(600, "c1", "r1", "put"),
        Step(1500, "c2", "r2", "get"),
        Step(2300, "c2", "r2", "get"),
        Step(3000, "c3", "r2", "get"),
        Step(3100, "c3", "r3", "get"),
    ]
    cuts = [
        Cut("one-way", ["r1", "r2"], 300, 1000),
        Cut("one-way", ["r1", "r3"], 300, 1000),
        Cut("isolate", ["r3"], 1200, 1900),
        Cut("isolate", ["r1"], 2000, 2800),
    ]
    return sketch(name, steps, cuts, 3200, policy=WITHOUT_ROUNDS)


def _coordinator_cut_off(name: str) -> Plan:
    """r4 holds no copy of the key, and nothing that it sends arrives."""
    steps = [Step(100, "c2", "r1", "put"), Step(500, "c1", "r4", "put")]
    return sketch(name, steps, [Cut("isolate", ["r4"], 300, 900)], 1000, nodes=4)


def _one_replica_acknowledges(name: str) -> Plan:
    """Promised all the same: the one copy is durable, and anti-entropy brings it to the others."""
    steps = [Step(100, "c2", "r2", "put"), Step(500, "c1", "r1", "put", "ONE")]
    return sketch(name, steps, [Cut("isolate", ["r1"], 300, 900), Cut("kill", ["r1"], 1000, 1300)], 1400)


def _read_of_two_versions(name: str) -> Plan:
    """r1 and r2 are read while they differ."""
    steps = [
        Step(100, "c1", "r2", "put"),
        Step(600, "c1", "r2", "put"),
        Step(1600, "c2", "r1", "get"),
        Step(1700, "c3", "r1", "get"),
    ]
    return sketch(name, steps, [Cut("isolate", ["r1"], 300, 1000)], 1800, policy=WITHOUT_ROUNDS)


def _unknown_write_is_read(name: str) -> Plan:
    steps = [Step(500, "c1", "r1", "put"), Step(1400, "c2", "r2", "get")]
    return sketch(name, steps, [Cut("isolate", ["r1"], 300, 900)], 1500)


def _read_after_a_wipe(name: str) -> Plan:
    """Only r1 and r3 hold the second put, and c2 has read it; then r3 loses its disk, and r1 is cut off."""
    steps = [
        Step(100, "c1", "r1", "put"),
        Step(500, "c1", "r1", "put"),
        Step(800, "c2", "r3", "get"),
        Step(1300, "c3", "r3", "get"),
        Step(2700, "c2", "r2", "get"),
    ]
    cuts = [Cut("isolate", ["r2"], 300, 1100), Cut("wipe", ["r3"], 1200, 1500), Cut("isolate", ["r1"], 1400, 3000)]
    return sketch(name, steps, cuts, 3100, policy=WITHOUT_ROUNDS)


def _wiped_and_bootstrapped(name: str) -> Plan:
    """r3 misses nothing for long: r1 and r2 are there when it comes back."""
    steps = [
        Step(100, "c1", "r1", "put"),
        Step(500, "c1", "r1", "delete"),
        Step(700, "c2", "r2", "put"),
        Step(1500, "c2", "r3", "get"),
    ]
    return sketch(name, steps, [Cut("wipe", ["r3"], 600, 900)], 1700)


def _behind_the_first_answer(name: str) -> Plan:
    """r3 misses the second put, and is read first by itself."""
    steps = [Step(100, "c1", "r1", "put"), Step(600, "c1", "r1", "put"), Step(1300, "c2", "r3", "get")]
    return sketch(name, steps, [Cut("isolate", ["r3"], 300, 900)], 1500, policy=WITHOUT_ROUNDS)


def _read_while_writing(name: str) -> Plan:
    """r1 cannot reach the others: its put is not acknowledged, so that a read beside it need not see it."""
    steps = [Step(100, "c1", "r1", "put"), Step(500, "c1", "r1", "put"), Step(600, "c2", "r2", "get")]
    return sketch(name, steps, [Cut("isolate", ["r1"], 300, 900)], 1200)


def read_before_the_repair(name: str, policy: Policy = WITHOUT_ROUNDS) -> Plan:
    """Only r1 holds the second put. r4 hears of it late, when what it says to r2 is lost; then r1 is cut off."""
    steps = [
        Step(100, "c1", "r1", "put"),
        Step(500, "c1", "r1", "put"),
        Step(1200, "c2", "r4", "get"),
        Step(2000, "c2", "r2", "get"),
    ]
    cuts = [
        Cut("isolate", ["r1"], 300, 900),
        Cut("isolate", ["r3"], 1100, 1700),
        Cut("latency", ["r1"], 1000, 1600, {"delay_ns": 80 * MS, "jitter_ns": 0}),
        Cut("one-way", ["r4", "r2"], 1270, 1700),
        Cut("isolate", ["r1"], 1800, 2400),
    ]
    return sketch(name, steps, cuts, 2500, nodes=4, policy=policy)


def first_read_through_changing_pairs(name: str, kind: Kind = "put", policy: Policy = WITHOUT_ROUNDS) -> Plan:
    """Only r1 holds the only write. c2 reads it from r1 and r2, then reads from r2 and r3."""
    steps = [Step(500, "c1", "r1", kind), Step(1200, "c2", "r1", "get"), Step(2000, "c2", "r2", "get")]
    cuts = [
        Cut("isolate", ["r1"], 300, 900),
        Cut("isolate", ["r3"], 1000, 1700),
        Cut("isolate", ["r1"], 1800, 2400),
    ]
    return sketch(name, steps, cuts, 2500, policy=policy)


def _asked_of_one_that_is_cut_off(name: str) -> Plan:
    """r4 holds no copy of the key, and nobody answers it."""
    steps = [Step(100, "c1", "r1", "put"), Step(500, "c2", "r4", "get"), Step(1100, "c3", "r4", "get")]
    return sketch(name, steps, [Cut("isolate", ["r4"], 300, 900)], 1200, nodes=4)


PLANS: dict[str, Callable[[str], Plan]] = {
    "skips-repair": _read_through_changing_pairs,
    "a read through changing pairs": _read_through_changing_pairs,
    "joins-at-once": _read_after_a_wipe,
    "wiped and bootstrapped": _wiped_and_bootstrapped,
    "decides-on-one": _behind_the_first_answer,
    "a read beside an unknown write": _read_while_writing,
    "acknowledges-on-send": _coordinator_cut_off,
    "W = 1 and cut off": _one_replica_acknowledges,
    "mixes-copies": _read_of_two_versions,
    "an unknown write is read": _unknown_write_is_read,
    "answers-before-repair": read_before_the_repair,
    "repairs-holders-only": first_read_through_changing_pairs,
    "takes-silence-for-nothing": _asked_of_one_that_is_cut_off,
}
