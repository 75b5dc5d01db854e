"""Known failures that did not happen: what is fixed must go from the file, else it would hide the next one like it."""

from collections.abc import Iterable
from typing import NamedTuple

from harness.known import Known
from harness.run import Report


class Missed(NamedTuple):
    """In words. Of what is `untold` nobody knows whether it is fixed."""

    fixed: list[str]
    untold: list[str]


class _Count:
    """Of one known failure, over its seeds. One that was inconclusive, failed or was not run shows nothing, nor does
    one for which nothing was promised."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self.happened = self._conclusive = self._kept = 0

    def add(self, report: Report) -> None:
        entry = self._known.entry
        if report.seed in self._known.seeds and report.verdict != "unknown":
            promise = report.promises.get(entry.promise)
            self._conclusive += 1
            self.happened += self._known.happened(report)
            self._kept += promise is not None and promise.verdict == "holds" and entry.flaw in (None, report.flaw)

    def tell(self, missed: Missed) -> None:
        entry, asked = self._known.entry, len(self._known.seeds)
        absent = f"known failure {entry.words()!r} did not happen"
        seeds = f"any of its {self._kept:,} seeds" if self._kept > 1 else "its one seed"
        if entry.sometimes:
            missed.untold.append(f"{absent}: it happens only sometimes")
        elif self._conclusive < asked:
            left = asked - self._conclusive
            missed.untold.append(f"{absent}, but {left:,} of its {asked:,} seeds showed nothing")
        elif self._kept:
            missed.fixed.append(f"{absent} in {seeds}: remove it, or write `sometimes = true` if it comes and goes")
        elif entry.flaw is None:
            missed.untold.append(f"{absent}, but in none of its seeds was it promised not to")


def missed(known: list[Known], reports: Iterable[Report]) -> Missed:
    counts = [_Count(each) for each in known]
    for report in reports:
        for count in counts:
            count.add(report)
    found = Missed([], [])
    for count in counts:
        if not count.happened:
            count.tell(found)
    return found
