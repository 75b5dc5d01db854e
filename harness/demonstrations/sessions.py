"""What one client sees of its own deeds, through one coordinator or several."""

from collections.abc import Callable

from harness.plan import Plan
from harness.sketch import WITHOUT_ROUNDS, Cut, Step, sketch

MS = 1_000_000


def _reads_where_its_write_is_not(name: str) -> Plan:
    """r3 misses the second put of c1, which then reads through it."""
    steps = [Step(100, "c1", "r1", "put"), Step(600, "c1", "r1", "put"), Step(1300, "c1", "r3", "get")]
    return sketch(name, steps, [Cut("isolate", ["r3"], 300, 900)], 1500, policy=WITHOUT_ROUNDS)


def _writes_through_two(name: str) -> Plan:
    """Thrice the same, half of the way apart on any clock that stands still for 100 ms. r4 holds no copy, so that it
    hears of no version but its own."""
    steps: list[Step] = []
    for start in (100, 450, 800):
        steps += [Step(start + 4 * number, "c1", "r1", "put") for number in range(4)]
        steps += [Step(start + 20, "c2", "r2", "get"), Step(start + 24, "c2", "r4", "put")]
        steps.append(Step(start + 24, "c1", "r4", "put"))
    return sketch(name, steps, [], 1000, nodes=4)


def _set_back_between_writes(name: str) -> Plan:
    """By r4's clock the second put is asked for before the first."""
    steps = [Step(100, "c1", "r4", "put"), Step(300, "c1", "r4", "put")]
    return sketch(name, steps, [Cut("clock-jump", ["r4"], 200, 600, {"offset_ns": -250 * MS})], 700, nodes=4)


def _behind_what_it_reads(name: str) -> Plan:
    """r4, whose clock lags, is asked for what r1 has written, and then for another value."""
    steps = [Step(300, "c1", "r1", "put"), Step(400, "c2", "r4", "get"), Step(450, "c2", "r4", "put")]
    return sketch(name, steps, [Cut("clock-offset", ["r4"], 200, 600, {"offset_ns": -250 * MS})], 700, nodes=4)


PLANS: dict[str, Callable[[str], Plan]] = {
    "prefers-its-own": _reads_where_its_write_is_not,
    "a session that roams": _reads_where_its_write_is_not,
    "mints-coarsely": _writes_through_two,
    "mints-by-counting": _writes_through_two,
    "mints-in-microseconds": _writes_through_two,
    "mints-by-the-wall": _set_back_between_writes,
    "a clock that is set back": _set_back_between_writes,
    "learns-nothing": _behind_what_it_reads,
    "a clock behind what it reads": _behind_what_it_reads,
}
