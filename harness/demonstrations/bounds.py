"""Limits of repair, tombstones that are reaped, and operations that a quorum can serve."""

from collections.abc import Callable

import msgspec

from harness.plan import Plan
from harness.sketch import SHORT, WITHOUT_ROUNDS, Cut, Step, sketch

MS = 1_000_000
TRICKLE = msgspec.structs.replace(SHORT, repair_bytes_per_s_max=200, exchange_timeout_ns=200 * MS)
FEW_HINTS = msgspec.structs.replace(SHORT, hints="handoff", anti_entropy="none", hints_per_replay_max=2)


def _one_of_many_differs(name: str) -> Plan:
    """r1 misses the last of six puts, of keys that it holds but for that."""
    steps = [Step(100 + 20 * key, "c1", "r2", "put", key=key) for key in range(5)]
    steps.append(Step(700, "c1", "r2", "put", key=2))
    return sketch(name, steps, [Cut("isolate", ["r1"], 500, 1000)], 1100)


def _six_are_missed(name: str) -> Plan:
    """r2 and r3 could each send r1 six copies at once, and may send two."""
    steps = [Step(500 + 20 * key, "c1", "r2", "put", key=key) for key in range(6)]
    return sketch(name, steps, [Cut("isolate", ["r1"], 300, 900)], 1000, policy=TRICKLE, mend_rounds_max=100)


def _six_hints(name: str) -> Plan:
    """r2 keeps six hints for r1, and may send two at a time."""
    steps = [Step(400 + 20 * key, "c1", "r2", "put", key=key) for key in range(6)]
    steps.append(Step(1500, "c1", "r2", "get"))
    return sketch(name, steps, [Cut("isolate", ["r1"], 300, 1000)], 1600, policy=FEW_HINTS)


def _delete_missed_for_a_while(name: str) -> Plan:
    """r3 misses the deletion, and hears of it later."""
    steps = [Step(100, "c1", "r1", "put"), Step(600, "c1", "r1", "delete"), Step(1700, "c2", "r2", "get")]
    return sketch(name, steps, [Cut("isolate", ["r3"], 300, 1300)], 1800)


def _one_down(name: str) -> Plan:
    """r2 is down while r1 is asked."""
    steps = [Step(100, "c1", "r1", "put"), Step(600, "c1", "r1", "put"), Step(1000, "c2", "r1", "get")]
    return sketch(name, steps, [Cut("kill", ["r2"], 300, 1500)], 1600, policy=WITHOUT_ROUNDS)


def _two_down(name: str) -> Plan:
    """r2 and r3 are down while r1 is asked: no quorum is left."""
    steps = [Step(100, "c1", "r1", "put"), Step(600, "c1", "r1", "put"), Step(1400, "c2", "r1", "get")]
    cuts = [Cut("kill", ["r2"], 300, 1000), Cut("kill", ["r3"], 300, 1000)]
    return sketch(name, steps, cuts, 1500, policy=WITHOUT_ROUNDS)


PLANS: dict[str, Callable[[str], Plan]] = {
    "streams-all": _one_of_many_differs,
    "keeps-one-leaf": _one_of_many_differs,
    "ignores-limit": _six_are_missed,
    "more than a limit at once": _six_are_missed,
    "floods-with-hints": _six_hints,
    "many hints": _six_hints,
    "never-reaps": _delete_missed_for_a_while,
    "a delete that is missed for a while": _delete_missed_for_a_while,
    "writes-first-w": _one_down,
    "repairs-all": _one_down,
    "one of three is down": _one_down,
    "two of three are down": _two_down,
}
