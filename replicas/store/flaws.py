"""Flawed replicas, each wrong in one decision, to show that a promise can be broken and is seen to be; and near
misses, which bend a rule without breaking it and must stay green."""

from typing import NamedTuple

from .flawed.copies import HidesRepairs, HintsByArrival, RepairsByArrival, SendsAnyOther, TakesAnyOther, TakesEqual
from .flawed.cores import ForgetsItsClock, KnowsNoSkew, SendsInSetOrder
from .flawed.disks import CommitsLater, IgnoresFailedCommits, ServesRot, never_syncs
from .flawed.purges import ConfirmsTwice, KeepsOldHints, PurgesAfterQuorum, PurgesEarly, PurgesUnconfirmed
from .flawed.quorums import AcknowledgesOnSend, DecidesOnOne, JoinsAtOnce, MixesCopies, RepairsAll, SkipsRepair
from .flawed.rounds import HashesKeysOnly, HashesVersionsOnly, NeverRefills, StopsRounds
from .parts import SOUND, Parts


class Flaw(NamedTuple):
    """`breaks` names the promise that turns red; None: a near miss, under which everything promised holds."""

    legend: str
    breaks: str | None
    parts: Parts


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
