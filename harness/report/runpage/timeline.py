"""What happened, event by event: operations, changes of replicas, messages, faults and lives, for the timeline."""

from collections import defaultdict
from typing import Any

import msgspec
from msgspec import UNSET

from checkers.history import Copy, Damage, Life, Message, Return, Version
from harness.faults.kinds import Fault
from harness.faults.table import KINDS as FAULTS
from harness.report.case import Case, Span
from harness.report.runpage.columns import Names, columns, us
from harness.report.runpage.subject import Subject, versions_in

MESSAGES_MAX = 200_000  # more would make a page of many megabytes: then those of keys in violations come first
KINDS = ("get", "put", "delete")
OUTCOMES = ("ok", "failed", "unknown", "open")  # open: the client never heard
NEVER = -1


class _Tables:
    """Names that rows refer to by number."""

    def __init__(self, subject: Subject) -> None:
        header = subject.facts.header
        self.nodes = Names(header.nodes)
        self.keys = Names(sorted(header.replicas))
        clients = {each.client for each in subject.plan.operations}
        self.clients: Names[str] = Names(sorted(clients, key=lambda name: (len(name), name)))  # c2 before c10
        self.values: Names[str] = Names()
        self.versions: Names[Version] = Names(versions_in(subject.facts))
        self.words: Names[str] = Names()  # causes, kinds of messages, origins, errors


def section(subject: Subject) -> dict[str, Any]:
    facts, tables = subject.facts, _Tables(subject)
    operations, changes = _operations(subject, tables), _changes(subject, tables)
    messages, left_out = _messages(subject, tables)
    numbering = _numbering(subject, tables)
    return {
        "end": us(facts.events[-1].at if facts.events else 0),
        "operations": operations,
        "changes": changes,
        "messages": messages,
        "messages_left_out": left_out,
        "faults": _faults(subject),
        "lives": [_told(event) for event in facts.events if isinstance(event, Life | Damage)],
        "phases": [_told(event) for event in facts.phases],
        "violations": _violations(subject),
        "kinds": KINDS,
        "outcomes": OUTCOMES,
        "nodes": tables.nodes.all(),
        "keys": tables.keys.all(),
        "replicas": [facts.replicas(key) for key in tables.keys.all()],
        "clients": tables.clients.all(),
        "values": tables.values.all(),
        "numbering": numbering,
        "ordered": facts.header.versions is UNSET,
        "versions": [[str(version.time), version.by] for version in tables.versions.all()],
        "words": tables.words.all(),
    }


def _operations(subject: Subject, tables: _Tables) -> dict[str, Any]:
    """In the order in which they were asked for. `value` was put, or read; `planned` is when it should have begun."""
    returns = {event.op: event for event in subject.facts.events if isinstance(event, Return)}
    planned = {operation.id: operation for operation in subject.plan.operations}
    rows: list[tuple[int, ...]] = []
    for invoke in subject.facts.operations.values():
        back, due = returns.get(invoke.op), planned.get(invoke.op)
        client = due.client if due else invoke.session
        told = back is not None and back.value is not None
        rows.append(
            (
                invoke.op,
                tables.clients[client],
                tables.words[invoke.session],
                tables.nodes[invoke.node],
                KINDS.index(invoke.kind),
                tables.keys[invoke.key],
                us(due.at_ns) if due else us(invoke.at),
                us(invoke.at),
                us(back.at) - us(invoke.at) if back else NEVER,
                OUTCOMES.index(back.outcome) if back else OUTCOMES.index("open"),
                tables.values[back.value if back and told else invoke.value],
                tables.versions[back.version if back else None],
                int(back.dead) if back else 0,
                tables.words[back.error if back else None],
                tables.words[invoke.level],
                invoke.seq,
                back.seq if back else NEVER,
            )
        )
    names = ("id", "client", "session", "node", "kind", "key", "planned", "at", "took", "outcome", "value", "version")
    return columns(rows, (*names, "dead", "error", "level", "seq", "back"), ("id", "planned", "at", "seq"))


def _changes(subject: Subject, tables: _Tables) -> dict[str, Any]:
    """`state`: 0 nothing is held any more, 1 a value, 2 a tombstone, 3 a purgeable one, which is as good as nothing."""
    rows = [
        (
            change.seq,
            us(change.at),
            tables.nodes[change.node],
            tables.keys[change.key],
            tables.versions[change.old.version if change.old else None],
            tables.versions[change.new.version if change.new else None],
            _state(change.new),
            tables.values[change.new.value if change.new else None],
            tables.words[change.cause],
            tables.words[change.message],
            tables.words[change.origin],
        )
        for change in subject.facts.changes
    ]
    names = ("seq", "at", "node", "key", "old", "version", "state", "value", "cause", "message", "origin")
    return columns(rows, names, ("seq", "at"))


