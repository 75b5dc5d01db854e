"""Flawed replicas, each wrong in one decision, to show that a promise can be broken and is seen to be; and near
misses, which bend a rule without breaking it and must stay green."""

from .flaw import Flaw
from .flawed.answers import AnswersBeforeRepair, RepairsHoldersOnly, TakesSilenceForNothing
from .flawed.bounds import AsksTheFirst, FloodsWithHints, IgnoresLimit, NeverReaps, OneLeaf, StreamsAll
from .flawed.clocks import LearnsNothing, MintsByCounting, MintsByTheWall, MintsCoarsely, MintsInMicroseconds
from .flawed.copies import (
    DeletesOutright,
    HidesRepairs,
    HintsByArrival,
    RepairsByArrival,
    SendsAnyOther,
    ShowsPurgeable,
    TakesAnyOther,
    TakesEqual,
)
from .flawed.cores import ForgetsItsClock, KnowsNoSkew, SendsInSetOrder
from .flawed.disks import CommitsLater, IgnoresFailedCommits, ServesRot, never_syncs
from .flawed.hinting import CountsHints, DropsHints, ForgetsSentHints, HintsFirstOnly
from .flawed.purges import ConfirmsTwice, KeepsOldHints, PurgesAfterQuorum, PurgesEarly, PurgesUnconfirmed
from .flawed.quorums import (
    AcknowledgesOnSend,
    DecidesOnOne,
    JoinsAtOnce,
    MixesCopies,
    PrefersItsOwn,
    RepairsAll,
    SkipsRepair,
)
from .flawed.rounds import (
    ComparesByPosition,
    HashesKeysOnly,
    HashesNoTombstones,
    HashesRunTogether,
    HashesVersionsOnly,
    NeverRefills,
    StopsRounds,
)
from .flawed.versions import CountsVersions, RejoinsAsTheSame, TiesByArrival
from .flaws_of_policies import FLAWS as OF_POLICIES
from .parts import KINDS, SOUND, Parts

