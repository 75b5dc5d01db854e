"""Flawed replicas, each wrong in one decision, to show that a promise can be broken and is seen to be; and near
misses, which bend a rule without breaking it and must stay green."""

import contextlib
import sqlite3
from collections.abc import Iterator
from typing import Any, ClassVar, NamedTuple

import msgspec
from xxhash import xxh3_64_intdigest

from .antientropy import AntiEntropy
from .budget import Budget
from .copies import Cause, Copies, Source
from .core import Core
from .hints import Hints
from .joining import Joining
from .merkle import Tree
from .messages import Brief, PeerMessage
from .parts import SOUND, Parts
from .purging import Confirmation, Purging
from .reads import Read, Reads
from .records import Record, Version, record
from .settings import Cluster, Policy, Tie
from .storage import Hint, Meta, Storage
from .versions import Glance, LastWriterWins
from .writes import Write, Writes


class Flaw(NamedTuple):
    """`breaks` names the promise that turns red; None: a near miss, under which everything promised holds."""

    legend: str
    breaks: str | None
    parts: Parts


class TakesAnyOther(Copies):
    def wins(self, offered: Record, held: Record | None) -> bool:
        return held is None or offered.version != held.version


class SendsAnyOther(LastWriterWins):
    def glance(self, mine: Record | None, theirs: Brief) -> Glance:
        return "newer" if mine is not None and mine.checksum != theirs.checksum else super().glance(mine, theirs)


class TakesEqual(Copies):
    def wins(self, offered: Record, held: Record | None) -> bool:
        return self._versions.dominates(offered, held)


