"""Rows of many events as columns of small numbers, which compress well: what `columns.js` makes rows of again."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")


class Names(Generic[Item]):
    """Numbers things in the order in which they are met; nothing is -1."""

    def __init__(self, known: Iterable[Item] = ()) -> None:
        self._numbers: dict[Item, int] = {each: number for number, each in enumerate(known)}

    def __getitem__(self, item: Item | None) -> int:
        return -1 if item is None else self._numbers.setdefault(item, len(self._numbers))

    def all(self) -> list[Item]:
        return list(self._numbers)


def steps(numbers: Sequence[int]) -> list[int]:
    """Each as its distance from the one before: small where they rise slowly."""
    return [later - earlier for earlier, later in pairwise([0, *numbers])]


def us(ns: int) -> int:
    """Pages tell microseconds."""
    return ns // 1_000


def columns(rows: Sequence[tuple[int, ...]], names: Sequence[str], rising: Sequence[str] = ()) -> dict[str, Any]:
    """One list of numbers a name; of those that rise, the steps."""
    turned = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    found = {name: list(column) for name, column in zip(names, turned, strict=True)}
    return {"rising": list(rising), **{name: steps(found[name]) if name in rising else found[name] for name in names}}
