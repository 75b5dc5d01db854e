"""Divergence: for how long the replicas of a key that are up did not all hold the same. A measurement, and no verdict.

Known from the replicas' own changes, as checkers/holdings.py replays them. A write that is on its way to the replicas
makes them differ too.
"""

from collections import defaultdict
from typing import NamedTuple

import msgspec

from checkers.facts import Facts, gather
from checkers.history import History
from checkers.holdings import differ, replayed
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
    over, since = _watched(facts)
    stretches = _with_open(over, since, end)
    keys = {change.key for change in facts.changes}
    times = {key: sum(stretch.end - stretch.start for stretch in stretches.get(key, [])) for key in keys}
    worst = max(times, key=lambda key: (times[key], key), default=None)
    longest = max((each.end - each.start for of_key in stretches.values() for each in of_key), default=0)
    differed = sum(time > 0 for time in times.values())
    return Divergence(
        len(keys), differed, quantiles(list(times.values())), worst if differed else None, longest, len(since)
    )


def stretches(history: History) -> dict[str, list[Stretch]]:
    """By key, when its replicas differed, in order; the last may go on until the end of the history."""
    facts = gather(history)
    return _with_open(*_watched(facts), facts.events[-1].at if facts.events else 0)


def _watched(facts: Facts) -> tuple[dict[str, list[Stretch]], dict[str, int]]:
    """The stretches that are over, and since when each key differs that still does."""
    over: dict[str, list[Stretch]] = defaultdict(list)
    since: dict[str, int] = {}
    for at, key, _, copies in replayed(facts):
        if differ(copies):
            since.setdefault(key, at)
        elif key in since:
            start = since.pop(key)
            if at > start:
                over[key].append(Stretch(start, at))
    return over, since


def _with_open(over: dict[str, list[Stretch]], since: dict[str, int], end: int) -> dict[str, list[Stretch]]:
    still = {key: [Stretch(start, end)] for key, start in since.items() if end > start}
    return {key: [*over.get(key, []), *still.get(key, [])] for key in {**over, **still}}
