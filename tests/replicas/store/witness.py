"""Judges each step of a story by brute force, from disks, audits and messages only."""

from collections import defaultdict

from replicas.store.copies import Audited
from replicas.store.messages import Store
from replicas.store.records import Record, Version
from replicas.store.settings import Tie
from replicas.store.storage import Hint
from tests.replicas.store.oracle import covers, latest
from tests.replicas.store.rig import Rig

Place = tuple[str, str]  # a node and a key


class Witness:
    """`highest` is the floor: the latest copy ever durable on a node's disk; `ever` is that of all its disks."""

    def __init__(self, rig: Rig, tie: Tie) -> None:
        self.rig = rig
        self.tie = tie
        self.highest: dict[Place, Record] = {}
        self.ever: dict[Place, Record] = {}
        self.contents: dict[Version, Record] = {}
        self.replayed: dict[str, dict[str, tuple[Record, bool]]] = defaultdict(dict)
        self.hints: dict[str, dict[Place, Hint]] = defaultdict(dict)
        self.purged: dict[str, Record] = {}
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
        self._follow_hints(node)

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
        if covers(copy, self.ever.get((node, copy.key)), self.tie):
            self.ever[node, copy.key] = copy

    def _follow_hints(self, node: str) -> None:
        hints, policy = self.rig.disks[node].hints, self.rig.policy
        for place, hint in self.hints[node].items():
            assert hints.get(place) == hint or self._may_go(node, hint, hints.get(place)), f"{node} lost {hint}"
        for place in hints.keys() - self.hints[node].keys():
            floor = self.purged.get(hints[place].record.key)
            assert covers(hints[place].record, floor, self.tie), f"{node} keeps what is older than the purged {floor}"
        self.hints[node] = dict(hints)
        for target in self.rig.disks:
            assert sum(each.target == target for each in hints.values()) <= policy.hints_max, "too many hints"

    def _may_go(self, node: str, hint: Hint, successor: Hint | None) -> bool:
        """Its target held it, a later one replaces it, its time is over, or it is older than a tombstone."""
        policy, copy = self.rig.policy, hint.record
        lifetime = min(policy.hint_lifetime_ns, policy.grace_ns if policy.purge == "grace" else policy.hint_lifetime_ns)
        over = self.rig.clock(node).wall - hint.made_ns > lifetime
        held = covers(self.ever.get((hint.target, copy.key)), copy, self.tie)
        replaced = successor is not None and covers(successor.record, copy, self.tie)
        buried = policy.purge == "confirmed" and covers(self.last_tombstone(copy.key), copy, self.tie)
        return held or replaced or over or buried or self._is_oldest(node, hint)

    def _is_oldest(self, node: str, hint: Hint) -> bool:
        """Where the oldest goes first, and each goes when it must: nothing that was made before it is left."""
        kept = [each for each in self.rig.disks[node].hints.values() if each.target == hint.target]
        room = self.rig.policy.hints_when_full != "drop-oldest" or len(kept) < self.rig.policy.hints_max
        return not room and all((each.made_ns, each.number) > (hint.made_ns, hint.number) for each in kept)

    def known(self, copy: Record) -> Record:
        assert copy == self.contents.setdefault(copy.version, copy), "one version with two contents"
        return copy

    def last_tombstone(self, key: str) -> Record | None:
        return latest((copy for copy in self.contents.values() if copy.key == key and copy.dead), self.tie)

    def _purged(self, key: str, tombstone: Record) -> None:
        """Nothing older anywhere: neither on a disk nor in a message that would still be accepted."""
        assert tombstone.dead
        self.purged[key] = latest([tombstone, self.purged.get(key)], self.tie) or tombstone
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

    def rotted(self, node: str, rotten: Record) -> None:
        """It is discarded when it is found, and leaves no floor."""
        self.replayed[node][rotten.key] = (rotten, False)
        del self.highest[node, rotten.key]

    def forget(self, node: str) -> None:
        """What is not on another disk is lost with this one."""
        self.replayed.pop(node, None)
        self.hints.pop(node, None)
        for place in [place for place in self.highest if place[0] == node]:
            del self.highest[place]

    def last(self, key: str) -> Record | None:
        """The maximum of all copies that were ever durable anywhere, on disks that are not lost."""
        return latest((self.highest.get((node, key)) for node in self.rig.disks), self.tie)
