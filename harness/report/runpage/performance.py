"""How long operations took, and what replicas spent. The charts of operations are drawn from those of the timeline."""

from collections import defaultdict
from itertools import pairwise
from typing import Any

from checkers.history import Return
from checkers.statistics import rank
from harness import samples
from harness.report.runpage.columns import us
from harness.report.runpage.curves import Step, curve
from harness.report.runpage.subject import Subject
from harness.report.runpage.timeline import KINDS
from harness.samples import Sample

PERCENTS = (50, 95, 99)
ALL = ""  # of any kind, or at any node
SHORTEST_NS = 50_000_000  # between two samples of CPU time


def section(subject: Subject) -> dict[str, Any]:
    facts = subject.facts
    end = facts.events[-1].at if facts.events else 0
    taken: dict[str, list[Sample]] = {node: [] for node in facts.header.nodes}
    for sample in samples.read(subject.folder):
        taken[sample.node].append(sample)
    starts = {(life.node, life.at) for life in facts.lives if life.what == "started"}
    spent = {node: cpu(of_node, [at for by, at in starts if by == node]) for node, of_node in taken.items()}
    kept = {node: memory(of_node) for node, of_node in taken.items()}
    return {
        "stage": facts.header.stage,
        "quantiles": quantiles(subject),
        "cpu": _by_node(spent, end),
        "memory": _by_node(kept, end),
    }


def _by_node(steps: dict[str, list[Step]], end: int) -> list[dict[str, Any]]:
    """Nothing, if nothing is known of any."""
    if all(value is None for of_node in steps.values() for _, value in of_node):
        return []
    return [{"node": node, "curve": curve(of_node, end)} for node, of_node in steps.items()]


def quantiles(subject: Subject) -> list[dict[str, Any]]:
    """By kind and node, of operations that were answered, counted from when they were due; and how the others ended."""
    facts = subject.facts
    due = {operation.id: operation.at_ns for operation in subject.plan.operations}
    returns = {event.op: event for event in facts.events if isinstance(event, Return)}
    took: dict[tuple[str, str], list[int]] = defaultdict(list)
    ended: dict[tuple[str, str, str], int] = defaultdict(int)
    for invoke in facts.operations.values():
        back = returns.get(invoke.op)
        for group in ((kind, node) for kind in (invoke.kind, ALL) for node in (invoke.node, ALL)):
            ended[(*group, back.outcome if back else "unknown")] += 1
            if back and back.outcome == "ok":
                took[group].append(us(back.at - due.get(invoke.op, invoke.at)))
    groups = [(kind, node) for kind in (ALL, *KINDS) for node in (ALL, *facts.header.nodes)]
    return [
        {
            "kind": group[0],
            "node": group[1],
            **{outcome: ended[(*group, outcome)] for outcome in ("ok", "failed", "unknown")},
            "took": _ranked(took[group]),
        }
        for group in groups
        if any(ended[(*group, outcome)] for outcome in ("ok", "failed", "unknown"))
    ]


def _ranked(took: list[int]) -> list[int | None]:
    """None: of too few for any to be above it. The last is the worst."""
    took.sort()
    enough = [percent for percent in PERCENTS if len(took) * (100 - percent) >= 100]
    found = [took[rank(len(took), percent)] if percent in enough else None for percent in PERCENTS]
    return [*found, took[-1] if took else None]


def cpu(taken: list[Sample], starts: list[int]) -> list[Step]:
    """The share of a core in percent, between one sample and the next of the same process: a start begins anew."""
    found: list[Step] = []
    for before, now in pairwise(_apart(taken)):
        anew = any(before.at < start <= now.at for start in starts)
        if before.cpu_ns is None or now.cpu_ns is None or anew or now.cpu_ns < before.cpu_ns:
            found.append((before.at, None))
        else:
            found.append((before.at, round(100 * (now.cpu_ns - before.cpu_ns) / (now.at - before.at))))
    return [*found, (taken[-1].at, None)] if taken else []


def _apart(taken: list[Sample]) -> list[Sample]:
    """CPU time is counted in ticks of some milliseconds: of a shorter while it says nothing."""
    kept = taken[:1]
    for sample in taken[1:]:
        if sample.at - kept[-1].at >= SHORTEST_NS:
            kept.append(sample)
    return kept


def memory(taken: list[Sample]) -> list[Step]:
    """In KiB, from each sample until the next."""
    return [(each.at, None if each.rss_bytes is None else each.rss_bytes // 1024) for each in taken]
