"""A run of the whole core in which anything may happen, and the witness that judges each step by brute force."""

from collections import defaultdict
from typing import Literal

from replicas.store.copies import Audited
from replicas.store.messages import Answer, ClientMessage, Delete, Get, Put, Store
from replicas.store.parts import Parts
from replicas.store.records import Record, Version, record
from replicas.store.settings import Cluster, Policy, Tie
from replicas.system import Level
from tests.replicas.store.oracle import covers, latest
from tests.replicas.store.rig import MS, Ending, Flight, Rig

KEYS = ["k0", "k1", "k2"]
LEVELS: list[Level | None] = [None, "QUORUM", "ALL", "ONE", "TWO"]
ENDINGS: list[Ending] = ["whole", "uncommitted", "unsent"]


class Witness:
    """Looks at disks, audits and answers only. `highest` is the floor: the latest copy ever durable on a node."""

    def __init__(self, rig: Rig, tie: Tie) -> None:
        self.rig = rig
        self.tie = tie
        self.highest: dict[tuple[str, str], Record] = {}
        self.contents: dict[Version, Record] = {}
        self.replayed: dict[str, dict[str, tuple[Record, bool]]] = defaultdict(dict)
        rig.watch = self.committed

    def committed(self, node: str, audit: list[Audited]) -> None:
        for change in audit:
            self._follow(node, change)
            if change.new is not None:
                self._installed(node, change.new)
        disk = self.rig.disks[node].copies
        assert self.replayed[node] == {key: (copy, marked > 0) for key, (copy, marked) in disk.items()}, "audit ≠ disk"
        for change in audit:
            if change.cause == "purge":
                self._purged(change.key, self.highest[node, change.key])

    def _follow(self, node: str, change: Audited) -> None:
        before = (change.old, change.old_purgeable) if change.old else None
        assert self.replayed[node].get(change.key) == before, "the audit does not start where it ended"
        self.replayed[node].pop(change.key, None)
        if change.new is not None:
            self.replayed[node][change.key] = (change.new, change.new_purgeable)

    def _installed(self, node: str, copy: Record) -> None:
        floor = self.highest.get((node, self.known(copy).key))
        assert covers(copy, floor, self.tie), f"{node} went back from {floor} to {copy}"
        self.highest[node, copy.key] = copy

    def known(self, copy: Record) -> Record:
        assert copy == self.contents.setdefault(copy.version, copy), "one version with two contents"
        return copy

    def last_tombstone(self, key: str) -> Record | None:
        return latest((copy for copy in self.contents.values() if copy.key == key and copy.dead), self.tie)

    def _purged(self, key: str, tombstone: Record) -> None:
        """Nothing older anywhere: neither on a disk nor in a message that would still be accepted."""
        assert tombstone.dead
        for node in self.rig.replicas_of(key):
            held = self.rig.held(node, key)
            assert held is None or covers(held, tombstone, self.tie), f"{node} still holds {held}"
            wiped = self.rig.generations[node] > 1  # and may have come back with nothing at all
            assert wiped or covers(self.highest.get((node, key)), tombstone, self.tie), f"{node} never held {tombstone}"
        for name, disk in self.rig.disks.items():
            for hint in disk.hints.values():
                older = hint.record.key == key and not covers(hint.record, tombstone, self.tie)
                assert not older, f"{name} keeps a hint of {hint.record}"
        for flight in [*self.rig.flying, *self.rig.late]:
            message = flight.message
            if isinstance(message, Store) and message.record.key == key:
                late = self.rig.clock(flight.to).wall - message.born > self.rig.policy.message_lifetime_ns
                assert late or covers(message.record, tombstone, self.tie), f"{message.record} may still arrive"

    def forget(self, node: str) -> None:
        """What is not on another disk is lost with this one."""
        self.replayed.pop(node, None)
        for place in [place for place in self.highest if place[0] == node]:
            del self.highest[place]

    def last(self, key: str) -> Record | None:
        """The maximum of all copies that were ever durable anywhere, on disks that are not lost."""
        return latest((self.highest.get((node, key)) for node in self.rig.disks), self.tie)


