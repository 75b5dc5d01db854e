"""All that a history has on one key, gathered once: what stories, causes and tables are made of."""

from collections import defaultdict
from collections.abc import Iterable
from operator import attrgetter
from typing import Any, NamedTuple

from checkers.facts import Answer, Facts, gather
from checkers.history import UNKNOWN, AnyEvent, Change, Copy, Damage, Fault, History, Invoke, Message, Return, Version
from harness.faults.kinds import SLOWING
from harness.faults.table import KINDS
from harness.levers import CLOCK_LEVERS, DISK_LEVERS, LINK_LEVERS, PROCESS_LEVERS, ends
from harness.plan import Plan
from harness.report.lines import brief, safe
from replicas.store.levels import reads_needed, writes_needed
from replicas.store.placement import Placement

VALUE_MAX = 12


class Span(NamedTuple):
    """When a fault was on, and what it had in its hands: nodes that were down or paused, and links. `end` is None if
    it never was healed."""

    id: str
    kind: str
    targets: list[str]
    start: int
    end: int | None
    nodes: frozenset[str]
    severed: frozenset[tuple[str, str]]
    slowed: frozenset[tuple[str, str]]
    disks: frozenset[str]
    clocks: frozenset[str]

    def name(self) -> str:
        return f"{self.id} ({self.what()})"

    def what(self) -> str:
        return f"{self.kind} {(' → ' if self.kind == 'one-way' else ' ').join(self.targets)}"

    def is_on(self, at: int) -> bool:
        return self.start <= at and (self.end is None or at < self.end)

    def bars(self, message: Message) -> bool:
        """Whether it may have kept this message from arriving, or, if it did arrive, held it up."""
        way = (message.sender, message.to)
        late = message.received is not None
        return way in self.severed or bool(self.nodes & set(way)) or (late and way in self.slowed)


class Clause(NamedTuple):
    text: str
    events: tuple[int, ...] = ()
    fault: Span | None = None  # what kept a message away
    at: int = 0


class Heard(NamedTuple):
    """One replica's answer to a read, as its coordinator had it. `message` is None for the coordinator's own copy."""

    node: str
    copy: Copy | None
    at: int
    seq: int
    message: Message | None


