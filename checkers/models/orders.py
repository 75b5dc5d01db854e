"""Whether there is an order in which some things come before others: there is none if they go round in a ring."""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from typing import NamedTuple

from checkers.calls import Call, OutOfBudget
from checkers.models.sources import BREATH
from checkers.models.steps import spend


class Edge(NamedTuple):
    """The one number comes before the other; the calls say why."""

    before: int
    after: int
    why: tuple[Call, ...]


Edges = Callable[[], Iterable[Edge]]
"""Asked once to decide, and once again to explain: the same both times."""


def ring(size: int, edges: Edges, out_of_budget: OutOfBudget) -> list[Edge]:
    """Of the numbers below `size`, some that go round; empty if they have an order."""
    after: list[list[int]] = [[] for _ in range(size)]
    waits = [0] * size
    for number, (one, other, _) in enumerate(edges()):
        if not number & BREATH:
            spend(out_of_budget)
        after[one].append(other)
        waits[other] += 1
    ready = [node for node, left in enumerate(waits) if not left]
    for number, node in enumerate(ready):  # which grows meanwhile
        if not number & BREATH:
            spend(out_of_budget)
        for other in after[node]:
            waits[other] -= 1
            if not waits[other]:
                ready.append(other)
    if len(ready) == size:
        return []
    stuck = {node for node, left in enumerate(waits) if left}
    return _shortest(
        _on_a_ring(stuck, after), [edge for edge in edges() if edge.before in stuck and edge.after in stuck]
    )


def _on_a_ring(stuck: set[int], after: list[list[int]]) -> int:
    """Whatever is stuck waits for another that is: back from any, one comes round."""
    before = {other: node for node in sorted(stuck, reverse=True) for other in after[node] if other in stuck}
    node, seen = min(stuck), set[int]()
    while node not in seen:
        seen.add(node)
        node = before[node]
    return node


def _shortest(start: int, edges: list[Edge]) -> list[Edge]:
    """Back to where it starts."""
    out: dict[int, list[Edge]] = defaultdict(list)
    for edge in edges:
        out[edge.before].append(edge)
    came: dict[int, Edge] = {}
    queue = deque([start])
    while start not in came:
        for edge in out[queue.popleft()]:
            if edge.after not in came:
                came[edge.after] = edge
                queue.append(edge.after)
    path = [came[start]]
    while path[-1].before != start:
        path.append(came[path[-1].before])
    return path[::-1]