class Story:
    """Each method down to `mend` is something that may happen; numbers out of range wrap around."""

    def __init__(self, cluster: Cluster, policy: Policy, parts: Parts) -> None:
        self.rig = Rig(cluster, policy, parts)
        self.witness = Witness(self.rig, cluster.tie)
        self.names = cluster.names()
        self._asked: dict[int, ClientMessage] = {}
        self._seen: dict[str, Record] = {}  # the latest that an operation whose quorum meets all others has shown
        self._seen_before: dict[int, Record | None] = {}
        self._acknowledged: list[Record] = []
        self._judged: dict[int, None] = {}
        self._wiped = False

    def operate(self, kind: str, node: int, key: int, level: int) -> None:
        op, name, wanted = len(self._asked) + 1, KEYS[key % len(KEYS)], LEVELS[level % len(LEVELS)]
        messages: dict[str, ClientMessage] = {
            "get": Get(op, name, wanted),
            "put": Put(op, name, f"v{op}", wanted),
            "delete": Delete(op, name, wanted),
        }
        self._asked[op] = messages[kind]
        self._seen_before[op] = self._seen.get(name)
        self.rig.ask(self._name(node), messages[kind])
        self._judge()

    def operate_with(self, kind: str, node: int, peer: int, key: int, level: int) -> None:
        """Only the link to one peer works, both ways; what is sent to others is lost."""
        self.rig.hold_back()
        self.operate(kind, node, key, level)
        pair = {self._name(node), self._name(peer)}
        for _ in range(100):
            reached = [flight for flight in self.rig.flying if {flight.sender, flight.to} == pair]
            if not reached:
                break
            self.rig.deliver(reached[0])
        self.rig.drop(*self.rig.flying)
        self.rig.let_go()
        self._judge()

    def calm(self, rounds: int) -> None:
        """Nothing fails for a while; but what flies now arrives after it."""
        self.rig.hold_back()
        self.rig.rounds(rounds)
        self.rig.let_go()
        self._judge()

    def deliver(self, index: int) -> None:
        if self.rig.flying:
            self.rig.deliver(self._flight(index))
        self._judge()

    def deliver_all_to(self, node: int, ending: int, step: Literal[1, -1]) -> None:
        """In one batch; the node may crash before its commit, or before anything is sent."""
        flights = self.rig.flights(to=self._name(node))
        self.rig.deliver(*flights[::step], ending=ENDINGS[ending % len(ENDINGS)])
        self._judge()

    def settle(self) -> None:
        self.rig.settle()
        self._judge()

    def drop(self, index: int) -> None:
        if self.rig.flying:
            self.rig.drop(self._flight(index))

    def drop_all_to(self, node: int) -> None:
        self.rig.drop(*self.rig.flights(to=self._name(node)))

    def double(self, index: int) -> None:
        if self.rig.flying:
            self.rig.flying.append(Flight(*self._flight(index)))

    def pass_time(self, ms: int) -> None:
        self.rig.pass_time(ms)
        self._judge()

    def crash(self, node: int) -> None:
        self.rig.crash(self._name(node))

    def start(self, node: int) -> None:
        self.rig.start(self._name(node))

    def wipe(self, node: int) -> None:
        """Once in a story: a second one may destroy the last copy of what was acknowledged."""
        name = self._name(node)
        if self._wiped:
            return
        self._wiped = True
        self.rig.wipe(name)
        self.witness.forget(name)

    def skew(self, node: int, ms: int) -> None:
        """Within the budget: two clocks never differ by more."""
        self.rig.skew[self._name(node)] = ms % (self.rig.policy.skew_budget_ns // MS + 1) * MS

    def mend(self) -> None:
        """No more faults: everything starts, everything arrives, until no node has anything pending."""
        for name in self.names:
            self.rig.start(name)
        self.rig.settle()
        self.rig.rounds_until_mended(60)
        self._judge()
        for key in KEYS:
            last = self.witness.last(key)
            final = None if last is None or last.dead else last  # with nothing pending, a tombstone has been purged
            for node in self.rig.replicas_of(key):
                assert self.rig.held(node, key) == final, f"{node} did not converge"
            for copy in self._acknowledged:
                assert copy.key != key or covers(last, copy, self.witness.tie), f"{copy} was acknowledged, and is lost"

    def _judge(self) -> None:
        for op, answer in self.rig.answers.items():
            if op not in self._judged:
                self._judged[op] = None
                if answer.outcome == "ok":
                    self._answered(self._asked[op], answer)

    def _answered(self, asked: ClientMessage, answer: Answer) -> None:
        """Where quorums meet, a read never shows less than what was answered before it began."""
        shown = self._shown(asked, answer)
        before = self._seen_before[asked.op]
        if isinstance(asked, Get) and asked.level != "ONE":
            at_most = shown or self.witness.last_tombstone(asked.key)  # nothing may be seen where that was purged
            assert covers(at_most, before, self.witness.tie), f"{asked} shows {shown} after {before}"
        if shown is not None and self._lasts(asked):
            self._acknowledged.append(shown)
            if asked.level != "ONE":
                self._seen[asked.key] = latest([shown, self._seen.get(asked.key)], self.witness.tie) or shown

    def _lasts(self, asked: ClientMessage) -> bool:
        """Whether what was shown is on a quorum: else a wipe may take it, and another read may miss it."""
        if isinstance(asked, Get):
            return self.rig.policy.read_repair == "blocking" and asked.level != "ONE"
        return asked.level != "ONE"

    def _shown(self, asked: ClientMessage, answer: Answer) -> Record | None:
        """What the answer says is held, or covered: a write may be buried at once under a later version."""
        if answer.version is None:
            assert isinstance(asked, Get)
            return None
        if not isinstance(asked, Get):
            value = asked.value if isinstance(asked, Put) else None
            return self.witness.known(record(asked.key, answer.version, value))
        copy = self.witness.contents.get(answer.version)
        assert copy is not None, f"{answer} shows what was never durable"
        assert (copy.key, copy.dead, copy.value) == (asked.key, answer.dead, answer.value)
        return copy

    def _name(self, node: int) -> str:
        return self.names[node % len(self.names)]

    def _flight(self, index: int) -> Flight:
        return self.rig.flying[index % len(self.rig.flying)]
