"""A recommendation in plain words, each sentence with its figures: where the usual decision tree ends for this load,
whether the figures agree, and what to take.

The tree: much read? then, if reads may wait, synchronous read repair; if they must be quick, by digests for large
values, asynchronous for small ones that change seldom, synchronous or by chance for those that change often. Mostly
written: anti-entropy. The bounds are ours, since it has none.
"""

from collections.abc import Iterator
from typing import NamedTuple

from harness.compare.measures import Measures
from harness.compare.pairs import DECIDING, Pairs
from harness.compare.result import Comparison, Figure, Sentence, Subject, Value
from harness.compare.statistics import SEEDS_LEAST
from harness.compare.words import number, said

MUCH_READ = 0.5
LARGE_BYTES = 10_000
OFTEN_PER_S = 1.0

_SYNCHRONOUS = ("blocking", "bounded")
_ASYNCHRONOUS = ("background",)


class Load(NamedTuple):
    read: float  # share of the operations
    value_bytes: float
    writes_per_s: float  # of a key that is asked for at all

    def quick(self) -> str:
        """Where the tree ends if reads must be quick."""
        if self.value_bytes >= LARGE_BYTES:
            return "read repair by digests"
        often = self.writes_per_s >= OFTEN_PER_S
        return "synchronous read repair, or read repair by chance" if often else "asynchronous read repair"


def load_of(runs: list[Measures]) -> Load:
    total = {name: sum(run.counts[name] for run in runs) for name in ("operations", "reads", "puts", "bytes put")}
    key_seconds = sum(run.counts["keys asked for"] * run.counts["unrest ns"] for run in runs) / 1e9
    writes = total["operations"] - total["reads"]
    return Load(
        total["reads"] / max(1, total["operations"]),
        total["bytes put"] / max(1, total["puts"]),
        writes / key_seconds if key_seconds else 0.0,
    )


def sentences(comparison: Comparison, pairs: Pairs, runs: list[Measures]) -> list[Sentence]:
    words = _Words(comparison)
    load = load_of(runs)
    told = [_tree(load), *_latency(words), *_read_repair_alone(words), *_choice(words, pairs)]
    return [*told, *_storm(words), *_strong(words)]


class _Words:
    """What the sentences ask of a comparison."""

    def __init__(self, comparison: Comparison) -> None:
        self.baseline = comparison.baseline
        self.seeds = comparison.seeds
        self.subjects = {subject.name: subject for subject in comparison.policies}
        self.figures: dict[str, Figure] = {figure.name: figure for figure in comparison.figures}
        self.values: dict[tuple[str, str], Value] = {(each.figure, each.policy): each for each in comparison.values}
        self.more = {
            (each.figure, each.policy) for each in comparison.differences if each.shown and (each.difference or 0.0) > 0
        }

    def said(self, figure: str, policy: str) -> str:
        return said(self.figures[figure], self.values[figure, policy])

    def value(self, figure: str, policy: str) -> float | None:
        return self.values[figure, policy].value if figure in self.figures else None

    def having(self, field: str, *choices: str) -> list[str]:
        return [name for name, subject in self.subjects.items() if _given(subject, field) in choices]


def _given(subject: Subject, field: str) -> str:
    return str(subject.given.get(field, "none"))


def _tree(load: Load) -> Sentence:
    told = (
        f"{number(100 * load.read)} % of the operations are reads, a value has {number(load.value_bytes)} bytes at the"
        f" mean, and a key that is asked for is written {number(load.writes_per_s)} times a second"
    )
    if load.read < MUCH_READ:
        return Sentence(f"{told}: for so much writing the decision tree says anti-entropy.", [])
    ends = f"{load.quick()} if reads must be quick, synchronous read repair if they may wait"
    return Sentence(f"{told}: for that the decision tree says {ends}.", [])


