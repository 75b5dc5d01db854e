"""What each pair of replicas has found repaired, kept with the commits so that it survives what they survive.

A pair has a mark for each partition that it has compared as a whole: the number of the exchange that set it, the same
on both sides. As long as both have it, every key of the partition in which the two differ is noted as unrepaired by one
of them at least: whatever is taken or lost on a side is noted there, and the note goes only when an exchange that began
after the change has found both sides the same, or the peer has acknowledged what it lacked. With each note that goes,
the mark changes: a disk that falls back to an older commit shows an older mark.
"""

from collections.abc import Collection, Iterable
from itertools import islice

from .core import Core
from .storage import Storage

UNREPAIRED_MAX = 100_000  # keys; what is more costs a whole comparison with everyone
_UNREPAIRED, _MARKS = "unrepaired", "repaired"  # topics of notes


class Repaired:
    """`_with` has, by key, the peers with which it is unrepaired, a bit for each; `_at` the number of its last change,
    0 for one of an earlier life; `_marks` by peer and partition. `changes` counts the changes that were noted."""

    def __init__(self, core: Core, storage: Storage) -> None:
        self.core = core
        self.overflows = 0
        self.changes = 0
        self._storage = storage
        self._bits = {name: 1 << place for place, name in enumerate(core.cluster.names())}
        self._with: dict[str, int] = {}
        self._at: dict[str, int] = {}
        self._marks: dict[str, dict[int, int]] = {}

    def load(self) -> None:
        """What is noted by now was lost while the disk was read."""
        noted = {key: int(text) for key, text in self._storage.notes(_UNREPAIRED).items()}
        self._with = noted | self._with
        for name, text in self._storage.notes(_MARKS).items():
            peer, partition = name.split("/")
            self._marks.setdefault(peer, {})[int(partition)] = int(text)

    def unrepaired(self) -> int:
        return len(self._with)

    def marks(self, peer: str, partitions: Iterable[int]) -> dict[int, int] | None:
        """None: there is one that has not been compared as a whole."""
        known = self._marks.get(peer, {})
        found = {partition: known[partition] for partition in partitions if partition in known}
        return found if len(found) == len(list(partitions)) else None

    def changed(self, key: str) -> None:
        core = self.core
        replicas = core.placement.replicas_of(key)
        if core.name not in replicas:
            return
        self.changes += 1
        self._at[key] = self.changes
        self._note(key, sum(self._bits[node] for node in core.others(replicas)))
        if len(self._with) > UNREPAIRED_MAX:
            self.overflows += 1
            self.unmark_all()
            for each in list(self._with):
                self._note(each, 0)

    def with_peer(self, peer: str, partitions: Collection[int], limit: int) -> tuple[list[str], bool]:
        """The keys that are unrepaired with this peer, those that were noted first; and whether there are more."""
        bit, partition_of = self._bits[peer], self.core.placement.partition_of
        found = (key for key, peers in self._with.items() if peers & bit and partition_of(key) in partitions)
        keys = list(islice(found, limit + 1))
        return keys[:limit], len(keys) > limit

    def repaired(self, peer: str, keys: Iterable[str], began: int) -> None:
        """In an exchange that began when so many changes had been noted here. A tombstone that waits for its purge is
        told again and again: one that has purged it takes it once more, and leads the purge to its end."""
        bit, copies = self._bits[peer], self.core.copies
        for key in keys:
            peers = self._with.get(key, 0)
            if not peers & bit:
                continue
            held = copies.visible(key)
            stays = held is not None and held.dead and self.core.policy.purge != "never"
            if stays or self._at.get(key, 0) > began:
                self._with[key] = self._with.pop(key)  # to the back: a limit must not starve the rest
            else:
                self._note(key, peers & ~bit)

    def all_repaired(self, peer: str, partitions: Collection[int], began: int) -> None:
        self.repaired(peer, self.with_peer(peer, partitions, UNREPAIRED_MAX)[0], began)

    def mark(self, peer: str, partitions: Iterable[int], number: int) -> None:
        known = self._marks.setdefault(peer, {})
        for partition in partitions:
            known[partition] = number
            self._storage.put_note(_MARKS, f"{peer}/{partition}", str(number))
        self.core.changes += 1

    def unmark(self, peer: str, partitions: Iterable[int] | None = None) -> None:
        known = self._marks.get(peer, {})
        for partition in list(known if partitions is None else partitions):
            if known.pop(partition, None) is not None:
                self._storage.put_note(_MARKS, f"{peer}/{partition}", None)
                self.core.changes += 1

    def unmark_all(self) -> None:
        for peer in list(self._marks):
            self.unmark(peer)

    def _note(self, key: str, peers: int) -> None:
        if self._with.get(key, 0) == peers:
            return
        self.core.changes += 1
        self._storage.put_note(_UNREPAIRED, key, str(peers) if peers else None)
        if peers:
            self._with[key] = peers
        else:
            self._with.pop(key, None)
            self._at.pop(key, None)
