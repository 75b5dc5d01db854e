"""Which keys are out of agreement now: the replicas of each that are up do not all hold the same."""

from collections.abc import Iterable, Mapping, Sequence

from checkers.holdings import Holdings, differ


class Apart:
    """`now` has these keys. `replicas` has the nodes of each key."""

    def __init__(self, replicas: Mapping[str, Sequence[str]]) -> None:
        self._holdings: Holdings[int] = Holdings(lambda key: replicas.get(key, ()))
        self.now: set[str] = set()

    def hold(self, node: str, key: str, copy: int | None) -> None:
        self._look(self._holdings.hold(node, key, copy))

    def lose(self, node: str) -> None:
        """All that it held."""
        self._look(self._holdings.lose(node))

    def set_down(self, nodes: Iterable[str]) -> None:
        self._look(self._holdings.set_down(nodes))

    def _look(self, keys: Iterable[str]) -> None:
        for key in keys:
            _, copies = self._holdings.of(key)
            (self.now.add if differ(copies) else self.now.discard)(key)
