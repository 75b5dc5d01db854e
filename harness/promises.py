"""The promise matrix: what a configuration guarantees, on which premises, and the flaw that breaks each promise.

A promise follows from the plan alone (requirements). Its premises are checked again on what was observed: one that
was missed makes the property not promised in this run, never violated.
"""

from functools import cache
from typing import Literal, NamedTuple

from checkers.facts import gather
from checkers.history import Fault, History, Phase, Return
from checkers.verdict import Verdict
from harness import minting, terms
from harness import premises as on
from harness import requirements as needs
from harness import requirements_bounds as bounded
from harness import requirements_grace as grace
from harness import requirements_kinds as kinds
from harness import requirements_reads as of_reads
from harness.plan import Plan
from harness.premises import Premise
from harness.requirements import Requirement

Outcome = Literal["holds", "violated", "unknown", "not promised"]


class Cell(NamedTuple):
    """`flaws` break the promise, `near_misses` must not: each is run in both stages by the tests."""

    property: str
    requirements: tuple[Requirement, ...]
    premises: tuple[Premise, ...]
    flaws: tuple[str, ...]
    near_misses: tuple[str, ...]


class Promise(NamedTuple):
    """What became of one property in one run. `measured` is the checker's verdict, promised or not."""

    property: str
    outcome: Outcome
    why: str
    measured: Verdict


