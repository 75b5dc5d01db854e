"""What is measured of one run: counts and samples that can be added up over seeds, and nothing that cannot.

A figure (`figures.py`) is a ratio of two counts or a quantile of a sample, over all seeds together. Times are in
nanoseconds; what never came to be took NEVER. Some counts need a history that was measured (sizes of messages, hints
waiting) and are left out where it was not.
"""

from array import array
from bisect import bisect_left
from collections import Counter
from itertools import accumulate
from typing import Any, Literal

import msgspec

from checkers import divergence, properties, staleness
from checkers.facts import Answer, Facts, gather
from checkers.history import Fault, History, Invoke, Metrics, Return, Version
from harness.plan import MS, Plan
from harness.promises import Outcome, faults_not_applied, judge, not_whole, nothing_done

NEVER = 1 << 62
LOOK_NS = 20 * MS  # how far apart the points of a curve of divergence are
WINDOW_NS = 100 * MS

Cause = Literal["foreground", "read repair", "write repair", "hints", "anti-entropy", "upkeep"]

CAUSES: dict[Cause, str] = {
    "foreground": "what clients asked for",
    "read repair": "copies sent since a read found them missing",
    "write repair": "what a write found to be newer, and brought to those who lack it",
    "hints": "copies sent since a write was not acknowledged",
    "anti-entropy": "rounds that compare replicas, and copies sent in them",
    "upkeep": "purges, bootstraps and all else",
}
REPAIRS: tuple[Cause, ...] = ("read repair", "write repair", "hints", "anti-entropy")
_BY_ORIGIN: dict[str, Cause] = {
    "op": "foreground",
    "hint": "hints",
    "round": "anti-entropy",
    "scrub": "anti-entropy",
}
_COPIES = ("store", "dotted store")
_FOR_WRITE_REPAIR = ("newer", "fetch", "fetched")


class Measures(msgspec.Struct):
    """Of one run. `divergent` is how many keys were divergent at each LOOK_NS from the start of unrest until the end;
    `unknown` says why nothing can be told of it."""

    counts: dict[str, int]
    samples: "dict[str, array[int]]"
    divergent: "array[int]"
    mend_ns: int
    promises: dict[str, Outcome]
    unknown: list[str]


def measure(plan: Plan, history: History) -> Measures:
    """From plan and history alone."""
    facts = gather(history)
    promises = judge(plan, facts, {verdict.property: verdict for verdict in properties.judge(facts)})
    outcomes = {promise.property: promise.outcome for promise in promises}
    counts, samples = Counter[str](runs=1), dict[str, list[int]]()
    counts["promises made"] = sum(outcome != "not promised" for outcome in outcomes.values())
    counts["promises broken"] = sum(outcome == "violated" for outcome in outcomes.values())
    healed_ns = last_heal_ns(facts)
    _operations(plan, facts, healed_ns, counts, samples)
    _stale(facts, counts, samples)
    _everywhere(facts, counts, samples)
    stretches = divergence.stretches(facts)
    _converging(facts, stretches, healed_ns, counts, samples)
    causes = causes_of(facts)
    _messages(facts, causes, counts)
    _storm(plan, facts, causes, healed_ns, counts, samples)
    _held(facts, counts)
    return Measures(
        counts=dict(counts),
        samples={name: array("q", sample) for name, sample in samples.items()},
        divergent=array("q", _divergent(stretches, facts.events[-1].at)),
        mend_ns=next((phase.at for phase in facts.phases if phase.name == "mend"), facts.events[-1].at),
        promises=outcomes,
        unknown=faults_not_applied(plan, facts) + nothing_done(facts) + not_whole(facts),
    )


def last_heal_ns(history: History) -> int | None:
    """None: there was no fault, or one that did not end."""
    marks = [event for event in history.events if isinstance(event, Fault)]
    return max((mark.at for mark in marks if mark.phase == "healed"), default=None)


