"""Repairs, rounds of anti-entropy, and what a kill leaves of them."""

from collections.abc import Callable

import msgspec

from harness.plan import Plan
from harness.sketch import SHORT, WITHOUT_ROUNDS, Cut, Step, sketch
from replicas.store.policy import Policy

MS = 1_000_000
QUICK = msgspec.structs.replace(SHORT, purge="never", exchange_timeout_ns=300 * MS)  # it need not mend for long
TRICKLE = msgspec.structs.replace(SHORT, repair_bytes_per_s_max=100, exchange_timeout_ns=200 * MS)


def _missed_write(name: str, policy: Policy = SHORT) -> Plan:
    """r1 misses the second put, in all but a repair."""
    steps = [Step(100, "c1", "r2", "put"), Step(600, "c1", "r2", "put")]
    return sketch(name, steps, [Cut("isolate", ["r1"], 300, 1000)], 1000, policy=policy)


def _killed_while_writing(name: str) -> Plan:
    steps = [Step(100 + 25 * number, f"c{number % 4}", f"r{1 + number % 3}", "put") for number in range(24)]
    return sketch(name, steps, [Cut("kill", ["r2"], 480, 900)], 1000)


def _stale_repair(name: str) -> Plan:
    """r1 reads and hears nothing of r2, which lacks the second put; the third is on r2 when the repair comes."""
    steps = [
        Step(100, "c1", "r2", "put"),
        Step(400, "c1", "r1", "put"),
        Step(1000, "c2", "r1", "get"),
        Step(1150, "c3", "r2", "put"),
    ]
    cuts = [Cut("one-way", ["r1", "r2"], 300, 600), Cut("one-way", ["r2", "r1"], 900, 1600)]
    policy = msgspec.structs.replace(WITHOUT_ROUNDS, read_repair="background", message_lifetime_ns=1000 * MS)
    return sketch(name, steps, cuts, 1700, policy=policy)


def _more_than_the_limit(name: str) -> Plan:
    """Three repairs of r1: r2 and r3 have each a second's worth of bytes, which is enough for one."""
    steps = [Step(100 + 800 * number, "c1", "r2", "put") for number in range(4)]
    cuts = [Cut("isolate", ["r1"], 800 * number, 200 + 800 * number) for number in (1, 2, 3)]
    return sketch(name, steps, cuts, 3000, policy=TRICKLE, mend_rounds_max=60)


def _missed_the_only_write(name: str) -> Plan:
    """r1 knows nothing of a key that r2 and r3 hold."""
    cuts = [Cut("isolate", ["r1"], 200, 600)]
    return sketch(name, [Step(300, "c1", "r2", "put")], cuts, 600, policy=QUICK, mend_rounds_max=12)


def _missed_write_with_the_same_letters(name: str) -> Plan:
    """r1 misses the second put. Written by r1.1 and r2.1, "r2.1w1" has the same letters as "r1.1w2"."""
    steps = [Step(100, "c1", "r2", "put"), Step(600, "c2", "r1", "put")]
    return sketch(name, steps, [Cut("isolate", ["r3"], 300, 1000)], 1000)


PLANS: dict[str, Callable[[str], Plan]] = {
    "hashes-keys-only": _missed_write,
    "stops-rounds": _missed_write,
    "hashes-versions-only": _missed_write,
    "repairs-any-other": _missed_write,
    "takes-equal": _missed_write,
    "hides-repairs": _missed_write,
    "commits-later": _killed_while_writing,
    "killed while writing": _killed_while_writing,
    "repairs-by-arrival": _stale_repair,
    "late background repair": _stale_repair,
    "never-refills": _more_than_the_limit,
    "a trickle of repairs": _more_than_the_limit,
    "compares-by-position": _missed_the_only_write,
    "hashes-run-together": _missed_write_with_the_same_letters,
}
