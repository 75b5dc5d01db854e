"""The smallest plan by which each flaw breaks its promise, and the near misses that keep it. Tests run all of them
in both stages; `urushi run demo:NAME` runs one."""

from collections.abc import Callable

import msgspec

from harness.plan import Disk, Network, Plan
from harness.sketch import SHORT, WITHOUT_ROUNDS, Cut, Step, sketch
from replicas.store.settings import Policy

MS = 1_000_000


def _missed_write(name: str, policy: Policy = SHORT) -> Plan:
    """r1 misses the second put, in all but a repair."""
    steps = [Step(100, "c1", "r2", "put"), Step(600, "c1", "r2", "put")]
    return sketch(name, steps, [Cut("isolate", ["r1"], 300, 1000)], 1000, policy=policy)


def _killed_while_writing(name: str) -> Plan:
    steps = [Step(100 + 25 * number, f"c{number % 4}", f"r{1 + number % 3}", "put") for number in range(24)]
    return sketch(name, steps, [Cut("kill", ["r2"], 480, 900)], 1000)


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


def _missed_delete(name: str) -> Plan:
    """r3 has the value and misses its deletion for longer than a purge waits."""
    steps = [Step(100, "c1", "r1", "put"), Step(600, "c1", "r1", "delete"), Step(2600, "c2", "r2", "get")]
    return sketch(name, steps, [Cut("isolate", ["r3"], 300, 2000)], 2800)


def _cut_off_until_the_mend(name: str) -> Plan:
    steps = [Step(100, "c1", "r1", "put"), Step(600, "c1", "r1", "delete"), Step(1700, "c2", "r2", "get")]
    return sketch(name, steps, [Cut("isolate", ["r3"], 300, 2000)], 2000)


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


GRACE = msgspec.structs.replace(
    SHORT, purge="grace", grace_ns=3200 * MS, exchange_timeout_ns=500 * MS, hint_lifetime_ns=200 * MS
)


def _missed_delete_under_grace(name: str) -> Plan:
    """r3 has the value and misses its deletion for longer than an eighth of the grace, and not for the whole."""
    steps = [Step(100, "c1", "r1", "put"), Step(600, "c1", "r1", "delete"), Step(2100, "c2", "r2", "get")]
    return sketch(name, steps, [Cut("isolate", ["r3"], 300, 1700)], 2200, policy=GRACE, mend_rounds_max=60)


TRICKLE = msgspec.structs.replace(SHORT, repair_bytes_per_s_max=100, exchange_timeout_ns=200 * MS)


def _more_than_the_limit(name: str) -> Plan:
    """Three repairs of r1: r2 and r3 have each a second's worth of bytes, which is enough for one."""
    steps = [Step(100 + 800 * number, "c1", "r2", "put") for number in range(4)]
    cuts = [Cut("isolate", ["r1"], 800 * number, 200 + 800 * number) for number in (1, 2, 3)]
    return sketch(name, steps, cuts, 3000, policy=TRICKLE, mend_rounds_max=60)


def _behind_the_first_answer(name: str) -> Plan:
    """r3 misses the second put, and is read first by itself."""
    steps = [Step(100, "c1", "r1", "put"), Step(600, "c1", "r1", "put"), Step(1300, "c2", "r3", "get")]
    return sketch(name, steps, [Cut("isolate", ["r3"], 300, 900)], 1500, policy=WITHOUT_ROUNDS)


def _read_while_writing(name: str) -> Plan:
    """r1 cannot reach the others: its put is not acknowledged, so that a read beside it need not see it."""
    steps = [Step(100, "c1", "r1", "put"), Step(500, "c1", "r1", "put"), Step(600, "c2", "r2", "get")]
    return sketch(name, steps, [Cut("isolate", ["r1"], 300, 900)], 1200)


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
    "hashes-keys-only": _missed_write,
    "stops-rounds": _missed_write,
    "hashes-versions-only": _missed_write,
    "repairs-any-other": _missed_write,
    "takes-equal": _missed_write,
    "hides-repairs": _missed_write,
    "commits-later": _killed_while_writing,
    "killed while writing": _killed_while_writing,
    "skips-repair": _read_through_changing_pairs,
    "repairs-all": _read_through_changing_pairs,
    "repairs-by-arrival": _stale_repair,
    "late background repair": _stale_repair,
    "hints-by-arrival": _stale_hint,
    "keeps-old-hints": _hint_of_what_was_deleted,
    "a hint that came in time": _hint_before_the_purge,
    "joins-at-once": _read_after_a_wipe,
    "wiped and bootstrapped": _wiped_and_bootstrapped,
    "purges-early": _missed_delete_under_grace,
    "a grace that is long enough": _missed_delete_under_grace,
    "never-refills": _more_than_the_limit,
    "a trickle of repairs": _more_than_the_limit,
    "decides-on-one": _behind_the_first_answer,
    "a read beside an unknown write": _read_while_writing,
    "purges-unconfirmed": _missed_delete,
    "confirms-twice": _missed_delete,
    "purges-after-quorum": _missed_delete,
    "cut off until the mend": _cut_off_until_the_mend,
    "acknowledges-on-send": _coordinator_cut_off,
    "W = 1 and cut off": _one_replica_acknowledges,
    "mixes-copies": _read_of_two_versions,
    "an unknown write is read": _unknown_write_is_read,
    "forgets-its-clock": _set_back_and_restarted,
    "set back and restarted": _set_back_and_restarted,
    "knows-no-skew": _late_and_young_by_a_clock_that_lags,
    "clocks within the budget": _late_and_young_by_a_clock_that_lags,
    "never-syncs": _power_cut,
    "a power cut while writing": _power_cut,
    "a blackout": _blackout,
    "ignores-failed-commits": _commits_fail,
    "a disk that fails for a while": _commits_fail,
    "serves-rot": _rot_is_read,
    "rot that a read finds": _rot_is_read,
    "rot that nobody reads": _rot_unseen,
}