def _operations(
    plan: Plan, facts: Facts, healed_ns: int | None, counts: Counter[str], samples: dict[str, list[int]]
) -> None:
    """Calm is before the first fault, and once clients have given up on what was asked during the last."""
    calm_ns = None if healed_ns is None else healed_ns + plan.client_timeout_ns
    begun_ns = min((fault.start_ns for fault in plan.faults), default=plan.unrest_ns)
    planned = {operation.id: operation for operation in plan.operations}
    took: dict[str, list[int]] = {"reads": [], "writes": [], "calm reads": [], "calm writes": [], "just healed": []}
    for event in facts.events:
        if isinstance(event, Return) and event.op in planned:
            operation = planned[event.op]
            kind = "reads" if operation.kind == "get" else "writes"
            counts[f"{kind} {event.outcome}"] += 1
            if event.outcome == "ok":
                took[kind].append(event.at - operation.at_ns)
                if operation.at_ns < begun_ns or (calm_ns is not None and operation.at_ns >= calm_ns):
                    took[f"calm {kind}"].append(event.at - operation.at_ns)
                elif calm_ns is not None and healed_ns is not None and healed_ns <= operation.at_ns:
                    took["just healed"].append(event.at - operation.at_ns)
    samples.update(took)
    for outcome in ("ok", "failed", "unknown"):
        counts[f"operations {outcome}"] = counts[f"reads {outcome}"] + counts[f"writes {outcome}"]
    counts["operations"] = sum(counts[f"operations {outcome}"] for outcome in ("ok", "failed", "unknown"))
    values = [len(operation.value) for operation in plan.operations if operation.value is not None]
    counts["puts"], counts["bytes put"] = len(values), sum(values)
    counts["reads"] = sum(operation.kind == "get" for operation in plan.operations)
    counts["keys asked for"] = len({operation.key for operation in plan.operations})
    counts["unrest ns"] = plan.unrest_ns
    counts["writes taken"] = counts["writes ok"] + counts["writes unknown"]


def _stale(facts: Facts, counts: Counter[str], samples: dict[str, list[int]]) -> None:
    lags = list(staleness.lags(facts))
    counts["reads told"] = len(facts.reads) - sum(staleness.is_untold(facts, answer) for answer in facts.reads)
    counts["reads stale"] = len(lags)
    samples["ages"] = [lag.age_ns for lag in lags]
    counts["versions behind"] = sum(lag.versions for lag in lags)


def _everywhere(facts: Facts, counts: Counter[str], samples: dict[str, list[int]]) -> None:
    """From each acknowledgement until the last replica has held the write or what dominates it."""
    risen = _risen(facts)
    waits = [_until_everywhere(facts, ack, risen) for ack in facts.acks if ack.copy is not None]
    samples["everywhere"] = waits
    counts["writes told"] = len(waits)
    counts["writes never everywhere"] = sum(wait == NEVER for wait in waits)


Risen = dict[tuple[str, str], tuple[list[tuple[Any, ...]], list[int]]]


def _risen(facts: Facts) -> Risen:
    """By key and node: each rank that was higher than all before it there, and when it came."""
    risen: Risen = {}
    for change in facts.changes:
        if change.new is not None:
            ranks, times = risen.setdefault((change.key, change.node), ([], []))
            rank = facts.rank(change.new)
            if not ranks or rank > ranks[-1]:
                ranks.append(rank)
                times.append(change.at)
    return risen


def _until_everywhere(facts: Facts, ack: Answer, risen: Risen) -> int:
    assert ack.copy is not None  # noqa: S101 - the caller leaves out the others
    rank, key, last = facts.rank(ack.copy), ack.invoke.key, ack.back.at
    for node in facts.replicas(key):
        ranks, times = risen.get((key, node), ([], []))
        place = bisect_left(ranks, rank)
        if place == len(ranks):
            return NEVER
        last = max(last, times[place])
    return last - ack.back.at


def _converging(
    facts: Facts,
    stretches: dict[str, list[divergence.Stretch]],
    healed_ns: int | None,
    counts: Counter[str],
    samples: dict[str, list[int]],
) -> None:
    """Of each key that differed when the last fault ended, how long it still did. A cold one was asked for by nobody
    after that."""
    waits: dict[str, list[int]] = {"hot": [], "cold": []}
    if healed_ns is not None:
        asked = {event.key for event in facts.events if isinstance(event, Invoke) and event.at > healed_ns}
        end = facts.events[-1].at
        for key, of_key in stretches.items():
            over = next((each.end for each in of_key if each.start <= healed_ns < each.end), None)
            if over is not None:
                waits["hot" if key in asked else "cold"].append(NEVER if over == end else over - healed_ns)
    for kind, of_kind in (*waits.items(), ("all", waits["hot"] + waits["cold"])):
        samples[f"converging {kind}"] = of_kind
        counts[f"keys apart {kind}"] = len(of_kind)
        counts[f"keys never {kind}"] = sum(wait == NEVER for wait in of_kind)


