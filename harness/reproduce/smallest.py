"""From a plan that breaks a promise to the smallest that still does."""

from typing import Literal, NamedTuple

from harness.plan import Plan
from harness.reproduce import plainer, smaller_cluster, timing
from harness.reproduce import reductions as reduce
from harness.reproduce.search import Reduction, Search, TimeUp, Watch
from harness.reproduce.witness import Breaks

Stopped = Literal["budget", "Ctrl-C"]

# In this order, again and again until none finds anything: what makes runs short comes first.
_REDUCTIONS: dict[str, tuple[Reduction, ...]] = {
    "settings": (plainer.settings,),
    "merging": (reduce.one_fault_for_two, reduce.fewer_clients, reduce.fewer_keys),
    "nodes": (smaller_cluster.fewer_nodes, smaller_cluster.one_door),
    "plainer faults": (reduce.plainer_faults, timing.shorter_faults),
    "pairs": (reduce.two_less,),
    "times": (timing.rounder_times,),
    "names": (smaller_cluster.plain_nodes, reduce.plain_keys, reduce.plain_names),
}


class Smallest(NamedTuple):
    """`minimal`: each operation and each fault was left out, and then the promise was kept."""

    plan: Plan
    tried: int
    minimal: bool
    stopped: Stopped | None


def smallest(plan: Plan, breaks: Breaks, budget_s: float, watch: Watch) -> Smallest | None:
    """None: the plan itself is not seen to break it. When the budget is used up, or at Ctrl-C, the best so far."""
    search = Search(breaks, plan, budget_s, watch)
    if not search.begin():
        return None
    stopped: Stopped | None = None
    try:
        _cut_away(search)
        _polish(search)
    except TimeUp:
        stopped = "budget"
    except KeyboardInterrupt:
        stopped = "Ctrl-C"
        search.stop()
    return Smallest(search.best, search.tried, _is_minimal(search), stopped)


def _is_minimal(search: Search) -> bool:
    """What was not tried, for want of time, is not known."""
    try:
        return all(search.keeps(plan) for plan in reduce.one_less(search.best))
    except TimeUp:
        return False


def _cut_away(search: Search) -> None:
    search.take_first(reduce.what_the_evidence_needs(search.best, search.sign))
    search.take_first(plainer.phases(search.best))  # of a plan that never mends, all that follows is the faster
    _leave_out(search)


def _leave_out(search: Search) -> None:
    search.doing = "leaving out"
    search.take_first([timing.as_issued(search.best, search.sign.late)])
    search.without_chunks(search.best.faults, lambda faults: reduce.with_faults(search.best, faults))
    search.without_chunks(search.best.operations, lambda each: reduce.with_operations(search.best, each))
    search.without_chunks(list(search.best.fates), lambda causes: reduce.with_fates(search.best, causes))


def _polish(search: Search) -> None:
    before = None
    while before is not search.best:
        before = search.best
        for doing, reductions in _REDUCTIONS.items():
            search.doing = doing
            for reduction in reductions:
                search.exhaust(reduction)
        _leave_out(search)
        while search.take_first(reduce.one_less(search.best)):
            pass
