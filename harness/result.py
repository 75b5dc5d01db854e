"""What became of many seeds: kept until the end, counted, and summed up in words."""

import pickle
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Literal, NamedTuple

import msgspec

from harness.run import EXIT_CODES, Report

LINES_MAX = 20  # of one kind in a summary


class Finished(NamedTuple):
    """A seed that is over. An outcome in words is what kept it from being run: nothing is known of it."""

    seed: int
    outcome: Report | str
    took_s: float
    known: tuple[str, ...] = ()

    def verdict(self) -> Literal["holds", "violated", "known", "unknown", "failed"]:
        if self.known:
            return "known"
        return "failed" if isinstance(self.outcome, str) else self.outcome.verdict


class Reports:
    """Of many seeds, kept pickled: in a fifth of the memory. `counts` are of the verdicts."""

    def __init__(self, reports: Iterable[Report] = ()) -> None:
        self.counts = Counter[str](dict.fromkeys(EXIT_CODES, 0))
        self._pickled: list[tuple[int, bytes]] = []
        for report in reports:
            self.append(report)

    def append(self, report: Report) -> None:
        self.counts[report.verdict] += 1
        self._pickled.append((report.seed, pickle.dumps(report)))

    def sort(self) -> None:
        """By seed."""
        self._pickled.sort()

    def __len__(self) -> int:
        return len(self._pickled)

    def __iter__(self) -> Iterator[Report]:
        return (pickle.loads(pickled) for _, pickled in self._pickled)  # noqa: S301 - our own bytes


class Result(msgspec.Struct):
    """In the order of the seeds. `not_run` are those that were not begun, or were ended before they were over; `known`
    those that broke nothing but what is known, in words; `fixed` and `untold` are
    the known failures that did not happen."""

    reports: Reports = msgspec.field(default_factory=Reports)
    errors: dict[int, str] = {}
    not_run: list[int] = []
    took_s: dict[int, float] = {}
    stopped: Literal["--fail-fast", "Ctrl-C"] | None = None
    known: dict[int, tuple[str, ...]] = {}
    fixed: list[str] = []
    untold: list[str] = []

    def add(self, finished: Finished) -> None:
        self.not_run.remove(finished.seed)
        self.took_s[finished.seed] = finished.took_s
        if finished.known:
            self.known[finished.seed] = finished.known
        if isinstance(finished.outcome, str):
            self.errors[finished.seed] = finished.outcome
        else:
            self.reports.append(finished.outcome)

    def verdict(self) -> Literal["holds", "violated", "unknown"]:
        counts = self.reports.counts
        if counts["violated"] > len(self.known):
            return "violated"
        return "unknown" if counts["unknown"] or self.errors or self.not_run else "holds"

    def exit_code(self) -> int:
        """A known failure that is fixed makes the file of them wrong."""
        if self.verdict() == "violated":
            return 1
        return 4 if self.errors else 2 if self.fixed else EXIT_CODES[self.verdict()]

    def summary(self) -> list[str]:
        """Each reason for which a promise was not made is told once, whatever its figures, with an example."""
        dropped: dict[tuple[str, str], list[tuple[int, str]]] = {}
        proxies: dict[str, None] = {}
        for report in self.reports:
            for name, promise in report.promises.items():
                if promise.verdict == "not promised":
                    reason = re.sub(r"[\d.,]+", "…", promise.why)
                    dropped.setdefault((name, reason), []).append((report.seed, promise.why))
            if report.proxy:
                proxies[report.proxy] = None
        total = len(self.reports)
        return [
            *(
                f"not promised: {name} ({len(seeds)} of {total} runs): seed {seeds[0][0]}: {seeds[0][1]}"
                for (name, _), seeds in dropped.items()
            ),
            *(f"links: {proxy}" for proxy in sorted(proxies)),
            *self.let_through(),
            *self.untold,
            *self.fixed,
            *self.failed(),
            *self.inconclusive(),
            *self.left_out(),
            f"{total} runs: {', '.join(f'{self.reports.counts[name]} {name}' for name in EXIT_CODES)}"
            + (f" ({len(self.known)} known)" if self.known else "")
            + (f"; {len(self.errors)} failed" if self.errors else ""),
        ]

    def let_through(self) -> list[str]:
        seeds: dict[str, list[int]] = {}
        for seed, words in self.known.items():
            for each in words:
                seeds.setdefault(each, []).append(seed)
        return [f"known failure, let through: {words}: seeds {write_seeds(of)}" for words, of in seeds.items()]

    def failed(self) -> list[str]:
        """What befell many seeds is told once."""
        seeds: dict[str, list[int]] = {}
        for seed, error in self.errors.items():
            seeds.setdefault(error, []).append(seed)
        told = [f"seed{'s' if len(of) > 1 else ''} {write_seeds(of)} failed: {error}" for error, of in seeds.items()]
        return shortened(told)

    def inconclusive(self) -> list[str]:
        if not self.reports.counts["unknown"]:
            return []
        unknown = (report for report in self.reports if report.verdict == "unknown")
        told = [f"seed {report.seed}: {'; '.join(report.reasons)}" for report in unknown]
        share = f"{len(told)} of {len(self.reports)} inconclusive ({100 * len(told) / len(self.reports):.2g} %)"
        return [f"{share}: {told[0]}"] if len(told) == 1 else [f"{share}:", *(f"  {line}" for line in shortened(told))]

    def left_out(self) -> list[str]:
        if not self.not_run:
            return []
        many = f"{len(self.not_run)} of {len(self.reports) + len(self.errors) + len(self.not_run)} seeds"
        return [f"stopped by {self.stopped}; {many} not run: {write_seeds(self.not_run)}"]


def shortened(lines: list[str]) -> list[str]:
    more = len(lines) - LINES_MAX
    return [*lines[:LINES_MAX], f"and {more:,} more"] if more > 0 else lines


def write_seeds(seeds: Iterable[int]) -> str:
    """As `parse_seeds` reads them."""
    parts: list[str] = []
    for _, run_of in groupby(enumerate(sorted(seeds)), key=lambda pair: pair[1] - pair[0]):
        numbers = [seed for _, seed in run_of]
        parts.append(f"{numbers[0]}..{numbers[-1]}" if len(numbers) > 1 else f"{numbers[0]}")
    return ",".join(parts)
