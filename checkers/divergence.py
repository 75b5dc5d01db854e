"""Divergence: for how long the replicas of a key that are up did not all hold the same. A measurement, and no verdict.

Known from the replicas' own changes. A node is up from its start until it ends; a purgeable tombstone is the same as
nothing. A write that is on its way to the replicas makes them differ too.
"""

from collections import defaultdict
from collections.abc import Iterable
from heapq import merge
from operator import attrgetter
from typing import NamedTuple

import msgspec

from checkers.convergence import normal
from checkers.facts import Facts, gather
from checkers.history import Change, Copy, History, Life
from checkers.statistics import Quantiles, quantiles


class Divergence(msgspec.Struct, frozen=True):
    """Over `keys` that any replica ever held; `differed` of them did at some time. `times` are in nanoseconds, one for
    each of `keys`: all its times together. `longest_ns` is the longest time without a break, of any key. `open` counts
    the keys that differ at the end."""

    keys: int
    differed: int
    times: Quantiles | None
    worst_key: str | None
    longest_ns: int
    open: int


class Stretch(NamedTuple):
    start: int
    end: int


def measure(history: History) -> Divergence | None:
    """None: the replicas report no changes of their own."""
    facts = gather(history)
    if not facts.header.audited:
        return None
    end = facts.events[-1].at if facts.events else 0
    watch = _watched(facts)
    stretches = watch.stretches(end)
    keys = {change.key for change in facts.changes}
    times = {key: sum(stretch.end - stretch.start for stretch in stretches.get(key, [])) for key in keys}
    worst = max(times, key=lambda key: (times[key], key), default=None)
    longest = max((each.end - each.start for of_key in stretches.values() for each in of_key), default=0)
    differed = sum(time > 0 for time in times.values())
    return Divergence(
        len(keys), differed, quantiles(list(times.values())), worst if differed else None, longest, len(watch.since)
    )


def stretches(history: History) -> dict[str, list[Stretch]]:
    """By key, when its replicas differed, in order; the last may go on until the end of the history."""
    facts = gather(history)
    return _watched(facts).stretches(facts.events[-1].at if facts.events else 0)


def _watched(facts: Facts) -> "_Watch":
    watch = _Watch(facts)
    told: Iterable[Change | Life] = merge(facts.changes, facts.lives, key=attrgetter("seq"))
    for event in told:
        if isinstance(event, Change):
            watch.change(event)
        else:
            watch.life(event)
    return watch


class _Watch:
    """`since` has the keys that differ now, and `_apart` those that would differ if all their replicas were up: only of
    these may a start or an end change anything."""

    def __init__(self, facts: Facts) -> None:
        self.since: dict[str, int] = {}
        self._facts = facts
        self._held: dict[str, dict[str, Copy | None]] = defaultdict(dict)  # key -> node -> what counts of its copy
        self._down: set[str] = set()
        self._apart: dict[str, None] = {}
        self._over: dict[str, list[Stretch]] = defaultdict(list)

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
        for key in dict.fromkeys([*self._apart, *lost]):
            self._look(key, life.at)

    def _look(self, key: str, at: int) -> None:
        held, replicas = self._held[key], self._facts.replicas(key)
        apart = _differ([held.get(node) for node in replicas])
        if apart:
            self._apart[key] = None
        else:
            self._apart.pop(key, None)
        if apart and (not self._down or _differ([held.get(node) for node in replicas if node not in self._down])):
            self.since.setdefault(key, at)
        elif key in self.since:
            start = self.since.pop(key)
            if at > start:
                self._over[key].append(Stretch(start, at))

    def stretches(self, end: int) -> dict[str, list[Stretch]]:
        still = {key: Stretch(start, end) for key, start in self.since.items() if end > start}
        return {
            key: [*self._over.get(key, []), *([still[key]] if key in still else [])] for key in {**self._over, **still}
        }


def _differ(copies: list[Copy | None]) -> bool:
    return len(copies) > 1 and copies.count(copies[0]) != len(copies)
