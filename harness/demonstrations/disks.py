"""Disks that lose, refuse and rot."""

from collections.abc import Callable

import msgspec

from harness.plan import Disk, Plan
from harness.sketch import Cut, Step, sketch

MS = 1_000_000
SLOW = Disk(10 * MS, 10 * MS)


def _power_cut(name: str) -> Plan:
    """r2 holds a put, and another is on its way to its disk when the power goes."""
    steps = [Step(100, "c1", "r2", "put"), Step(500, "c1", "r2", "put"), Step(1200, "c2", "r2", "get")]
    plan = sketch(name, steps, [Cut("power-cut", ["r2"], 505, 900)], 1300)
    return msgspec.structs.replace(plan, disk=SLOW)


def _blackout(name: str) -> Plan:
    """All lose their power at once, after a put that was acknowledged and in the middle of another."""
    steps = [Step(100, "c1", "r1", "put"), Step(500, "c2", "r2", "put"), Step(1200, "c3", "r3", "get")]
    plan = sketch(name, steps, [Cut("blackout", ["r1", "r2", "r3"], 505, 900)], 1300)
    return msgspec.structs.replace(plan, disk=SLOW)


def _commits_fail(name: str) -> Plan:
    """r1 is cut off and asked for a write that one replica may acknowledge, on a disk that cannot be written."""
    steps = [Step(100, "c2", "r2", "put"), Step(500, "c1", "r1", "put", "ONE")]
    return sketch(name, steps, [Cut("failing-writes", ["r1"], 300, 900), Cut("isolate", ["r1"], 300, 900)], 1400)


def _rot_is_read(name: str) -> Plan:
    """The copy on r1 rots. r1 is asked for it, first by itself and then with others."""
    steps = [Step(100, "c1", "r2", "put"), Step(600, "c2", "r1", "get", "ONE"), Step(700, "c3", "r1", "get")]
    return sketch(name, steps, [Cut("rot", ["r1"], 300, 900, {"keys_ppm": 1_000_000})], 1000)


def _rot_unseen(name: str) -> Plan:
    """The copy on r1 rots, and nobody looks at it before it is healed."""
    steps = [Step(100, "c1", "r2", "put"), Step(1200, "c2", "r1", "get")]
    return sketch(name, steps, [Cut("rot", ["r1"], 300, 900, {"keys_ppm": 1_000_000})], 1300)


PLANS: dict[str, Callable[[str], Plan]] = {
    "never-syncs": _power_cut,
    "a power cut while writing": _power_cut,
    "a blackout": _blackout,
    "ignores-failed-commits": _commits_fail,
    "a disk that fails for a while": _commits_fail,
    "serves-rot": _rot_is_read,
    "rot that a read finds": _rot_is_read,
    "rot that nobody reads": _rot_unseen,
}
