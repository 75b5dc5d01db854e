"""Flaws of what a policy may choose: courses of reads, hints and substitutes, kinds and paces of anti-entropy, versions
with siblings."""

from .flaw import Flaw
from .flawed.kinds import KnowsWhatItAskedFor, MovesOnUnheld, RowsWithoutTombstones, SkipsWhatWasCut
from .flawed.paces import PutsTheSilentFirst
from .flawed.purges import CountsEarlierRepairs
from .flawed.reading import (
    CountsTwice,
    DigestsNoTombstones,
    DigestsValuesOnly,
    NeverSpeculates,
    RemembersForEver,
    StopsWaiting,
)
from .flawed.scopes import MarksWhenSent
from .flawed.scrubbing import DiscardsAndForgets
from .flawed.siblings import ComparesScalars, IgnoresContexts, MergesEqualsToNothing, MergesToTheLarger, MintsDotsAgain
from .flawed.substituting import (
    ClaimsItsLevel,
    CountsRemote,
    DropsTheNewest,
    ForgetsForOthers,
    ForgetsWhatIsWanted,
    IgnoresHintLimit,
)
from .parts import KINDS, Parts

FLAWS: dict[str, Flaw] = {
    "compares-scalars": Flaw(
        "of two copies with siblings the one with the latest write replaces the other",
        "no lost update",
        Parts(versions=ComparesScalars),
        "textbook: vector clocks compared by the sum or the highest of their entries",
    ),
    "merges-equals-to-nothing": Flaw(
        "two equal copies with siblings are called concurrent, and nothing is left of both",
        "no lost update",
        Parts(versions=MergesEqualsToNothing),
        "textbook: equal vector clocks reported as concurrent",
    ),
    "merges-to-the-larger": Flaw(
        "of siblings the largest value is kept",
        "no lost update",
        Parts(versions=MergesToTheLarger),
        "textbook: a cart merged by `max`",
    ),
    "ignores-contexts": Flaw(
        "a write does not say what its client had read",
        "writes follow reads",
        Parts(versions=IgnoresContexts),
        "Riak 746, 1046",
    ),
    "mints-dots-again": Flaw(
        "dots are counted, and a node that lost its disk counts anew under its old name",
        "nothing invented",
        Parts(versions=MintsDotsAgain),
        "Riak kv679",
    ),
    "discards-and-forgets": Flaw(
        "a scrubber discards damaged copies and asks nobody for them",
        "convergence",
        Parts(scrubbing=DiscardsAndForgets),
    ),
    "puts-the-silent-first": Flaw(
        "who was silent is compared first, whether it is back or not, and the others never",
        "convergence",
        Parts(turns=PutsTheSilentFirst),
    ),
    "counts-earlier-repairs": Flaw(
        "a tombstone counts as repaired by a comparison that began before the deletion",
        "purge soundness",
        Parts(purging=CountsEarlierRepairs),
        "Cassandra 13153, 6503",
    ),
    "forgets-for-others": Flaw(
        "a node that is to keep a write in place of a silent replica says so, and keeps nothing",
        "acknowledged writes kept",
        Parts(substitutes=ForgetsForOthers),
    ),
    "drops-the-newest": Flaw(
        "where there is no room for another hint, the newest goes and not the oldest",
        "convergence",
        Parts(hints=DropsTheNewest),
    ),
    "forgets-what-is-wanted": Flaw(
        "a hint is gone once its target was asked whether it wants it",
        "convergence",
        Parts(hints=ForgetsWhatIsWanted),
    ),
    "ignores-hint-limit": Flaw(
        "hints are sent as fast as they come, whatever the limit of bytes a second",
        "limits kept",
        Parts(hints=IgnoresHintLimit),
    ),
    "claims-its-level": Flaw(
        "a write that was answered below its level says that it was met",
        "reads see acknowledged writes",
        Parts(writes=ClaimsItsLevel),
        "textbook: a level that is lowered in silence",
    ),
    "counts-remote": Flaw(
        "a quorum of one datacenter counts replicas of others",
        "reads see acknowledged writes",
        Parts(writes=CountsRemote),
    ),
    "digests-values-only": Flaw(
        "the digest that a read compares is of the value alone, without its version",
        "monotonic reads",
        Parts(reads=DigestsValuesOnly),
        "textbook: a digest of the data without its version",
    ),
    "digests-no-tombstones": Flaw(
        "the digest of a tombstone says that nothing is held",
        "reads see acknowledged writes",
        Parts(reads=DigestsNoTombstones),
        "Cassandra 6863",
    ),
    "counts-twice": Flaw(
        "when a replica is slow all are asked again, and one that answers twice counts twice for the quorum",
        "reads see acknowledged writes",
        Parts(reads=CountsTwice),
        "textbook: answers counted, and not who gave them",
    ),
    "never-speculates": Flaw(
        "a read that asks few waits for one that is silent, and asks no other in its place",
        "available with a quorum",
        Parts(reads=NeverSpeculates),
        "textbook: reads only the first R",
    ),
    "stops-waiting": Flaw(
        "a read that waits for its repair up to a bound does not wait, and does not count that",
        "monotonic reads",
        Parts(repairs=StopsWaiting),
    ),
    "remembers-for-ever": Flaw(
        "rates of reads, updates and failures of a key never fade",
        None,
        Parts(repairs=RemembersForEver),
        "textbook: rates that never decay",
    ),
    "moves-on-unheld": Flaw(
        "a log counts as read once copies were asked for, whether they come or not",
        "convergence",
        Parts(kinds={**KINDS, "log": MovesOnUnheld}),
        "textbook: an offset that is committed before its messages are handled",
    ),
    "skips-what-was-cut": Flaw(
        "who has not read what was cut from a log reads on behind it",
        "convergence",
        Parts(kinds={**KINDS, "log": SkipsWhatWasCut}),
        "textbook: a log with retention and no full comparison behind it",
    ),
    "knows-what-it-asked-for": Flaw(
        "a node's clock has the writes that were asked for, whether they come or not",
        "convergence",
        Parts(kinds={**KINDS, "clocks": KnowsWhatItAskedFor}),
    ),
    "rows-without-tombstones": Flaw(
        "hashes of rows leave out tombstones",
        "convergence",
        Parts(kinds={**KINDS, "rows": RowsWithoutTombstones}),
        "Cassandra 6863, with rows",
    ),
    "marks-when-sent": Flaw(
        "incremental repair counts as repaired what was sent, before the peer has acknowledged it",
        "convergence",
        Parts(incremental=MarksWhenSent),
        "Cassandra 13153, 6503",
    ),
}