MATRIX: tuple[Cell, ...] = (
    Cell(
        "convergence",
        (needs.ANTI_ENTROPY, needs.IN_TIME, needs.ENOUGH_ROUNDS, needs.ENOUGH_BYTES, needs.ALL_BACK_FOR_A_WIPED_NODE),
        (on.HINTS_KEPT, on.ROT_ELSEWHERE_HELD),
        (
            "hashes-keys-only",
            "hashes-no-tombstones",
            "hashes-run-together",
            "compares-by-position",
            "shows-purgeable",
            "ties-by-arrival",
            "stops-rounds",
            "never-refills",
            "hints-first-only",
            "drops-hints",
            "forgets-sent-hints",
            "discards-and-forgets",
            "puts-the-silent-first",
            "drops-the-newest",
            "forgets-what-is-wanted",
            "moves-on-unheld",
            "skips-what-was-cut",
            "knows-what-it-asked-for",
            "rows-without-tombstones",
            "marks-when-sent",
        ),
        (
            "hashes-versions-only",
            "a trickle of repairs",
            "hints alone",
            "rot that a scrubber finds",
            "one at a time",
            "room for one hint",
            "hints that are offered first",
            "remembers-for-ever",
            "a log that was cut",
            "clocks and a trickle",
            "a disk that is lost under logs",
            "only what changed",
        ),
    ),
    Cell(
        "no version regression",
        (needs.CLOCKS, grace.LONG_GRACE, minting.ABOVE_THE_PURGED),
        (on.CLOCKS, on.REPAIRED_WITHIN_GRACE),
        ("repairs-any-other", "commits-later", "repairs-by-arrival", "hints-by-arrival", "never-syncs"),
        ("takes-equal", "late background repair", "a power cut while writing", "a write that mends"),
    ),
    Cell(
        "monotonic reads",
        (
            of_reads.WAITS_FOR_REPAIR,
            needs.QUORUM_READS,
            needs.ONE_WIPE,
            needs.CLOCKS,
            grace.LONG_GRACE,
            minting.ABOVE_THE_PURGED,
        ),
        (on.CLOCKS, on.READS_MEET, on.REPAIRED_WITHIN_GRACE, of_reads.REPAIRS_AWAITED),
        ("skips-repair", "answers-before-repair", "repairs-holders-only", "digests-values-only", "stops-waiting"),
        (
            "a read through changing pairs",
            "digests through changing pairs",
            "a repair that is acknowledged in time",
        ),
    ),
    Cell(
        "reads see acknowledged writes",
        (needs.QUORUMS_MEET, needs.CLOCKS, grace.LONG_GRACE, minting.ABOVE_THE_PURGED),
        (on.CLOCKS, on.COPIES_LEFT, on.READS_MEET, on.REPAIRED_WITHIN_GRACE),
        (
            "decides-on-one",
            "joins-at-once",
            "takes-silence-for-nothing",
            "counts-hints",
            "claims-its-level",
            "counts-remote",
            "digests-no-tombstones",
            "counts-twice",
        ),
        ("a read beside an unknown write", "wiped and bootstrapped", "below its level", "a quorum of one datacenter"),
    ),
    Cell(
        "read your writes",
        (needs.QUORUMS_MEET, needs.CLOCKS, grace.LONG_GRACE, minting.ABOVE_THE_PURGED),
        (on.CLOCKS, on.COPIES_LEFT, on.READS_MEET, on.REPAIRED_WITHIN_GRACE),
        ("prefers-its-own",),
        ("a session that roams",),
    ),
    Cell(
        "monotonic writes",
        (minting.LATER_IS_LATER,),
        (minting.NOBODY_SET_A_CLOCK,),
        ("mints-coarsely", "mints-by-the-wall"),
        ("mints-in-microseconds", "a clock that is set back"),
    ),
    Cell(
        "writes follow reads",
        (minting.READ_IS_OLDER,),
        (minting.NOBODY_SET_A_CLOCK,),
        ("mints-by-counting", "learns-nothing", "ignores-contexts"),
        ("mints-in-microseconds", "a clock behind what it reads", "read and replaced"),
    ),
    Cell(
        "linearizability",
        (
            of_reads.WAITS_FOR_REPAIR,
            needs.QUORUM_READS,
            needs.QUORUMS_MEET,
            needs.ONE_WIPE,
            minting.CLOCKS_AGREE,
            grace.LONG_GRACE,
            minting.ABOVE_THE_PURGED,
        ),
        (
            on.CLOCKS,
            on.COPIES_LEFT,
            on.READS_MEET,
            on.REPAIRED_WITHIN_GRACE,
            minting.ONE_CLOCK,
            of_reads.REPAIRS_AWAITED,
        ),
        ("skips-repair", "decides-on-one"),
        ("a read through changing pairs", "a read beside an unknown write"),
    ),
    Cell(
        "no tombstone resurrection",
        (
            needs.CLOCKS,
            grace.LONG_GRACE,
            minting.ABOVE_THE_PURGED,
            needs.WRITES_STAY_UP,
            needs.ALL_BACK_FOR_A_WIPED_NODE,
        ),
        (on.CLOCKS, on.COPIES_LEFT, on.REPAIRED_WITHIN_GRACE, on.HINTED_WRITES_KEPT),
        ("purges-unconfirmed", "keeps-old-hints", "purges-early", "knows-no-skew", "deletes-outright"),
        ("confirms-twice", "a hint that came in time", "a grace that is long enough", "clocks within the budget"),
    ),
    Cell(
        "purge soundness",
        (needs.CLOCKS, grace.LONG_GRACE, minting.ABOVE_THE_PURGED),
        (on.CLOCKS, on.REPAIRED_WITHIN_GRACE),
        ("purges-after-quorum", "counts-earlier-repairs"),
        ("cut off until the mend", "repaired after a cut"),
    ),
    Cell(
        "acknowledged writes kept",
        (
            needs.CLOCKS,
            grace.LONG_GRACE,
            minting.ABOVE_THE_PURGED,
            needs.WRITES_STAY_UP,
            needs.ALL_BACK_FOR_A_WIPED_NODE,
        ),
        (on.CLOCKS, on.COPIES_LEFT, on.REPAIRED_WITHIN_GRACE, on.HINTED_WRITES_KEPT),
        ("acknowledges-on-send", "ignores-failed-commits", "forgets-for-others"),
        ("W = 1 and cut off", "a blackout", "a disk that fails for a while", "kept by others"),
    ),
    Cell(
        "no lost update",
        (
            minting.SIBLINGS,
            needs.CLOCKS,
            grace.LONG_GRACE,
            needs.WRITES_STAY_UP,
            needs.ALL_BACK_FOR_A_WIPED_NODE,
        ),
        (on.CLOCKS, on.COPIES_LEFT, on.REPAIRED_WITHIN_GRACE, minting.ROOM),
        ("compares-scalars", "merges-equals-to-nothing", "merges-to-the-larger"),
        ("two writes at once", "read and replaced"),
    ),
    Cell(
        "nothing invented",
        (),
        (),
        (
            "mixes-copies",
            "forgets-its-clock",
            "serves-rot",
            "counts-versions",
            "rejoins-as-the-same",
            "mints-dots-again",
        ),
        (
            "an unknown write is read",
            "set back and restarted",
            "rot that a read finds",
            "rot that nobody reads",
            "siblings and a lost disk",
        ),
    ),
    Cell("evidence agrees", (), (), ("hides-repairs",), ("killed while writing",)),
    Cell("no needless repair", (kinds.ONLY_DIFFERENCES,), (), ("streams-all",), ("keeps-one-leaf",)),
    Cell(
        "limits kept",
        (kinds.ONE_BY_ONE,),
        (),
        ("ignores-limit", "floods-with-hints", "ignores-hint-limit"),
        ("more than a limit at once", "many hints", "hints within a limit"),
    ),
    Cell(
        "tombstones reaped",
        (
            bounded.PURGES,
            bounded.ALL_BACK,
            needs.ANTI_ENTROPY,
            needs.IN_TIME,
            needs.ENOUGH_ROUNDS,
            needs.ENOUGH_BYTES,
            needs.ALL_BACK_FOR_A_WIPED_NODE,
        ),
        (),
        ("never-reaps",),
        ("a delete that is missed for a while",),
    ),
    Cell(
        "available with a quorum",
        (bounded.LOSES_NOTHING, bounded.PROMPT, bounded.ROOM, of_reads.ASKS_ENOUGH),
        (bounded.KEPT_UP,),
        ("writes-first-w", "repairs-all", "never-speculates"),
        ("one of three is down", "two of three are down", "others in place of one that is down"),
    ),
)


