"""How far replicas were apart over time, and what brought them together again."""

from collections import defaultdict
from collections.abc import Iterable
from heapq import merge
from itertools import combinations
from operator import attrgetter
from typing import Any

from checkers import divergence
from checkers.facts import Facts
from checkers.history import Change, Life, Metrics
from harness import samples
from harness.compare.measures import CAUSES, causes_of
from harness.report.runpage.apart import Deltas, deltas
from harness.report.runpage.columns import us
from harness.report.runpage.curves import Step, counted, curve
from harness.report.runpage.subject import Subject

PAIRS_MAX = 21  # all of seven replicas: of more, those that were apart for longest
BINS = 500  # of messages by cause


def section(subject: Subject) -> dict[str, Any]:
    """Where replicas report no changes of their own, nothing of what they held is known."""
    facts = subject.facts
    end = facts.events[-1].at if facts.events else 0
    found = {
        "down": {node: [list(map(us, each)) for each in down(facts, node, end)] for node in facts.header.nodes},
        "hints": _by_node(hints(subject), end),
        "messages": _messages(facts, end),
    }
    return found | (_apart(facts, end) if facts.header.audited else {"summary": None})


def _apart(facts: Facts, end: int) -> dict[str, Any]:
    apart = deltas(facts)
    nodes = facts.header.nodes
    chosen, left_out = pairs(facts, apart, end)
    measured = divergence.measure(facts)
    return {
        "summary": measured and {**_said(measured), "keys": len(facts.header.replicas)},
        "total": curve(counted(_ends(divergence.stretches(facts), end)), end),
        "pairs": [{"nodes": pair, "curve": curve(counted(apart.get(pair, [])), end)} for pair in chosen],
        "pairs_left_out": left_out,
        "behind": _by_node({node: counted(apart.get((node,), [])) for node in nodes}, end),
        "tombstones": _by_node({node: counted(steps) for node, steps in tombstones(facts).items()}, end),
    }


def _said(measured: divergence.Divergence) -> dict[str, Any]:
    return {
        "differed": measured.differed,
        "worst": measured.worst_key,
        "longest": us(measured.longest_ns),
        "open": measured.open,
    }


def _by_node(steps: dict[str, list[Step]], end: int) -> list[dict[str, Any]]:
    return [{"node": node, "curve": curve(of_node, end)} for node, of_node in steps.items()]


def _ends(stretches: dict[str, list[divergence.Stretch]], end: int) -> list[tuple[int, int]]:
    """What lasts until the end is on then."""
    told = [stretch for of_key in stretches.values() for stretch in of_key]
    return [(each.start, 1) for each in told] + [(each.end, -1) for each in told if each.end < end]


def pairs(facts: Facts, apart: Deltas, end: int) -> tuple[list[tuple[str, str]], int]:
    """Those that have a key in common, in the order of the nodes; how many were left out."""
    common = {pair for replicas in facts.header.replicas.values() for pair in combinations(sorted(replicas), 2)}
    all_of = [pair for pair in combinations(facts.header.nodes, 2) if tuple(sorted(pair)) in common]
    longest = sorted(all_of, key=lambda pair: -sum((end - at) * delta for at, delta in apart.get(pair, [])))
    chosen = set(longest[:PAIRS_MAX])
    return [pair for pair in all_of if pair in chosen], len(all_of) - len(chosen)


def down(facts: Facts, node: str, end: int) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    since: int | None = None
    for life in facts.lives:
        if life.node == node and life.what == "started" and since is not None:
            found.append((since, life.at))
            since = None
        elif life.node == node and life.what != "started" and since is None:
            since = life.at
    return found if since is None else [*found, (since, end)]


def tombstones(facts: Facts) -> dict[str, list[tuple[int, int]]]:
    """On disk, purgeable ones too: also of a node that is down."""
    found: dict[str, list[tuple[int, int]]] = {node: [] for node in facts.header.nodes}
    dead: dict[str, set[str]] = defaultdict(set)
    told: Iterable[Change | Life] = merge(facts.changes, facts.lives, key=attrgetter("seq"))
    for event in told:
        held = dead[event.node]
        before = len(held)
        if isinstance(event, Life):
            dead[event.node] = held = set() if event.what == "wiped" else held
        elif event.new is not None and event.new.dead:
            held.add(event.key)
        else:
            held.discard(event.key)
        if len(held) != before:
            found[event.node].append((event.at, len(held) - before))
    return found


def hints(subject: Subject) -> dict[str, list[Step]]:
    """As they were looked at from time to time; empty if nobody looked at a node more than once."""
    taken = [(each.at, each.node, each.hints) for each in samples.read(subject.folder)]
    looked: list[tuple[int, str, int | None]] = [
        (event.at, event.node, event.values.get("hints_waiting"))
        for event in subject.facts.events
        if isinstance(event, Metrics)
    ]
    steps: dict[str, list[Step]] = {node: [] for node in subject.facts.header.nodes}
    for at, node, waiting in taken if any(waiting is not None for _, _, waiting in taken) else looked:
        steps[node].append((at, waiting))
    return steps if any(len(of_node) > 1 for of_node in steps.values()) else {}


def _messages(facts: Facts, end: int) -> dict[str, Any]:
    """How many were sent in each of BINS, by what set them off."""
    wide = max(1, -(-(end + 1) // BINS))
    counts = {cause: [0] * BINS for cause in CAUSES}
    for message, cause in zip(facts.messages, causes_of(facts), strict=True):
        counts[cause][max(0, message.at) // wide] += 1
    return {"wide": wide / 1_000, "counts": counts, "meanings": CAUSES}