class Case:
    def __init__(self, plan: Plan, history: History, key: str) -> None:
        self.plan = plan
        self.facts: Facts = gather(history)
        self.key = key
        self.replicas = self.facts.replicas(key)
        self.spans = _spans(plan, self.facts.events)
        self.changes = [change for change in self.facts.changes if change.key == key]
        self.damages = [event for event in self.facts.events if isinstance(event, Damage)]
        self.messages = [message for message in self.facts.messages if message.key == key]
        self.invokes = {op: invoke for op, invoke in self.facts.operations.items() if invoke.key == key}
        self.returns = {
            event.op: event for event in self.facts.events if isinstance(event, Return) and event.op in self.invokes
        }
        self.copies = _copies(self)
        self.names = _names(self)
        self._carriers = {(message.id, message.to): message for message in self.messages}
        self._of_origin: dict[tuple[str, str], list[Message]] = defaultdict(list)
        for message in self.messages:
            self._of_origin[message.origin, message.kind].append(message)

    def needed(self, invoke: Invoke) -> int:
        """Of how many replicas its level wants the word."""
        wants = reads_needed if invoke.kind == "get" else writes_needed
        level: Any = invoke.level  # recorded as text
        return wants(self.plan.cluster, Placement(self.plan.cluster), level, invoke.key, invoke.node)

    def title(self) -> str:
        return safe(brief(self.key))

    def held(self, node: str, seq: int) -> Copy | None:
        past = self.facts.past(node, self.key, seq)
        return past[-1].new if past else None

    def has(self, node: str, copy: Copy, seq: int) -> bool:
        """Whether it holds ⪰ copy at this place of the order."""
        held = self.held(node, seq)
        return held is not None and self.facts.at_least(held, copy)

    def carrier(self, change: Change) -> Message | None:
        return self._carriers.get((change.message, change.node)) if change.message else None

    def said(self, origin: str, kind: str) -> list[Message]:
        return self._of_origin.get((origin, kind), [])

    def asked(self, op: int) -> list[Message]:
        """For a copy or for a digest of it."""
        return _in_order(self.said(f"op {op}", "fetch"), self.said(f"op {op}", "ask digest"))

    def replied(self, op: int) -> list[Message]:
        return _in_order(self.said(f"op {op}", "fetched"), self.said(f"op {op}", "digest"))

    def version(self, version: Version) -> str:
        return self.names.get(version, f"v{version.time}.{version.by}")

    def short(self, copy: Copy | None) -> str:
        """By its version alone."""
        if copy is None:
            return "nothing"
        return f"{'✝ ' if copy.dead else ''}{self.version(copy.version)}"

    def shown(self, copy: Copy | None) -> str:
        if copy is None:
            return "nothing"
        what = "✝" if copy.dead else safe(brief(copy.value or "", VALUE_MAX))
        if copy.version == UNKNOWN:
            return what
        return f"{what} {self.version(copy.version)}{' purgeable' if copy.purgeable else ''}"

    def copy_of(self, version: Version | None) -> Copy | None:
        """A version that no replica is known to have held may be anything."""
        return None if version is None else self.copies.get(version, Copy(version, dead=False, value=None))

    def answer(self, op: int) -> Answer | None:
        invoke, back = self.invokes.get(op), self.returns.get(op)
        if invoke is None or back is None:
            return None
        if back.version is None:
            told = None if back.value is None else Copy(UNKNOWN, dead=False, value=back.value)
            return Answer(invoke, back, told)
        read = invoke.kind == "get"
        dead = back.dead if read else invoke.kind == "delete"
        return Answer(invoke, back, Copy(back.version, dead, back.value if read else invoke.value))

    def heard(self, op: int) -> list[Heard]:
        """Every answer that was there before the client heard its own, in the order in which they came."""
        invoke, back = self.invokes[op], self.returns.get(op)
        fetches = [message for message in self.asked(op) if message.sender == invoke.node]
        heard: dict[str, Heard] = {}
        if invoke.node in self.replicas and fetches:
            first = fetches[0]
            own = self.held(invoke.node, first.seq)
            visible = None if own is None or own.purgeable else own
            heard[invoke.node] = Heard(invoke.node, visible, first.at, first.seq, None)
        replies = [
            message
            for message in self.replied(op)
            if message.to == invoke.node
            and message.received is not None
            and (back is None or message.received <= back.at)
        ]
        for message in sorted(replies, key=lambda each: (each.received, each.seq)):
            copy = self.copy_of(message.version)
            heard.setdefault(message.sender, Heard(message.sender, copy, message.received or 0, message.seq, message))
        return list(heard.values())

    def used(self, op: int) -> list[Heard] | None:
        """The answers on which a read that returned was decided, as far as they can be told: the first R of them, if
        they explain the version that was returned; fewer, if only fewer do. None: it cannot be told."""
        answer = self.answer(op)
        if answer is None or answer.back.outcome != "ok" or answer.invoke.kind != "get":
            return None
        heard, needed = self.heard(op), self.needed(answer.invoke)
        if any(each.message is None for each in heard) and self._own_is_in_doubt(answer, len(heard) - 1, needed):
            return None
        fitting = [
            count for count in range(1, min(needed, len(heard)) + 1) if self._best(heard[:count]) == answer.back.version
        ]
        return heard[: fitting[-1]] if fitting else None

    def _own_is_in_doubt(self, answer: Answer, others: int, needed: int) -> bool:
        """A node that is new on its disk answers itself only once it has joined; and what a node held may have changed
        beside the read."""
        node, since, until = answer.invoke.node, answer.invoke.seq, answer.back.seq
        stay = self.facts.lifetimes.at(node, since)
        if stay is not None and stay.renewed and others >= needed:
            return True
        changed = (change for change in self.changes if change.node == node and since < change.seq < until)
        return any(change.origin != f"op {answer.invoke.op}" for change in changed)

    def _best(self, heard: list[Heard]) -> Version | None:
        copies = [each.copy for each in heard if each.copy is not None]
        return max(copies, key=self.facts.rank).version if copies else None

    def acks(self, op: int) -> list[str]:
        """The replicas that hold a write, and whose word was heard before the client was answered; own copy first."""
        answer = self.answer(op)
        if answer is None or answer.copy is None or answer.invoke.kind == "get":
            return []
        said = [
            message.sender
            for message in self.said(f"op {op}", "stored")
            if message.to == answer.invoke.node
            and message.received is not None
            and message.received <= answer.back.at
            and self.has(message.sender, answer.copy, message.seq)
        ]
        own = [answer.invoke.node] if self.has(answer.invoke.node, answer.copy, answer.back.seq) else []
        return list(dict.fromkeys([*own, *said]))

    def writer(self, copy: Copy) -> Invoke | None:
        return next(iter(self.writers(copy)), None)

    def writers(self, copy: Copy) -> list[Invoke]:
        """The operations that made this version, as messages and changes say: one, if the store is sound."""
        found: dict[int, Invoke] = {}
        for event in self._about(copy):
            if event.origin.startswith("op ") and event.origin[3:].isdecimal():
                invoke = self.invokes.get(int(event.origin[3:]))
                if invoke is not None and invoke.kind != "get":
                    found.setdefault(invoke.op, invoke)
        return list(found.values())

    def _about(self, copy: Copy) -> Iterable[Change | Message]:
        events: list[Change | Message] = [
            *(change for change in self.changes if change.new and change.new.version == copy.version),
            *(message for message in self.messages if message.kind == "store" and message.version == copy.version),
        ]
        return sorted(events, key=lambda event: event.seq)

    def time(self, seq: int) -> int:
        """At this place of the order."""
        events = self.facts.events
        if 0 < seq <= len(events) and events[seq - 1].seq == seq:
            return events[seq - 1].at
        return max((event.at for event in events if event.seq <= seq), default=0)

    def downing(self, node: str, at: int) -> Span | None:
        """The fault that had this node's process in its hands."""
        return next((span for span in self.spans if node in span.nodes and span.is_on(at)), None)

    def ailing(self, node: str, at: int) -> Span | None:
        """The fault that had this node's disk in its hands."""
        return next((span for span in self.spans if node in span.disks and span.start <= at <= (span.end or at)), None)

    def barring(self, message: Message) -> Span | None:
        """The fault that was on when the message was sent and may have kept it from arriving."""
        on = [span for span in self.spans if span.is_on(message.at) and span.bars(message)]
        return on[0] if on else None

    def faults_on(self, at: int) -> list[Span]:
        return [span for span in self.spans if span.is_on(at)]


