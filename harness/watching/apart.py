"""Which keys are out of agreement now: the replicas of each that are up do not all hold the same."""

from collections.abc import Iterable, Mapping, Sequence


class Apart:
    """`now` has these keys. `_of_all` has those that would be among them if every node were up: only of these may a
    node that goes or comes change anything. `replicas` has the nodes of each key."""

    def __init__(self, replicas: Mapping[str, Sequence[str]]) -> None:
        self._replicas = replicas
        self._held: dict[str, dict[str, int]] = {}
        self._down: frozenset[str] = frozenset()
        self._of_all: set[str] = set()
        self.now: set[str] = set()

    def hold(self, node: str, key: str, copy: int | None) -> None:
        held = self._held.setdefault(key, {})
        if copy is None:
            held.pop(node, None)
        else:
            held[node] = copy
        self._look(key)

    def lose(self, node: str) -> None:
        """All that it held."""
        for key in [key for key, held in self._held.items() if held.pop(node, None) is not None]:
            self._look(key)

    def set_down(self, nodes: Iterable[str]) -> None:
        down = frozenset(nodes)
        if down != self._down:
            self._down = down
            for key in list(self._of_all):
                self._look(key)

    def _look(self, key: str) -> None:
        held, replicas = self._held[key], self._replicas.get(key, ())
        _put(self._of_all, key, _differ([held.get(node) for node in replicas]))
        _put(self.now, key, _differ([held.get(node) for node in replicas if node not in self._down]))


def _put(keys: set[str], key: str, belongs: bool) -> None:  # noqa: FBT001 - the whole point
    (keys.add if belongs else keys.discard)(key)


def _differ(copies: list[int | None]) -> bool:
    return len(copies) > 1 and copies.count(copies[0]) != len(copies)
