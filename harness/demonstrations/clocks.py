"""Clocks that are off, and versions minted by them."""

from collections.abc import Callable

import msgspec

from harness.plan import Disk, Network, Plan
from harness.sketch import SHORT, WITHOUT_ROUNDS, Cut, Step, sketch

MS = 1_000_000
SKEWED = msgspec.structs.replace(SHORT, skew_budget_ns=250 * MS)


def _set_back_and_restarted(name: str) -> Plan:
    """By r4's clock both puts are asked for at the same time; it holds no copy that would tell it better."""
    steps = [Step(104, "c1", "r4", "put"), Step(304, "c2", "r4", "put")]
    cuts = [Cut("kill", ["r4"], 150, 250), Cut("clock-jump", ["r4"], 200, 500, {"offset_ns": -200 * MS})]
    plan = sketch(name, steps, cuts, 600, nodes=4, policy=SKEWED)
    return msgspec.structs.replace(plan, network=Network(MS, MS))


def _late_and_young_by_a_clock_that_lags(name: str) -> Plan:
    """r4 is stopped between the commit of its put and the sends. When they come, r3 alone thinks them young enough, and
    has purged what is newer, unless it has waited for clocks that differ by as much as the budget allows."""
    steps = [Step(300, "c1", "r4", "put"), Step(320, "c2", "r1", "delete"), Step(500, "c3", "r4", "get")]
    cuts = [Cut("pause", ["r4"], 307, 760), Cut("clock-offset", ["r3"], 100, 950, {"offset_ns": -240 * MS})]
    policy = msgspec.structs.replace(SKEWED, round_every_ns=20 * MS)
    plan = sketch(name, steps, cuts, 1000, nodes=4, policy=policy, mend_rounds_max=200)
    return msgspec.structs.replace(plan, network=Network(MS, MS), disk=Disk(10 * MS, 10 * MS))


def _two_coordinators(name: str) -> Plan:
    """r1 and r3 are asked for a put each while neither hears of the other."""
    steps = [Step(500, "c1", "r1", "put"), Step(500, "c2", "r3", "put"), Step(1300, "c3", "r2", "get")]
    return sketch(name, steps, [Cut("isolate", ["r1"], 300, 1000)], 1400)


def _two_after_one_that_led(name: str) -> Plan:
    """The clock of r1 leads, and all have seen a version from it; then r2 and r3 each mint the next one."""
    steps = [
        Step(200, "c1", "r1", "put"),
        Step(500, "c2", "r2", "put"),
        Step(500, "c3", "r3", "put"),
        Step(1300, "c1", "r2", "get"),
    ]
    cuts = [Cut("clock-offset", ["r1"], 100, 400, {"offset_ns": 500 * MS}), Cut("isolate", ["r3"], 450, 1000)]
    return sketch(name, steps, cuts, 1400, mend_rounds_max=40)


def wiped_after_minting(name: str) -> Plan:
    """r4 holds no copy, and r3 alone takes its put. r4 loses its disk, hears of the put before again and not of its
    own, and is asked for another one."""
    steps = [
        Step(200, "c1", "r1", "put"),
        Step(400, "c2", "r4", "get"),
        Step(600, "c2", "r4", "put"),
        Step(1100, "c4", "r4", "get"),
        Step(2000, "c3", "r4", "get"),
        Step(2500, "c3", "r4", "put"),
    ]
    cuts = [
        Cut("one-way", ["r4", "r1"], 500, 800),
        Cut("one-way", ["r4", "r2"], 500, 800),
        Cut("wipe", ["r4"], 1000, 1200),
        Cut("isolate", ["r3"], 1900, 2400),
    ]
    return sketch(name, steps, cuts, 2600, nodes=4, policy=WITHOUT_ROUNDS)


PLANS: dict[str, Callable[[str], Plan]] = {
    "forgets-its-clock": _set_back_and_restarted,
    "set back and restarted": _set_back_and_restarted,
    "knows-no-skew": _late_and_young_by_a_clock_that_lags,
    "clocks within the budget": _late_and_young_by_a_clock_that_lags,
    "counts-versions": _two_coordinators,
    "ties-by-arrival": _two_after_one_that_led,
    "rejoins-as-the-same": wiped_after_minting,
}
