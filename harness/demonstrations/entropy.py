"""The pace and scope of anti-entropy, and what scrubbers find."""

from collections.abc import Callable

import msgspec

from harness.plan import Plan
from harness.sketch import SHORT, Cut, Step, sketch

MS = 1_000_000
SCRUBBED = msgspec.structs.replace(
    SHORT, read_repair="none", hints="handoff", anti_entropy="none", purge="never", scrub_every_ns=100 * MS
)


def _rot_that_nobody_reads(name: str) -> Plan:
    """The copy on r1 rots, and nobody reads it but its scrubber."""
    cuts = [Cut("rot", ["r1"], 300, 900, {"keys_ppm": 1_000_000})]
    return sketch(name, [Step(100, "c1", "r2", "put")], cuts, 1000, policy=SCRUBBED)


ONE_AT_A_TIME = msgspec.structs.replace(
    SHORT,
    read_repair="none",
    purge="never",
    exchanges_in_parallel_max=1,
    repair_priority="lately-away",
    exchange_timeout_ns=300 * MS,
)


def _one_stays_away(name: str) -> Plan:
    """r2 is dead, and r3 misses a put that only r1 has: r1 can compare with one of them at a time."""
    steps = [Step(400, "c1", "r1", "put", "ONE")]
    cuts = [Cut("kill", ["r2"], 200, 700), Cut("isolate", ["r3"], 300, 700)]
    plan = sketch(name, steps, cuts, 800, policy=ONE_AT_A_TIME, mend_rounds_max=90)
    return msgspec.structs.replace(plan, down=["r2"])


REPAIRED = msgspec.structs.replace(SHORT, read_repair="none", purge="repaired", exchange_timeout_ns=300 * MS)


def _delete_after_a_repair(name: str) -> Plan:
    """All are compared and hold the same; then r3 misses a deletion for longer than a purge waits."""
    steps = [Step(100, "c1", "r1", "put"), Step(800, "c1", "r1", "delete")]
    return sketch(name, steps, [Cut("isolate", ["r3"], 600, 1900)], 2000, policy=REPAIRED, mend_rounds_max=40)


INCREMENTAL = msgspec.structs.replace(
    SHORT,
    read_repair="none",
    purge="never",
    repair_scope="incremental",
    full_every_rounds=1000,
    exchange_timeout_ns=300 * MS,
)


def _missed_after_a_repair(name: str) -> Plan:
    """All are compared and hold the same; then r3 misses a put, and rounds that would tell it."""
    steps = [Step(100, "c1", "r1", "put"), Step(800, "c1", "r1", "put")]
    return sketch(name, steps, [Cut("isolate", ["r3"], 700, 1500)], 1600, policy=INCREMENTAL)


PLANS: dict[str, Callable[[str], Plan]] = {
    "discards-and-forgets": _rot_that_nobody_reads,
    "rot that a scrubber finds": _rot_that_nobody_reads,
    "puts-the-silent-first": _one_stays_away,
    "one at a time": _one_stays_away,
    "marks-when-sent": _missed_after_a_repair,
    "only what changed": _missed_after_a_repair,
    "counts-earlier-repairs": _delete_after_a_repair,
    "repaired after a cut": _delete_after_a_repair,
}
