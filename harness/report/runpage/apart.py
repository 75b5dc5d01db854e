"""Who differs from whom, over time: by pair of replicas, and each from the newest."""

from collections import defaultdict
from functools import reduce
from itertools import combinations

from checkers.facts import Facts
from checkers.history import Copy
from checkers.holdings import differ, replayed
from checkers.versions import Order

Mark = tuple[str, ...]  # (one, other): they differ. (one,): it holds another copy than the newest of those that are up
Deltas = dict[Mark, list[tuple[int, int]]]  # at which times a key more bears the mark, or a key less


def deltas(facts: Facts) -> Deltas:
    found: Deltas = defaultdict(list)
    marks: dict[str, set[Mark]] = defaultdict(set)
    places = {node: place for place, node in enumerate(facts.header.nodes)}
    for at, key, nodes, copies in replayed(facts):
        before = marks[key]
        held = dict(zip(nodes, copies, strict=True))
        now = _standing({node: held[node] for node in sorted(held, key=places.__getitem__)}, facts.order)
        for mark in now - before:
            found[mark].append((at, 1))
        for mark in before - now:
            found[mark].append((at, -1))
        marks[key] = now
    return found


def _standing(copies: dict[str, Copy | None], order: Order) -> set[Mark]:
    """In the order of the nodes, so that a pair has one name."""
    if not differ(list(copies.values())):
        return set()
    newest = reduce(order.join, [copy for copy in copies.values() if copy is not None])
    behind = {(node,) for node, copy in copies.items() if copy != newest}
    return behind | {pair for pair in combinations(copies, 2) if copies[pair[0]] != copies[pair[1]]}