def _state(copy: Copy | None) -> int:
    if copy is None:
        return 0
    return 3 if copy.purgeable else 2 if copy.dead else 1


def _messages(subject: Subject, tables: _Tables) -> tuple[dict[str, Any], int]:
    """`took` is how long until it was handled, NEVER: it was lost."""
    chosen = subject.facts.messages
    left_out = max(0, len(chosen) - MESSAGES_MAX)
    if left_out:
        told = {violation.key for promise in subject.broken() for violation in promise.measured.violations}
        ranked = sorted(chosen, key=lambda each: (each.key not in told, each.key is None, each.seq))
        chosen = sorted(ranked[:MESSAGES_MAX], key=lambda each: each.seq)
    rows = [
        (
            each.seq,
            us(each.at),
            NEVER if each.received is None else us(each.received) - us(each.at),
            tables.nodes[each.sender],
            tables.nodes[each.to],
            tables.words[each.kind],
            tables.words[each.origin],
            tables.keys[each.key],
            tables.versions[each.version],
            _number(each),
        )
        for each in chosen
    ]
    names = ("seq", "at", "took", "from", "to", "kind", "origin", "key", "version", "number")
    return columns(rows, names, ("seq", "at", "number")), left_out


def _number(message: Message) -> int:
    """Its id is the sender's name and this."""
    return int(message.id.rpartition("/")[2])


def _numbering(subject: Subject, tables: _Tables) -> list[list[int]]:
    """Of each key its versions in their order: the first is the v1 of stories."""
    facts = subject.facts
    spoken: defaultdict[str, set[Version | None]] = defaultdict(set)
    for change in facts.changes:
        spoken[change.key] |= {copy.version for copy in (change.old, change.new) if copy}
    for dump in facts.dumps:
        for key, copy in dump.copies.items():
            spoken[key].add(copy.version)
    for message in facts.messages:
        if message.key is not None:
            spoken[message.key].add(message.version)
    for event in facts.events:
        if isinstance(event, Return):
            spoken[facts.operations[event.op].key].add(event.version)
    ordered = [sorted(filter(None, spoken[key]), key=lambda it: (it.time, it.by)) for key in tables.keys.all()]
    return [[tables.versions[version] for version in found] for found in ordered]


def _paused(fault: Fault, nodes: list[str]) -> list[str]:
    actions = FAULTS[fault.kind].actions(fault, nodes) if fault.kind in FAULTS else []
    return sorted(action.target for action in actions if action.lever == "pause")


def _faults(subject: Subject) -> list[dict[str, Any]]:
    """Those that were performed; what is known of their effect is in the report."""
    reports = {fault.id: fault for fault in subject.report.faults}
    spans: list[Span] = Case(subject.plan, subject.facts, "").spans
    names = subject.plan.cluster.names()
    paused = {fault.id: _paused(fault, names) for fault in subject.plan.faults}
    return [
        {
            "id": span.id,
            "kind": span.kind,
            "targets": span.targets,
            "from": us(span.start),
            "until": None if span.end is None else us(span.end),
            "nodes": sorted(span.nodes | span.disks | span.clocks),
            "paused": paused.get(span.id, []),
            "links": sorted(map(list, span.severed | span.slowed)),
            "bit": reports[span.id].bit if span.id in reports else None,
            "evidence": reports[span.id].evidence if span.id in reports else "",
            "parameters": reports[span.id].parameters if span.id in reports else {},
        }
        for span in spans
    ]


def _told(event: msgspec.Struct) -> dict[str, Any]:
    """An event with its time in microseconds, without what is not set."""
    found = {name: value for name, value in msgspec.to_builtins(event).items() if value not in (None, UNSET, [], "")}
    return found | {"at": us(found["at"])}


def _violations(subject: Subject) -> list[dict[str, Any]]:
    """`operations` are those in its evidence; `seqs` all of the evidence."""
    by_seq = {event.seq: event for event in subject.facts.events}
    found = []
    for promise in subject.broken():
        for violation in promise.measured.violations:
            events = [by_seq[seq] for seq in violation.events if seq in by_seq]
            found.append(
                {
                    "promise": promise.property,
                    "key": violation.key,
                    "rule": violation.rule,
                    "summary": violation.summary,
                    "seqs": violation.events,
                    "operations": sorted({event.op for event in events if hasattr(event, "op")}),
                    "at": us(events[-1].at) if events else 0,
                }
            )
    return found
