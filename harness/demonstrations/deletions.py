"""Tombstones and purges."""

from collections.abc import Callable
from typing import Literal

import msgspec

from harness.plan import Plan
from harness.sketch import SHORT, Cut, Step, sketch

MS = 1_000_000
GRACE = msgspec.structs.replace(
    SHORT, purge="grace", grace_ns=3200 * MS, exchange_timeout_ns=500 * MS, hint_lifetime_ns=200 * MS
)


def _missed_delete(name: str) -> Plan:
    """r3 has the value and misses its deletion for longer than a purge waits."""
    steps = [Step(100, "c1", "r1", "put"), Step(600, "c1", "r1", "delete"), Step(2600, "c2", "r2", "get")]
    return sketch(name, steps, [Cut("isolate", ["r3"], 300, 2000)], 2800)


def _cut_off_until_the_mend(name: str) -> Plan:
    steps = [Step(100, "c1", "r1", "put"), Step(600, "c1", "r1", "delete"), Step(1700, "c2", "r2", "get")]
    return sketch(name, steps, [Cut("isolate", ["r3"], 300, 2000)], 2000)


def _missed_delete_under_grace(name: str) -> Plan:
    """r3 has the value and misses its deletion for longer than an eighth of the grace, and not for the whole."""
    steps = [Step(100, "c1", "r1", "put"), Step(600, "c1", "r1", "delete"), Step(2100, "c2", "r2", "get")]
    return sketch(name, steps, [Cut("isolate", ["r3"], 300, 1700)], 2200, policy=GRACE, mend_rounds_max=60)


def delete_of_what_was_never_there(name: str, anti_entropy: Literal["merkle", "rows"] = "merkle") -> Plan:
    """r3 has nothing, and r1 and r2 have a tombstone, which nobody purges."""
    steps = [Step(300, "c1", "r1", "delete")]
    policy = msgspec.structs.replace(SHORT, purge="never", anti_entropy=anti_entropy)
    return sketch(name, steps, [Cut("isolate", ["r3"], 200, 600)], 600, policy=policy)


UNEVEN = msgspec.structs.replace(SHORT, message_lifetime_ns=299_900_000)


def _purged_one_after_the_other(name: str) -> Plan:
    """What r1 marks in one of its rounds it may purge four rounds later, and the others, told by it, five."""
    return sketch(name, [Step(100, "c1", "r2", "delete")], [], 300, policy=UNEVEN)


def _put_and_deleted(name: str) -> Plan:
    steps = [Step(100, "c1", "r1", "put"), Step(300, "c1", "r1", "delete")]
    return sketch(name, steps, [Cut("isolate", ["r3"], 200, 600)], 700)


PLANS: dict[str, Callable[[str], Plan]] = {
    "purges-early": _missed_delete_under_grace,
    "a grace that is long enough": _missed_delete_under_grace,
    "purges-unconfirmed": _missed_delete,
    "confirms-twice": _missed_delete,
    "purges-after-quorum": _missed_delete,
    "cut off until the mend": _cut_off_until_the_mend,
    "hashes-no-tombstones": delete_of_what_was_never_there,
    "shows-purgeable": _purged_one_after_the_other,
    "deletes-outright": _put_and_deleted,
}