class Around:
    """Another storage as it is."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self.meta = storage.meta

    def get(self, key: str) -> Record | None:
        return self._storage.get(key)

    def put(self, record: Record, marked_ns: int = 0) -> None:
        self._storage.put(record, marked_ns)

    def remove(self, key: str) -> None:
        self._storage.remove(key)

    def scan(self, after: str | None = None, limit: int | None = None) -> Iterator[tuple[Record, int]]:
        return self._storage.scan(after, limit)

    def put_hint(self, hint: Hint) -> None:
        self._storage.put_hint(hint)

    def remove_hint(self, target: str, key: str) -> None:
        self._storage.remove_hint(target, key)

    def hints(self) -> list[Hint]:
        return self._storage.hints()

    def put_generation(self, peer: str, generation: int) -> None:
        self._storage.put_generation(peer, generation)

    def generations(self) -> dict[str, int]:
        return self._storage.generations()

    def commit(self, meta: Meta) -> None:
        self._storage.commit(meta)

    def relax(self) -> None:
        self._storage.relax()


class CommitsLater(Around):
    """Says that a batch is durable; hands it to the disk with the next batch but nine."""

    def __init__(self, storage: Storage) -> None:
        super().__init__(storage)
        self._withheld = 0

    def commit(self, meta: Meta) -> None:
        self._withheld += 1
        if self._withheld == 10:
            self._withheld = 0
            super().commit(meta)


def never_syncs(storage: Storage) -> Storage:
    storage.relax()
    return storage


class IgnoresFailedCommits(Around):
    def commit(self, meta: Meta) -> None:
        with contextlib.suppress(OSError, sqlite3.Error):  # the flaw is to go on
            super().commit(meta)


class ServesRot(Copies):
    def held(self, key: str) -> Record | None:
        """Whatever the disk gives, under a checksum that fits it."""
        found = self._storage.get(key)
        return record(found.key, found.version, found.value) if found is not None else None


class RepairsByArrival(Copies):
    """The repair of a read overwrites what was written since the read looked."""

    _overwrites: ClassVar[Cause] = "read repair"

    def offer(self, record: Record, source: Source) -> bool:
        self._blind = source.cause == self._overwrites
        return super().offer(record, source)

    def wins(self, offered: Record, held: Record | None) -> bool:
        differs = held is None or offered.version != held.version
        return differs if self._blind else super().wins(offered, held)


class HintsByArrival(RepairsByArrival):
    """As when hints carry no version."""

    _overwrites = "hinted handoff"


class KeepsOldHints(Hints):
    def bury(self, tombstone: Record) -> None:
        """A purge that does not look at hints."""


class JoinsAtOnce(Joining):
    def start(self) -> None:
        self.core.joined = True
        super().start()


class HashesKeysOnly(Tree):
    def leaf_hash(self, record: Record) -> int:
        return xxh3_64_intdigest(record.key.encode())


class HashesVersionsOnly(Tree):
    """Enough, since no version has two contents."""

    def leaf_hash(self, record: Record) -> int:
        version = record.version
        return xxh3_64_intdigest(f"{version.time} {version.by} {record.key}".encode())


class SpendsOnce(Budget):
    def take(self, now_ns: int, size: int) -> bool:  # noqa: ARG002 - the flaw is that time gives nothing back
        return super().take(0, size)


class NeverRefills(AntiEntropy):
    def __init__(self, core: Core) -> None:
        super().__init__(core)
        self._budget = SpendsOnce(core.policy.repair_bytes_per_s_max)


class StopsRounds(AntiEntropy):
    def tick(self) -> None:
        if self.begun < 3:
            super().tick()


class SkipsRepair(Reads):
    def holders_needed(self, read: Read) -> int:  # noqa: ARG002 - the flaw is not to look
        return 0


class DecidesOnOne(Reads):
    def _gather(self, read: Read, sender: str, record: Record | None) -> None:
        read.needed = 1
        super()._gather(read, sender, record)


class RepairsAll(Reads):
    def holders_needed(self, read: Read) -> int:
        return self.core.cluster.n if super().holders_needed(read) else 0


class MixesCopies(Reads):
    """The newest version with the value of another answer, as when a partial copy is written back as the whole."""

    def decided_copy(self, read: Read) -> Record | None:
        best = super().decided_copy(read)
        for other in read.answers.values():
            if best is not None and other is not None and other.value != best.value:
                return record(best.key, best.version, other.value)
        return best


class AcknowledgesOnSend(Writes):
    def enough(self, write: Write) -> bool:  # noqa: ARG002 - the flaw is not to look
        return True


class PurgesUnconfirmed(Purging):
    def confirmed_by_all(self, confirmation: Confirmation, voters: tuple[str, ...]) -> bool:  # noqa: ARG002 - as above
        return True


class PurgesAfterQuorum(Purging):
    def confirmed_by_all(self, confirmation: Confirmation, voters: tuple[str, ...]) -> bool:
        return len(confirmation.confirmed) > len(voters) // 2


class PurgesEarly(Purging):
    def grace_ns(self) -> int:
        return super().grace_ns() // 8


class ConfirmsTwice(Purging):
    """Asks all replicas again before it believes them; not once marks are out, when some may have purged."""

    def __init__(self, core: Core, hints: Hints) -> None:
        super().__init__(core, hints)
        self._asked_again: dict[str, None] = {}

    def confirmed_by_all(self, confirmation: Confirmation, voters: tuple[str, ...]) -> bool:
        name = f"{confirmation.tombstone.key} {confirmation.tombstone.version}"
        fresh = name not in self._asked_again and not confirmation.marked
        if fresh and super().confirmed_by_all(confirmation, voters):
            self._asked_again[name] = None
            confirmation.confirmed.clear()
        return super().confirmed_by_all(confirmation, voters)


class HidesRepairs(Copies):
    def _note(self, key: str, old: Record | None, new: Record | None, source: Source, *, new_purgeable: bool) -> None:
        super()._note(key, old, new, source, new_purgeable=new_purgeable)
        if source.cause == "anti-entropy":
            self.audit.pop()


class ForgetsItsClock(LastWriterWins):
    """Mints by a clock of milliseconds, and keeps what it has minted in memory only."""

    def __init__(self, incarnation: str, tie: Tie, clock: int) -> None:  # noqa: ARG002 - the flaw is to forget it
        super().__init__(incarnation, tie, 0)

    def mint(self, wall_ns: int) -> Version:
        return super().mint(wall_ns - wall_ns % 1_000_000)


class KnowsNoSkew(Core):
    def __init__(self, name: str, cluster: Cluster, policy: Policy, *rest: Any, joined: bool) -> None:
        super().__init__(name, cluster, msgspec.structs.replace(policy, skew_budget_ns=0), *rest, joined=joined)


class SendsInSetOrder(Core):
    def send_all(self, nodes: list[str], message: PeerMessage) -> None:
        super().send_all([node for node in set(nodes)], message)  # noqa: C416 - the order of a set is the flaw


FLAWS: dict[str, Flaw] = {
    "repairs-any-other": Flaw(
        "anti-entropy sends whatever differs, and a copy is taken by arrival",
        "no version regression",
        Parts(copies=TakesAnyOther, versions=SendsAnyOther),
    ),
    "takes-equal": Flaw("installs a copy equal to the one held", None, Parts(copies=TakesEqual)),
    "commits-later": Flaw(
        "declares nine batches of ten durable before they are", "no version regression", Parts(storage=CommitsLater)
    ),
    "never-syncs": Flaw(
        "commits are written and not synced: they survive every kill -9 and no power cut",
        "no version regression",
        Parts(storage=never_syncs),
    ),
    "ignores-failed-commits": Flaw(
        "goes on after a commit that failed", "acknowledged writes kept", Parts(storage=IgnoresFailedCommits)
    ),
    "serves-rot": Flaw("does not look at the checksum of what it reads", "nothing invented", Parts(copies=ServesRot)),
    "hashes-keys-only": Flaw("Merkle trees leave out versions and values", "convergence", Parts(tree=HashesKeysOnly)),
    "hashes-versions-only": Flaw("Merkle trees leave out values", None, Parts(tree=HashesVersionsOnly)),
    "stops-rounds": Flaw("anti-entropy stops after its third round", "convergence", Parts(entropy=StopsRounds)),
    "skips-repair": Flaw("a read answers without repairing", "monotonic reads", Parts(reads=SkipsRepair)),
    "repairs-all": Flaw("a read waits until all replicas are repaired", None, Parts(reads=RepairsAll)),
    "mixes-copies": Flaw(
        "a read joins the newest version and another's value", "nothing invented", Parts(reads=MixesCopies)
    ),
    "acknowledges-on-send": Flaw(
        "a write is acknowledged once it is sent", "acknowledged writes kept", Parts(writes=AcknowledgesOnSend)
    ),
    "purges-unconfirmed": Flaw(
        "a tombstone is purged without asking the other replicas",
        "no tombstone resurrection",
        Parts(purging=PurgesUnconfirmed),
    ),
    "purges-after-quorum": Flaw(
        "a tombstone is purged when a majority has confirmed it", "purge soundness", Parts(purging=PurgesAfterQuorum)
    ),
    "confirms-twice": Flaw("asks for each confirmation twice", None, Parts(purging=ConfirmsTwice)),
    "purges-early": Flaw(
        "a tombstone is purged after an eighth of its grace", "no tombstone resurrection", Parts(purging=PurgesEarly)
    ),
    "keeps-old-hints": Flaw(
        "hints older than a tombstone survive its purge", "no tombstone resurrection", Parts(hints=KeepsOldHints)
    ),
    "repairs-by-arrival": Flaw(
        "read repair overwrites what was written since the read looked",
        "no version regression",
        Parts(copies=RepairsByArrival),
    ),
    "hints-by-arrival": Flaw(
        "a hint overwrites what was written since it was made", "no version regression", Parts(copies=HintsByArrival)
    ),
    "never-refills": Flaw(
        "anti-entropy stops for good at its limit of bytes", "convergence", Parts(entropy=NeverRefills)
    ),
    "joins-at-once": Flaw(
        "a wiped node counts in quorums before it is bootstrapped",
        "reads see acknowledged writes",
        Parts(joining=JoinsAtOnce),
    ),
    "decides-on-one": Flaw(
        "a read takes the first answer for its quorum", "reads see acknowledged writes", Parts(reads=DecidesOnOne)
    ),
    "hides-repairs": Flaw("does not audit what anti-entropy changed", "evidence agrees", Parts(copies=HidesRepairs)),
    "forgets-its-clock": Flaw(
        "what was minted is kept in memory only, and the clock has milliseconds",
        "nothing invented",
        Parts(versions=ForgetsItsClock),
    ),
    "knows-no-skew": Flaw(
        "a purge waits as if all clocks were the same", "no tombstone resurrection", Parts(core=KnowsNoSkew)
    ),
    "sends-in-set-order": Flaw(
        "sends in the order of a set: correct, but another order in another process",
        "determinism",
        Parts(core=SendsInSetOrder),
    ),
}


def parts_of(name: str | None) -> Parts:
    return FLAWS[name].parts if name else SOUND