def causes_of(facts: Facts) -> list[Cause]:
    """What set off each message. A copy that goes out for a read is its repair. A write sends its own copy first: one
    of another version, and what it takes to get that, is write repair."""
    gets = {f"op {invoke.op}" for invoke in facts.operations.values() if invoke.kind == "get"}
    written: dict[str, Version | None] = {}
    causes: list[Cause] = []
    for message in facts.messages:
        cause = _BY_ORIGIN.get(message.origin.partition(" ")[0], "upkeep")
        if cause == "foreground" and message.origin in gets:
            cause = "read repair" if message.kind in (*_COPIES, "stored") else cause
        elif cause == "foreground":
            again = message.kind in _COPIES and written.setdefault(message.origin, message.version) != message.version
            cause = "write repair" if again or message.kind in _FOR_WRITE_REPAIR else cause
        causes.append(cause)
    return causes


def _messages(facts: Facts, causes: list[Cause], counts: Counter[str]) -> None:
    """Each is counted when it is sent, whether or not it arrives."""
    for cause in CAUSES:
        counts[f"messages {cause}"] = 0
    for message, cause in zip(facts.messages, causes, strict=True):
        counts[f"messages {cause}"] += 1
        counts["copies sent"] += message.kind in _COPIES
        counts["messages handled"] += message.received is not None
        if message.bytes is not msgspec.UNSET:
            counts[f"bytes {cause}"] += message.bytes
            counts["bytes"] += message.bytes
    if counts["bytes"]:
        counts["operations sized"] = counts["operations"]
        for cause in CAUSES:
            counts[f"bytes {cause}"] += 0
    counts["messages"] = len(facts.messages)
    counts["copies installed"] = sum(change.new is not None and change.cause != "purgeable" for change in facts.changes)
    counts["commits"] = len({(change.node, change.incarnation, change.batch) for change in facts.changes})


def _storm(
    plan: Plan,
    facts: Facts,
    causes: list[Cause],
    healed_ns: int | None,
    counts: Counter[str],
    samples: dict[str, list[int]],
) -> None:
    """Repair traffic after the heal, in windows. Those with half of the most or more are the storm; how long the
    operations that were due in them took stands against those that were due before the first fault."""
    samples["in storm"], samples["before faults"] = [], []
    if healed_ns is None or not counts["operations sized"]:
        return
    windows = Counter[int]()
    for message, cause in zip(facts.messages, causes, strict=True):
        if message.at >= healed_ns and cause in REPAIRS and message.bytes is not msgspec.UNSET:
            windows[(message.at - healed_ns) // WINDOW_NS] += message.bytes
    peak = max(windows.values(), default=0)
    counts["heals"] = 1
    counts["peak repair bytes/s"] = peak * 1000 * MS // WINDOW_NS
    storm = {window for window, sent in windows.items() if 2 * sent >= peak}
    first_ns = min(fault.start_ns for fault in plan.faults)
    back = {event.op: event.at for event in facts.events if isinstance(event, Return) and event.outcome == "ok"}
    for operation in plan.operations:
        if operation.id in back:
            took = back[operation.id] - operation.at_ns
            if operation.at_ns < first_ns:
                samples["before faults"].append(took)
            elif operation.at_ns >= healed_ns and (operation.at_ns - healed_ns) // WINDOW_NS in storm:
                samples["in storm"].append(took)


def _held(facts: Facts, counts: Counter[str]) -> None:
    """Tombstones at the end, hints at their most, and what processes spent."""
    dumps = facts.last_dumps("settled")
    if dumps:
        counts["runs dumped"] = 1
        counts["tombstones"] = sum(copy.dead for dump in dumps.values() for copy in dump.copies.values())
    waiting: dict[str, int] = {}
    spent: dict[str, int] = {}
    for event in facts.events:
        if isinstance(event, Metrics):
            waiting[event.node] = event.values.get("hints_waiting", 0)
            counts["hints waiting at most"] = max(counts["hints waiting at most"], sum(waiting.values()))
            if "cpu_us" in event.values:
                before, now = spent.get(event.node, 0), event.values["cpu_us"]
                counts["cpu us"] += now - before if now >= before else now  # a new process begins anew
                spent[event.node] = now
    counts["runs looked at"] = 1 if waiting else 0
    if spent:
        counts["operations timed"] = counts["operations"]


def _divergent(stretches: dict[str, list[divergence.Stretch]], end: int) -> list[int]:
    """A key counts at a point if the point is in one of its stretches; what lasts until the end is on then."""
    places = end // LOOK_NS + 1
    steps = [0] * (places + 1)
    for of_key in stretches.values():
        for each in of_key:
            over = places if each.end == end else -(-each.end // LOOK_NS)
            steps[-(-each.start // LOOK_NS)] += 1
            steps[over] -= 1
    return list(accumulate(steps))[:places]