def _latency(words: _Words) -> Iterator[Sentence]:
    """That a read which waits for its repair is slower is why the tree asks about latency."""
    figures = [
        figure.name for figure in words.figures.values() if figure.name in ("read p50", "read p99", "read p99.9")
    ]
    for name in words.having("read_repair", *_SYNCHRONOUS):
        if name == words.baseline:
            continue
        worse = [figure for figure in figures if (figure, name) in words.more]
        if worse:
            told = ", ".join(f"{figure} {words.said(figure, name)}, against {words.said(figure, words.baseline)}"
                             for figure in worse)  # fmt: skip
            yield Sentence(f"{name} pays latency, as the tree has it: {told} under {words.baseline}.", worse)
        else:
            told = f"read p99 is {words.said('read p99', name)}, and {words.said('read p99', words.baseline)}"
            yield Sentence(
                f"The tree has synchronous repair cost latency; that is not shown here: under {name} {told} under"
                f" {words.baseline}.",
                ["read p99"],
            )


def _read_repair_alone(words: _Words) -> Iterator[Sentence]:
    """The tree ends at read repair, as if that were enough."""
    if "never converged" not in words.figures:
        return
    repairs = words.having("read_repair", *_SYNCHRONOUS, *_ASYNCHRONOUS, "adaptive")
    others = [*words.having("anti_entropy", "none"), *words.having("hints", "none")]
    alone = [name for name in repairs if others.count(name) == 2]
    left = [name for name in alone if (words.value("never converged", name) or 0.0) > 0]
    if not left:
        return
    told = ", ".join(f"{words.said('never converged', name)} under {name}" for name in left)
    figures = ["never converged"]
    cold = ""
    if "cold never" in words.figures:
        cold = f"; of those that nobody read again {', '.join(words.said('cold never', name) for name in left)}"
        figures.append("cold never")
    yield Sentence(
        "The figures do not agree that read repair is enough: of the keys that differed when the last fault ended"
        f" {told} never converged{cold}.",
        figures,
    )


def _choice(words: _Words, pairs: Pairs) -> Iterator[Sentence]:
    if len(words.seeds) < SEEDS_LEAST:
        yield Sentence(f"{len(words.seeds)} seeds are too few to choose by: take {SEEDS_LEAST} or more.", [])
        return
    left = pairs.left()
    deciding = [figure for figure in DECIDING if figure in words.figures]
    chosen = min(left, key=lambda name: [_or_most(words.value(figure, name)) for figure in deciding])
    yield Sentence(f"Take {chosen}: {'; '.join(_beside(words, figure, chosen) for figure in deciding)}.", deciding)
    alike = [name for name in left if name != chosen]
    if alike:
        others = f"{', '.join(alike)} in any of these"
        yield Sentence(f"It is not shown to be better than {others}: that it comes first may be chance.", deciding)
    order = ", ".join(deciding)
    yield Sentence(f"That is by {order}, in this order; who weighs them otherwise chooses from the front.", deciding)


def _or_most(value: float | None) -> float:
    return float("inf") if value is None else value


def _beside(words: _Words, figure: str, name: str) -> str:
    own = f"{figure} {words.said(figure, name)}"
    return own if name == words.baseline else f"{own} ({words.said(figure, words.baseline)} under {words.baseline})"


def _storm(words: _Words) -> Iterator[Sentence]:
    """How high it is, and whether those who ask for something then pay for it."""
    figures = ["repair peak", "just healed p99"]
    if not words.figures.keys() >= {*figures}:
        return
    peaks = {name: words.value("repair peak", name) or 0.0 for name in words.subjects}
    most = max(peaks, key=lambda name: (peaks[name], name))
    if not peaks[most] or most == words.baseline:
        return
    slower = ("just healed p99", most) in words.more
    cost = "which slows" if slower else "and no difference is shown in"
    yield Sentence(
        f"The storm after the heal is highest under {most}: repairs send {words.said('repair peak', most)} at their"
        f" most, {cost} what is asked for just then: {words.said('just healed p99', most)} at p99, and"
        f" {words.said('just healed p99', words.baseline)} under {words.baseline}.",
        figures,
    )


def _strong(words: _Words) -> Iterator[Sentence]:
    if "stale reads" not in words.figures:
        return
    shares = {name: words.value("stale reads", name) or 0.0 for name in words.subjects}
    least = min(shares, key=lambda name: (shares[name], name))
    if shares[least] > 0:
        yield Sentence(
            "If each read must see every acknowledged write, none of these is the answer, as the tree says first: under"
            f" {least}, the least, {words.said('stale reads', least)} of the reads were stale. That takes quorums that"
            " meet, or consensus.",
            ["stale reads"],
        )