def reason_against(cell: Cell, plan: Plan) -> str | None:
    """Why the plan does not have the promise, before it is run."""
    reasons = [requirement.missed(plan) for requirement in cell.requirements]
    return "; ".join(dict.fromkeys(reason for reason in reasons if reason)) or None


def judge(plan: Plan, history: History, verdicts: dict[str, Verdict]) -> list[Promise]:
    """`verdicts` are those of `checkers.properties`; what must know the plan as well is judged here."""
    facts = gather(history)
    verdicts = verdicts | terms.judged(plan, facts)
    promises: list[Promise] = []
    missed = cache(lambda premise: premise.missed(plan, facts))  # many promises rest on one premise
    for cell in MATRIX:
        measured = verdicts[cell.property]
        reasons = (missed(premise) for premise in cell.premises)
        why = reason_against(cell, plan) or next((reason for reason in reasons if reason), None)
        if why is None:
            promises.append(Promise(cell.property, measured.outcome, measured.reason, measured))
        else:
            promises.append(Promise(cell.property, "not promised", why, measured))
    return promises


def faults_not_applied(plan: Plan, history: History) -> list[str]:
    """A fault that was planned and did not happen makes the run say nothing."""
    begun = {event.fault: event for event in history.events if isinstance(event, Fault) and "applied" in event.phase}
    reasons: list[str] = []
    for fault in plan.faults:
        event = begun.get(fault.id)
        if event is None or event.phase == "not applied":
            why = event.evidence if event else "it was never begun"
            reasons.append(f"fault {fault.id} ({fault.kind}) was not applied: {why}")
    return reasons


def not_whole(history: History) -> list[str]:
    """Of a run that was broken off, or of a file from which something is missing, only a violation can be told."""
    numbers = [event.seq for event in history.events]
    if numbers != list(range(1, len(numbers) + 1)):
        return ["the history is not whole: events are missing from it"]
    ended = any(isinstance(event, Phase) and event.name == "end" for event in history.events)
    return [] if ended else ["the history is not whole: it has no end"]


def nothing_done(history: History) -> list[str]:
    """A run of which no operation succeeded shows nothing, however many of its promises were not broken."""
    succeeded = any(isinstance(event, Return) and event.outcome == "ok" for event in history.events)
    return [] if succeeded else ["not one operation succeeded"]


def overall(promises: list[Promise], not_applied: list[str]) -> Literal["holds", "violated", "unknown"]:
    outcomes = [promise.outcome for promise in promises]
    if "violated" in outcomes:
        return "violated"
    return "unknown" if not_applied or "unknown" in outcomes else "holds"