def _spans(plan: Plan, events: list[AnyEvent]) -> list[Span]:
    planned = {fault.id: fault for fault in plan.faults}
    begun: dict[str, Fault] = {}
    ended: dict[str, int] = {}
    for event in events:
        if isinstance(event, Fault):
            if event.phase == "applied":
                begun.setdefault(event.fault, event)
            elif event.phase == "healed":
                ended[event.fault] = event.at
    spans: list[Span] = []
    for name, event in begun.items():
        fault = planned.get(name)
        actions = KINDS[fault.kind].actions(fault, plan.cluster.names()) if fault and fault.kind in KINDS else []
        nodes = frozenset(action.target for action in actions if action.lever in PROCESS_LEVERS)
        slowed = frozenset(ends(action.target) for action in actions if action.lever in SLOWING)
        links = frozenset(ends(action.target) for action in actions if action.lever in LINK_LEVERS)
        disks = frozenset(action.target for action in actions if action.lever in (*DISK_LEVERS, "power"))
        clocks = frozenset(action.target for action in actions if action.lever in CLOCK_LEVERS)
        when = (event.at, ended.get(name))
        spans.append(Span(name, event.kind, event.targets, *when, nodes, links - slowed, slowed, disks, clocks))
    return spans


def _copies(case: Case) -> dict[Version, Copy]:
    """Each version with its content, as it was seen first; an answer to a client is no such sight."""
    copies: dict[Version, Copy] = {}
    for change in case.changes:
        for copy in (change.old, change.new):
            if copy is not None:
                copies.setdefault(copy.version, Copy(copy.version, copy.dead, copy.value))
    for dump in case.facts.dumps:
        held = dump.copies.get(case.key)
        if held is not None:
            copies.setdefault(held.version, Copy(held.version, held.dead, held.value))
    for back in case.returns.values():
        if back.version is not None:
            dead = case.invokes[back.op].kind == "delete" or back.dead
            value = None if dead else back.value or case.invokes[back.op].value
            copies.setdefault(back.version, Copy(back.version, dead, value))
    return copies


def _names(case: Case) -> dict[Version, str]:
    """v1, v2, … in the order of the versions of this key."""
    versions = {*case.copies, *(message.version for message in case.messages if message.version)}
    ranked = sorted(versions, key=lambda version: (version.time, version.by))
    return {version: f"v{number}" for number, version in enumerate(ranked, 1)}


def _in_order(one: list[Message], other: list[Message]) -> list[Message]:
    return sorted([*one, *other], key=attrgetter("seq")) if other else one