FLAWS: dict[str, Flaw] = {
    "repairs-any-other": Flaw(
        "anti-entropy sends whatever differs, and a copy is taken by arrival",
        "no version regression",
        Parts(copies=TakesAnyOther, versions=SendsAnyOther),
        "textbook: repair overwrites any replica that differs",
    ),
    "takes-equal": Flaw(
        "installs a copy equal to the one held",
        None,
        Parts(copies=TakesEqual),
        "textbook: accepted with ≥",
    ),
    "commits-later": Flaw(
        "declares nine batches of ten durable before they are",
        "no version regression",
        Parts(storage=CommitsLater),
        "acknowledged before fsync",
    ),
    "never-syncs": Flaw(
        "commits are written and not synced: they survive every kill -9 and no power cut",
        "no version regression",
        Parts(storage=never_syncs),
        "acknowledged before fsync",
    ),
    "ignores-failed-commits": Flaw(
        "goes on after a commit that failed", "acknowledged writes kept", Parts(storage=IgnoresFailedCommits)
    ),
    "serves-rot": Flaw("does not look at the checksum of what it reads", "nothing invented", Parts(copies=ServesRot)),
    "hashes-keys-only": Flaw("Merkle trees leave out versions and values", "convergence", Parts(tree=HashesKeysOnly)),
    "hashes-versions-only": Flaw("Merkle trees leave out values", None, Parts(tree=HashesVersionsOnly)),
    "stops-rounds": Flaw(
        "anti-entropy stops after its third round",
        "convergence",
        Parts(entropy=StopsRounds),
        "Dynomite 311, 552, 677",
    ),
    "skips-repair": Flaw(
        "a read answers without repairing",
        "monotonic reads",
        Parts(repairs=SkipsRepair),
        "Cassandra 2494, 10726, 14740",
    ),
    "repairs-all": Flaw(
        "a read waits until all replicas are repaired", "available with a quorum", Parts(repairs=RepairsAll)
    ),
    "mixes-copies": Flaw(
        "a read joins the newest version and another's value",
        "nothing invented",
        Parts(reads=MixesCopies),
        "Weaviate: a projected read is written back",
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
        "a tombstone is purged after an eighth of its grace",
        "no tombstone resurrection",
        Parts(purging=PurgesEarly),
        "textbook: a grace shorter than what must fit into it",
    ),
    "keeps-old-hints": Flaw(
        "hints older than a tombstone survive its purge",
        "no tombstone resurrection",
        Parts(hints=KeepsOldHints),
        "Cassandra's hint guard; Scylla 23712",
    ),
    "repairs-by-arrival": Flaw(
        "read repair overwrites what was written since the read looked",
        "no version regression",
        Parts(copies=RepairsByArrival),
        "Olric",
    ),
    "hints-by-arrival": Flaw(
        "a hint overwrites what was written since it was made",
        "no version regression",
        Parts(copies=HintsByArrival),
        "textbook: hints without a version",
    ),
    "never-refills": Flaw(
        "anti-entropy stops for good at its limit of bytes", "convergence", Parts(sending=NeverRefills)
    ),
    "joins-at-once": Flaw(
        "a wiped node counts in quorums before it is bootstrapped",
        "reads see acknowledged writes",
        Parts(joining=JoinsAtOnce),
    ),
    "decides-on-one": Flaw(
        "a read takes the first answer for its quorum",
        "reads see acknowledged writes",
        Parts(reads=DecidesOnOne),
        "textbook: the consistency level is not enforced",
    ),
    "hides-repairs": Flaw("does not audit what anti-entropy changed", "evidence agrees", Parts(copies=HidesRepairs)),
    "forgets-its-clock": Flaw(
        "what was minted is kept in memory only, and the clock has milliseconds",
        "nothing invented",
        Parts(versions=ForgetsItsClock),
        "textbook: millisecond wall time as version",
    ),
    "knows-no-skew": Flaw(
        "a purge waits as if all clocks were the same",
        "no tombstone resurrection",
        Parts(core=KnowsNoSkew),
        "textbook: a grace without clock lead",
    ),
    "answers-before-repair": Flaw(
        "a read sends its repair, and answers before anyone holds it",
        "monotonic reads",
        Parts(repairs=AnswersBeforeRepair),
        "Cassandra 13115, 4792",
    ),
    "repairs-holders-only": Flaw(
        "a read leaves out replicas that have nothing: it neither waits for them nor repairs them",
        "monotonic reads",
        Parts(repairs=RepairsHoldersOnly),
        "textbook: missing replies are dropped",
    ),
    "takes-silence-for-nothing": Flaw(
        "a read whose time is up counts who did not answer as one that has nothing",
        "reads see acknowledged writes",
        Parts(reads=TakesSilenceForNothing),
        "textbook: a timeout looks like not found",
    ),
    "counts-hints": Flaw(
        "a hint counts as an acknowledgement of the write",
        "reads see acknowledged writes",
        Parts(writes=CountsHints),
        "textbook: sloppy acknowledgements beside R + W > N",
    ),
    "hints-first-only": Flaw(
        "of all replicas that miss a write only the first gets a hint",
        "convergence",
        Parts(writes=HintsFirstOnly),
        "textbook: `hints[0]`",
    ),
    "drops-hints": Flaw(
        "keeps hints of one key for each node, and says nothing of those that it drops",
        "convergence",
        Parts(hints=DropsHints),
        "textbook: hints dropped when full, in silence",
    ),
    "forgets-sent-hints": Flaw(
        "a hint is gone once it is sent, whether it arrives or not",
        "convergence",
        Parts(hints=ForgetsSentHints),
    ),
    "hashes-no-tombstones": Flaw(
        "Merkle trees leave out tombstones", "convergence", Parts(tree=HashesNoTombstones), "Cassandra 6863"
    ),
    "hashes-run-together": Flaw(
        "Merkle trees add up the letters of who wrote and what, run together",
        "convergence",
        Parts(tree=HashesRunTogether),
        "textbook: a digest of parts without delimiters",
    ),
    "shows-purgeable": Flaw(
        "Merkle trees include tombstones that may be purged: repair brings them back for ever",
        "convergence",
        Parts(copies=ShowsPurgeable),
        "Scylla 1165",
    ),
    "compares-by-position": Flaw(
        "the listings of two leaves are compared item by item, to the end of the shorter one",
        "convergence",
        Parts(kinds={**KINDS, "merkle": ComparesByPosition}),
        "textbook: lists of different length compared by index",
    ),
    "deletes-outright": Flaw(
        "a delete removes the copy and leaves no tombstone",
        "no tombstone resurrection",
        Parts(copies=DeletesOutright),
        "Voldemort",
    ),
    "counts-versions": Flaw(
        "a version is the highest seen and one more, and says not who minted it",
        "nothing invented",
        Parts(versions=CountsVersions),
        "textbook: version = max + 1 chosen by the coordinator",
    ),
    "ties-by-arrival": Flaw(
        "of versions with one time each replica keeps the one that came first",
        "convergence",
        Parts(versions=TiesByArrival),
        "Dynomite",
    ),
    "rejoins-as-the-same": Flaw(
        "versions are counted, and a node that lost its disk counts anew under its old name",
        "nothing invented",
        Parts(versions=RejoinsAsTheSame),
        "Riak kv679",
    ),
    "prefers-its-own": Flaw(
        "a coordinator that holds a copy answers a read with it, whatever the others say",
        "read your writes",
        Parts(reads=PrefersItsOwn),
        "textbook: a local read",
    ),
    "mints-coarsely": Flaw(
        "versions are dated by a clock that stands still for a tenth of a second",
        "monotonic writes",
        Parts(versions=MintsCoarsely),
        "textbook: millisecond wall time as version",
    ),
    "mints-in-microseconds": Flaw(
        "versions are dated by a clock of microseconds", None, Parts(versions=MintsInMicroseconds)
    ),
    "mints-by-the-wall": Flaw(
        "versions are dated by the wall clock also when it was set back",
        "monotonic writes",
        Parts(versions=MintsByTheWall),
        "textbook: wall time as version",
    ),
    "mints-by-counting": Flaw(
        "versions are counted from what this node has seen, and know no time",
        "writes follow reads",
        Parts(versions=MintsByCounting),
        "textbook: a counter for each coordinator",
    ),
    "learns-nothing": Flaw(
        "a node's clock does not follow the versions that it sees",
        "writes follow reads",
        Parts(versions=LearnsNothing),
        "textbook: a logical clock that is not raised on receipt",
    ),
    "writes-first-w": Flaw(
        "a write is sent to the first W replicas of its key alone, and a read asks the first R",
        "available with a quorum",
        Parts(core=AsksTheFirst),
        "textbook: writes only the first W, reads only the first R",
    ),
    "ignores-limit": Flaw(
        "anti-entropy sends all at once, whatever its limit",
        "limits kept",
        Parts(sending=IgnoresLimit),
        "repair storms after a long partition",
    ),
    "floods-with-hints": Flaw(
        "all hints for a node are sent as soon as it is heard of", "limits kept", Parts(hints=FloodsWithHints)
    ),
    "streams-all": Flaw(
        "trees of the wrong depth have one leaf, and all that is in it is sent",
        "no needless repair",
        Parts(tree=OneLeaf, kinds={**KINDS, "merkle": StreamsAll}),
        "Cassandra 12580",
    ),
    "keeps-one-leaf": Flaw("trees have one leaf", None, Parts(tree=OneLeaf)),
    "never-reaps": Flaw(
        "asks once whether all hold a tombstone, and never again",
        "tombstones reaped",
        Parts(purging=NeverReaps),
        "Riak 311",
    ),
    "sends-in-set-order": Flaw(
        "sends in the order of a set: correct, but another order in another process",
        "determinism",
        Parts(core=SendsInSetOrder),
    ),
    **OF_POLICIES,
}


def parts_of(name: str | None) -> Parts:
    return FLAWS[name].parts if name else SOUND
