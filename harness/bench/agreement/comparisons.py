"""Which figures of which plan are compared."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from checkers.history import History
from harness.bench.agreement import measure, plans
from harness.bench.agreement.lines import Comparison, counts, distribution, exactly, figure, latencies, means
from harness.plan import Plan


class Subject(NamedTuple):
    """`alone`: nothing else may run meanwhile, since its times are compared to the millisecond."""

    plan_of: Callable[[int], Plan]
    alone: bool
    comparisons: tuple[Comparison, ...]


def _sent(kind: str, for_what: str, history: History) -> float:
    return measure.messages(history, for_what)[kind]


def _metric(name: str, history: History) -> float:
    return measure.metric(history, name)


def _of_operations(kind: str) -> Comparison:
    why = "2 %: a stall of the machine may make a read repair"
    return figure(f"messages of operations: {kind}", "", partial(_sent, kind, "op"), 0.02, 0, why)


def _of_purges(kind: str) -> Comparison:
    why = "10 %: a key that is written meanwhile is not purged, and one that is slow is asked again"
    return figure(f"messages of purges: {kind}", "", partial(_sent, kind, "purge"), 0.1, 2, why)


_READS = partial(measure.latencies_ms, kinds=("get",))
_WRITES = partial(measure.latencies_ms, kinds=("put", "delete"))
_EDGES = "10 %: writes at the edges of a cut"
_TWO_ROUNDS = "two rounds: looks are a round apart"
_BY_ROUNDS = "a round and a half: a difference waits for the next round, and its round for a free exchange"
_TALK = "10 % and 0.3: a round that meets a write under way says more"
_IDLE = "a busy machine is slow to see that the last client is done"
_NO_ORDER = "the simulated network delays each message for itself, while TCP keeps the order"
_TWICE = "20 %: two nodes that compare at once send the same copy"

OK = figure("operations that succeeded", "", measure.succeeded, 0.02, 0, "2 %: those at the edges of a fault")
REPAIRS = counts("repairs per read", partial(_metric, "repairs_started"), partial(_metric, "reads"))
BEHIND = counts("copies found behind per read", measure.differences, partial(_metric, "reads"))
STORES = exactly("messages of operations: store", partial(_sent, "store", "op"))
RATE = figure("rounds a second", "1/s", measure.rounds_per_s, 0.05, 0, "5 %: a process wakes late, never early")
TALK = figure("messages of anti-entropy per round", "", measure.messages_per_round, 0.1, 0.3, _TALK)
COPIES_SENT = figure("copies sent by anti-entropy", "", partial(_sent, "store", "round"), 0.2, 0, _TWICE)
COPIES_CAME = figure("copies installed by anti-entropy", "", measure.copies_caught_up, 0.1, 0, _EDGES)
HINTS_MADE = figure("hints made", "", partial(_metric, "hints_queued"), 0.1, 0, _EDGES)
HINTS_REPLAYED = figure("hints replayed", "", partial(_metric, "hints_replayed"), 0.1, 0, _EDGES)
EACH_COPY = means("a missed copy comes after the cut", measure.caught_up_ms)
FIRST_COPY = means("the first copy comes after the cut", measure.first_caught_up_ms)
CONVERGENCE = figure(
    "convergence: the last change after the last fault", "ms", measure.convergence_ms, 0, 300, _BY_ROUNDS
)
SETTLED = figure("seen to have mended after", "ms", measure.settled_ms, 0, 400, _TWO_ROUNDS)
MEND_LATE = figure("the mend phase begins after the last answer", "ms", measure.mend_late_ms, 0, 100, _IDLE)
OVERTAKING = figure("share of messages overtaken on their link", "", measure.overtaking, 0, 0.05, _NO_ORDER)
READS, WRITES = latencies("reads", _READS), latencies("writes", _WRITES)
ALL_READS, ALL_WRITES = distribution("reads", _READS), distribution("writes", _WRITES)
SLOW_READS = latencies("reads through r1", partial(measure.latencies_ms, kinds=("get",), node="r1"))
SLOW_WRITES = latencies("writes through r1", partial(measure.latencies_ms, kinds=("put", "delete"), node="r1"))

_CALM = tuple(map(_of_operations, ("store", "stored", "fetch", "fetched"))) + tuple(
    map(_of_purges, ("confirm", "mark"))
)

SUBJECTS: dict[str, Subject] = {
    "calm": Subject(plans.calm, alone=True, comparisons=(OK, *_CALM, RATE, TALK, OVERTAKING, CONVERGENCE)),
    "slow links": Subject(
        plans.slow_links, alone=True, comparisons=(READS, ALL_READS, WRITES, ALL_WRITES, TALK, CONVERGENCE)
    ),
    "one slow node": Subject(plans.one_slow_node, alone=True, comparisons=(SLOW_READS, SLOW_WRITES, CONVERGENCE)),
    "hot keys": Subject(plans.hot_keys, alone=True, comparisons=(REPAIRS, BEHIND, ALL_READS, MEND_LATE)),
    "hot keys, background": Subject(plans.hot_keys_background, alone=True, comparisons=(REPAIRS, BEHIND, ALL_READS)),
    "stale reads": Subject(plans.stale_reads, alone=False, comparisons=(OK, REPAIRS, BEHIND)),
    "rounds": Subject(
        plans.rounds,
        alone=False,
        comparisons=(OK, STORES, COPIES_SENT, COPIES_CAME, EACH_COPY, FIRST_COPY, RATE, CONVERGENCE, SETTLED),
    ),
    "hints": Subject(
        plans.hints,
        alone=False,
        comparisons=(OK, STORES, HINTS_MADE, HINTS_REPLAYED, EACH_COPY, FIRST_COPY, CONVERGENCE),
    ),
}
