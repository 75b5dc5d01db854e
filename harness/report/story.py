"""The story of a violation: who wrote what when, which fault was on, which message carried it, which rule it broke."""

import re

from checkers.history import AnyEvent, Change, Copy, Fault, History, Invoke, Life, Message, Return, Version
from checkers.verdict import Violation
from checkers.words import seconds
from harness.plan import Plan
from harness.promises import Promise

ROWS_MAX = 16

Row = tuple[int, int, str, str, str]  # seq, time, node, what it shows, remark

_LONG_NAME = re.compile(r"v(\d+)\.([\w.-]*\w)")


def tell(plan: Plan, history: History, promise: Promise, reproduce: str) -> str:
    """The first violation in full; the others are counted."""
    violation = promise.measured.violations[0]
    names = _short_names(history, violation.key)
    cited = [event for event in history.events if event.seq in set(violation.events)]
    lines = [
        _title(plan, promise, violation),
        f"  {_shorten(violation.summary, names)}.",
        *_faults_on(history, cited),
        *_carriers(history, cited, names),
        f"  Rule broken: {violation.rule}.",
        *_table(history, violation, names),
    ]
    more = len(promise.measured.violations) - 1
    if more:
        lines.append(f"  And {more} more of the same promise.")
    lines.append(f"  Reproduce:  {reproduce}")
    return "\n".join(lines)


def policy_words(plan: Plan) -> str:
    policy = plan.policy
    purge = f"by grace of {policy.grace_ns / 1e9:g} s" if policy.purge == "grace" else policy.purge
    parts = [f"read repair {policy.read_repair}", f"anti-entropy {policy.anti_entropy}", f"purge {purge}"]
    return ", ".join(["hinted handoff", *parts] if policy.hints == "handoff" else parts)


def _title(plan: Plan, promise: Promise, violation: Violation) -> str:
    cluster = plan.cluster
    key = f"key {violation.key}   " if violation.key is not None else ""
    nodes = " ".join(cluster.names())
    numbers = f"N={cluster.n} R={cluster.r} W={cluster.w}"
    flaw = f"   flaw {plan.flaw}" if plan.flaw else ""
    return f"VIOLATED  {promise.property}   {key}{policy_words(plan)}   {nodes} ({numbers}){flaw}"


def _short_names(history: History, key: str | None) -> dict[Version, str]:
    """v1, v2, … in the order of the versions of this key."""
    versions: set[Version] = set()
    for event in history.events:
        if isinstance(event, Change) and event.key == key:
            versions.update(copy.version for copy in (event.old, event.new) if copy)
        elif isinstance(event, Message) and event.key == key and event.version:
            versions.add(event.version)
    ranked = sorted(versions, key=lambda version: (version.time, version.by))
    return {version: f"v{number}" for number, version in enumerate(ranked, 1)}


def _shorten(text: str, names: dict[Version, str]) -> str:
    def short(found: re.Match[str]) -> str:
        return names.get(Version(int(found[1]), found[2]), found[0])

    return _LONG_NAME.sub(short, text)


def _faults_on(history: History, cited: list[AnyEvent]) -> list[str]:
    """Faults that were on at some time up to the last event of the evidence, latest last."""
    end = max((event.at for event in cited), default=0)
    spans: dict[str, list[Fault]] = {}
    for event in history.events:
        if isinstance(event, Fault) and event.at <= end:
            spans.setdefault(event.fault, []).append(event)
    told: list[str] = []
    for name, events in spans.items():
        first, last = events[0], events[-1]
        until = f"until {seconds(last.at)}" if last.phase == "healed" else "and still on"
        whom = (" → " if first.kind == "one-way" else " ").join(first.targets)
        told.append(f"{name} {first.kind} {whom} from {seconds(first.at)} {until}")
    return [f"  Faults before it: {told[-1]}." if len(told) == 1 else "  Faults before it:"] * bool(told) + (
        [f"    {line}" for line in told[-6:]] if len(told) > 1 else []
    )


def _carriers(history: History, cited: list[AnyEvent], names: dict[Version, str]) -> list[str]:
    """The messages that brought what the evidence shows."""
    carried = {(event.message, event.node) for event in cited if isinstance(event, Change) and event.message}
    lines: list[str] = []
    for event in history.events:
        if isinstance(event, Message) and (event.id, event.to) in carried:
            what = names.get(event.version, "") if event.version else ""
            received = f", received {seconds(event.received)}" if event.received is not None else ""
            lines.append(
                f"  Carried by {event.kind} {what} {event.sender} → {event.to} (message {event.id}, {event.origin}), "
                f"sent {seconds(event.at)}{received}."
            )
    return lines


def _table(history: History, violation: Violation, names: dict[Version, str]) -> list[str]:
    """A column a replica, a row a change of the key; the evidence is marked with !."""
    if violation.key is None:
        return []
    nodes = history.header.replicas.get(violation.key, history.header.nodes)
    evidence = set(violation.events)
    rows: list[Row] = []
    operations: set[int] = set()
    for event in history.events:
        if isinstance(event, Invoke) and event.key == violation.key:
            operations.add(event.op)
        shown = _row(event, violation.key, nodes, names, operations)
        if shown is not None:
            rows.append((event.seq, event.at, *shown))
    kept = sorted(_nearest(rows, evidence))
    lines = ["   t (s)   " + "".join(f"{node:<16}" for node in nodes)]
    for seq, at, node, cell, remark in kept:
        mark = " !" if seq in evidence else ""
        cells = "".join(f"{(cell + mark) if each == node else '':<16}" for each in nodes)
        lines.append(f"  {at / 1e9:7.3f}  {cells}{remark if node in nodes else cell + mark + '  ' + remark}".rstrip())
    if len(rows) > len(kept):
        lines.append(f"  ({len(rows) - len(kept)} rows are left out)")
    return lines


def _nearest(rows: list[Row], evidence: set[int]) -> list[Row]:
    """The evidence, then what came before its end, latest first, then what came of it."""
    end = max(evidence)
    before = [row for row in rows if row[0] <= end and row[0] not in evidence]
    after = [row for row in rows if row[0] > end]
    proof = [row for row in rows if row[0] in evidence]
    return [*proof, *reversed(before), *after][: max(ROWS_MAX, len(proof))]


def _row(
    event: AnyEvent, key: str, nodes: list[str], names: dict[Version, str], operations: set[int]
) -> tuple[str, str, str] | None:
    """Node, what it shows, and a remark. `operations` are those on the key so far."""
    if isinstance(event, Change) and event.key == key:
        gone = "purged" if event.cause == "purge" else "discarded"
        return event.node, _cell(event.new, names) or gone, f"{event.cause}, {event.origin}".rstrip(", ")
    if isinstance(event, Life) and event.node in nodes and event.at > 0:
        return event.node, event.what, ""
    if isinstance(event, Invoke) and event.key == key:
        return "", f"op {event.op} {event.kind}", f"{event.session} through {event.node}"
    if isinstance(event, Return) and event.op in operations:
        said = names.get(event.version, "?") if event.version else event.error or "nothing"
        return "", f"op {event.op} {event.outcome}", said
    if isinstance(event, Fault):
        return "", f"{event.fault} {event.phase}", f"{event.kind} {' '.join(event.targets)}"
    return None


def _cell(copy: Copy | None, names: dict[Version, str]) -> str:
    """Empty for nothing."""
    if copy is None:
        return ""
    what = "✝" if copy.dead else (copy.value or "")[:10]
    return f"{what} {names.get(copy.version, '?')}{' purgeable' if copy.purgeable else ''}"
