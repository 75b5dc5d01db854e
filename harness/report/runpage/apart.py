"""Who differs from whom, over time: by pair of replicas, and each from the newest. As checkers/divergence.py has it,
which counts keys: a node is up from its start until it ends, and a purgeable tombstone is the same as nothing."""

from collections import defaultdict
from collections.abc import Iterable
from functools import reduce
from heapq import merge
from itertools import combinations
from operator import attrgetter

from checkers.convergence import normal
from checkers.facts import Facts
from checkers.history import Change, Copy, Life

Mark = tuple[str, ...]  # (one, other): they differ. (one,): it holds another copy than the newest of those that are up
Deltas = dict[Mark, list[tuple[int, int]]]  # at which times a key more bears the mark, or a key less


def deltas(facts: Facts) -> Deltas:
    replay = _Replay(facts)
    told: Iterable[Change | Life] = merge(facts.changes, facts.lives, key=attrgetter("seq"))
    for event in told:
        if isinstance(event, Change):
            replay.change(event)
        else:
            replay.life(event)
    return replay.deltas


class _Replay:
    """`_uneven` are keys whose replicas would differ if all were up: only there may a start or an end change marks."""

    def __init__(self, facts: Facts) -> None:
        self.deltas: Deltas = defaultdict(list)
        self._facts = facts
        self._places = {node: place for place, node in enumerate(facts.header.nodes)}
        self._held: dict[str, dict[str, Copy | None]] = defaultdict(dict)
        self._down: set[str] = set()
        self._uneven: dict[str, None] = {}
        self._marks: dict[str, set[Mark]] = defaultdict(set)

    def change(self, change: Change) -> None:
        held, new = self._held[change.key], normal(change.new)
        if held.get(change.node) != new:
            held[change.node] = new
            self._look(change.key, change.at)

    def life(self, life: Life) -> None:
        if life.what == "started":
            self._down.discard(life.node)
        else:
            self._down.add(life.node)
        lost = [key for key, held in self._held.items() if held.get(life.node)] if life.what == "wiped" else []
        for key in lost:
            self._held[key][life.node] = None
        for key in dict.fromkeys([*self._uneven, *lost]):
            self._look(key, life.at)

    def _look(self, key: str, at: int) -> None:
        replicas = sorted(self._facts.replicas(key), key=self._places.__getitem__)  # so that a pair has one name
        copies = {node: self._held[key].get(node) for node in replicas}
        if len(set(copies.values())) > 1:
            self._uneven[key] = None
        else:
            self._uneven.pop(key, None)
        before = self._marks[key]
        now = self._standing({node: copy for node, copy in copies.items() if node not in self._down})
        for mark in now - before:
            self.deltas[mark].append((at, 1))
        for mark in before - now:
            self.deltas[mark].append((at, -1))
        self._marks[key] = now

    def _standing(self, copies: dict[str, Copy | None]) -> set[Mark]:
        if len(set(copies.values())) < 2:
            return set()
        newest = reduce(self._facts.order.join, [copy for copy in copies.values() if copy is not None])
        behind = {(node,) for node, copy in copies.items() if copy != newest}
        return behind | {pair for pair in combinations(copies, 2) if copies[pair[0]] != copies[pair[1]]}
