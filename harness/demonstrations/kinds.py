"""Anti-entropy without trees: what logs, clocks and rows must not take for granted."""

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from harness.demonstrations.deletions import delete_of_what_was_never_there
from harness.plan import Plan
from harness.sketch import SHORT, Cut, Step, sketch

MS = 1_000_000


def _six_are_missed(name: str, **figures: Any) -> Plan:
    """By r1."""
    steps = [Step(500 + 20 * key, "c1", "r2", "put", key=key) for key in range(6)]
    policy = msgspec.structs.replace(SHORT, exchange_timeout_ns=200 * MS, **figures)
    return sketch(name, steps, [Cut("isolate", ["r1"], 300, 900)], 1000, policy=policy, mend_rounds_max=100)


def _disk_lost(name: str) -> Plan:
    """r1 has read the logs of the others, and the others its log, when its disk is lost."""
    steps = [
        Step(100 + 20 * number, f"c{number % 2}", f"r{1 + number % 3}", "put", key=number % 4) for number in range(8)
    ]
    policy = msgspec.structs.replace(SHORT, anti_entropy="log")
    return sketch(name, steps, [Cut("wipe", ["r1"], 800, 1000)], 1200, policy=policy, mend_rounds_max=60)


_LOG_AND_TRICKLE: dict[str, Any] = {"anti_entropy": "log", "repair_bytes_per_s_max": 200}
_CLOCKS_AND_TRICKLE: dict[str, Any] = {"anti_entropy": "clocks", "repair_bytes_per_s_max": 200}
_CUT: dict[str, Any] = {"anti_entropy": "log", "log_entries_max": 2}

PLANS: dict[str, Callable[[str], Plan]] = {
    "moves-on-unheld": partial(_six_are_missed, **_LOG_AND_TRICKLE),
    "knows-what-it-asked-for": partial(_six_are_missed, **_CLOCKS_AND_TRICKLE),
    "clocks and a trickle": partial(_six_are_missed, **_CLOCKS_AND_TRICKLE),
    "skips-what-was-cut": partial(_six_are_missed, **_CUT),
    "a log that was cut": partial(_six_are_missed, **_CUT),
    "a disk that is lost under logs": _disk_lost,
    "rows-without-tombstones": partial(delete_of_what_was_never_there, anti_entropy="rows"),
}
