"""Known failures among what a campaign found."""

from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple, cast

from harness import known
from harness.campaign.results import Results
from harness.run import Stage


class Forgiven(NamedTuple):
    """`seeds` broke nothing but what is known; `entries` has how many showed each that is, by its words."""

    seeds: int
    entries: dict[str, int]


class Cause(NamedTuple):
    """Of a broken promise: as the seed's own story tells it, and as the report does, by a smallest plan."""

    promise: str
    own: str
    reported: str


def forgiven(results: Results, path: Path | None) -> Forgiven:
    """As a suite lets a run through: whole, or not at all."""
    order = results.order()
    broken = {seed: list(found) for seed, found in _broken(results)}
    listed = known.load(path, frozenset(broken), order["scenario"], cast("Stage", order["stage"]))
    entries: Counter[str] = Counter()
    count = 0
    for seed, causes in broken.items():
        met = [
            next((each.entry.words() for each in listed if _is_of(each, seed, cause, order["flaw"] or None)), None)
            for cause in causes
        ]
        if None not in met:
            count += 1
            entries.update({words for words in met if words is not None})
    return Forgiven(count, dict(entries))


def _is_of(entry: known.Known, seed: int, cause: Cause, flaw: str | None) -> bool:
    return any(entry.is_of(seed, cause.promise, told, flaw) for told in (cause.own, cause.reported))


def _broken(results: Results) -> Iterator[tuple[int, Iterator[Cause]]]:
    """By seed."""
    rows = results.rows(
        "SELECT v.seed, v.promise, v.mechanism, c.mechanism FROM violations v JOIN causes c USING (seed, promise) "
        "ORDER BY v.seed, v.promise"
    )
    for seed, found in groupby(rows, key=itemgetter(0)):
        yield seed, (Cause(*cause) for _, *cause in found)
