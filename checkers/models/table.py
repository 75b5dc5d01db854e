"""Every model by name, with the properties that are checked of it, in the order in which verdicts are shown.

A check of a model takes calls, of any system, and a way to be told that its time or its memory is spent. It is a pure
function; where it was stopped its verdict is unknown, with the reason.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from checkers.calls import Call, OutOfBudget
from checkers.models import (
    causal,
    counters,
    increments,
    linearizable,
    regular,
    sessions,
    sets,
    stale,
    unique_ids,
    visibility,
)
from checkers.verdict import Verdict

ModelCheck = Callable[[Sequence[Call], OutOfBudget], Verdict]


class Model(NamedTuple):
    legend: str
    functions: tuple[str, ...]
    checks: dict[str, ModelCheck]


_EVENTUAL_SET: dict[str, ModelCheck] = {
    sets.NOTHING_INVENTED: sets.check_invented,
    sets.NOTHING_DUPLICATED: sets.check_duplicated,
    sets.NOTHING_LOST: sets.check_lost,
    sets.NOTHING_RESURRECTED: sets.check_resurrected,
}
_LINEARIZABLE: dict[str, ModelCheck] = {linearizable.NAME: linearizable.check}
_WEAKER: dict[str, ModelCheck] = {
    regular.REGULARITY: regular.check_regularity,
    regular.SAFETY: regular.check_safety,
    sessions.READ_YOUR_WRITES: sessions.check_read_your_writes,
    sessions.MONOTONIC_READS: sessions.check_monotonic_reads,
    sessions.MONOTONIC_WRITES: sessions.check_monotonic_writes,
    sessions.WRITES_FOLLOW_READS: sessions.check_writes_follow_reads,
    causal.CONSISTENCY: causal.check_consistency,
    causal.CONVERGENCE: causal.check_convergence,
}

MODELS: dict[str, Model] = {
    "register": Model(
        "keys that each hold a value or nothing: read, write, delete",
        ("read", "write", "delete"),
        {**_LINEARIZABLE, **_WEAKER},
    ),
    "cas-register": Model("the same, with compare-and-set", ("read", "write", "delete", "cas"), {**_LINEARIZABLE}),
    "multi-register": Model(
        "many registers, of which a txn reads and writes several at once",
        ("txn", "read", "write", "delete", "cas"),
        {**_LINEARIZABLE, visibility.NAME: visibility.check},
    ),
    "set": Model(
        "elements that are added, removed and read, all or one: what is acknowledged is seen at once",
        ("add", "remove", "read", "contains"),
        {**_EVENTUAL_SET, stale.NO_STALE_READS: stale.check_stale},
    ),
    "eventual-set": Model(
        "the same, and what is acknowledged is seen in the end", ("add", "remove", "read", "contains"), _EVENTUAL_SET
    ),
    "counter": Model(
        "a number that is added to and read: what is acknowledged is seen at once",
        ("add", "read"),
        {counters.WITHIN_BOUNDS: counters.check_bounds, increments.READS_AGREE: increments.check_increments},
    ),
    "eventual-counter": Model(
        "the same, and what is acknowledged is seen in the end",
        ("add", "read"),
        {counters.NOTHING_UNASKED: counters.check_asked, counters.LAST_READS: counters.check_last},
    ),
    "unique-ids": Model(
        "identifiers that are generated", ("generate",), {unique_ids.NOTHING_TWICE: unique_ids.check_unique}
    ),
}


def judge(model: str, calls: Sequence[Call], out_of_budget: OutOfBudget) -> list[Verdict]:
    return [check(calls, out_of_budget) for check in MODELS[model].checks.values()]
