"""Every property, by name, in the order in which verdicts are shown."""

from collections.abc import Callable

from checkers import (
    acknowledged,
    convergence,
    evidence,
    fresh,
    invented,
    linear,
    lost,
    own_writes,
    purge,
    reads,
    reaping,
    regression,
    resurrection,
    streaming,
    write_order,
    writes_after_reads,
)
from checkers.facts import gather
from checkers.history import History
from checkers.verdict import Verdict

Check = Callable[[History], Verdict]

PROPERTIES: dict[str, Check] = {
    convergence.NAME: convergence.check,
    regression.NAME: regression.check,
    resurrection.NAME: resurrection.check,
    purge.NAME: purge.check,
    acknowledged.NAME: acknowledged.check,
    lost.NAME: lost.check,
    reads.NAME: reads.check,
    fresh.NAME: fresh.check,
    own_writes.NAME: own_writes.check,
    write_order.NAME: write_order.check,
    writes_after_reads.NAME: writes_after_reads.check,
    linear.NAME: linear.check,
    invented.NAME: invented.check,
    evidence.NAME: evidence.check,
    streaming.NAME: streaming.check,
    reaping.NAME: reaping.check,
}


def judge(history: History) -> list[Verdict]:
    """By every property; the history is gathered once."""
    facts = gather(history)
    return [check(facts) for check in PROPERTIES.values()]
