"""Who holds what of each key, and who is up: kept current change by change, and replayed from a history."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import merge
from operator import attrgetter
from typing import Generic, NamedTuple, TypeVar

from checkers.convergence import normal
from checkers.facts import Facts
from checkers.history import Change, Copy, Life

T = TypeVar("T")


class Holdings(Generic[T]):
    """Each change is answered with the keys on which the replicas that are up may now stand otherwise to each other."""

    def __init__(self, replicas: Callable[[str], Sequence[str]]) -> None:
        self._replicas = replicas
        self._held: dict[str, dict[str, T | None]] = {}
        self._down: frozenset[str] = frozenset()
        self._uneven: dict[str, None] = {}  # would differ if all were up: only there does it matter who is

    def hold(self, node: str, key: str, copy: T | None) -> list[str]:
        held = self._held.setdefault(key, {})
        if held.get(node) == copy:
            return []
        held[node] = copy
        self._note(key)
        return [key]

    def lose(self, node: str) -> list[str]:
        """All that it held."""
        lost = [key for key, held in self._held.items() if held.pop(node, None) is not None]
        for key in lost:
            self._note(key)
        return lost

    def set_down(self, nodes: Iterable[str]) -> list[str]:
        before, self._down = self._down, frozenset(nodes)
        return list(self._uneven) if before != self._down else []

    def of(self, key: str) -> tuple[Sequence[str], list[T | None]]:
        """The replicas that are up, and what each holds."""
        replicas, held = self._replicas(key), self._held[key]
        if self._down:
            replicas = [node for node in replicas if node not in self._down]
        return replicas, [held.get(node) for node in replicas]

    def _note(self, key: str) -> None:
        held = self._held[key]
        if differ([held.get(node) for node in self._replicas(key)]):
            self._uneven[key] = None
        else:
            self._uneven.pop(key, None)


def differ(copies: Sequence[object]) -> bool:
    return len(copies) > 1 and copies.count(copies[0]) != len(copies)


class Standing(NamedTuple):
    """What the replicas of a key that are up hold from a time on."""

    at: int
    key: str
    nodes: Sequence[str]
    copies: list[Copy | None]


def replayed(facts: Facts) -> Iterator[Standing]:
    """A node is up from its start until it ends; a purgeable tombstone is the same as nothing."""
    holdings: Holdings[Copy] = Holdings(facts.replicas)
    down: set[str] = set()
    told: Iterable[Change | Life] = merge(facts.changes, facts.lives, key=attrgetter("seq"))
    for event in told:
        if isinstance(event, Change):
            keys = holdings.hold(event.node, event.key, normal(event.new))
        else:
            (down.discard if event.what == "started" else down.add)(event.node)
            lost = holdings.lose(event.node) if event.what == "wiped" else []
            keys = list(dict.fromkeys([*holdings.set_down(down), *lost]))
        for key in keys:
            yield Standing(event.at, key, *holdings.of(key))
