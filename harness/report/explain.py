"""All that a recorded history tells of one key: the rules that were broken on it and why, then its life as a table."""

from collections import Counter
from difflib import get_close_matches
from itertools import chain
from typing import NamedTuple

import msgspec

from checkers.facts import gather
from checkers.history import Change, History, Version
from harness.judging import judge
from harness.plan import Plan
from harness.promises import Promise
from harness.report import keytable
from harness.report.case import Case
from harness.report.causes import cause_of
from harness.report.keytable import Row
from harness.report.lines import brief, fold, safe
from harness.report.rules import figures
from harness.report.story import cluster_words, key_of, policy_words, summary
from harness.wrong import Wrong

ROWS_MAX = 150
KEYS_NAMED_MAX = 8
REPAIRS = ("read repair", "hinted handoff", "anti-entropy", "write repair", "bootstrap", "scrub")


class Broken(msgspec.Struct, frozen=True):
    """One rule that was broken on the key; `promised` is false where the configuration did not promise it."""

    property: str
    promised: bool
    rule: str
    figures: str
    summary: str
    cause: str
    events: list[int]


class FaultSpan(msgspec.Struct, frozen=True):
    id: str
    what: str
    start_s: float
    end_s: float | None


class Known(msgspec.Struct, frozen=True):
    """A version of the key, by its short name."""

    time: int
    by: str
    dead: bool
    value: str | None


class Explanation(msgspec.Struct, frozen=True):
    """What `urushi explain --json` prints. `chosen` says why it is about this key. `seq` of a row, and `events` of what
    was broken, are places in history.jsonl; `audited` is false if the replicas report no changes of their own."""

    run: str
    key: str
    chosen: str
    replicas: list[str]
    audited: bool
    versions: dict[str, Known]
    faults: list[FaultSpan]
    broken: list[Broken]
    rows: list[Row]


class Explained(NamedTuple):
    told: Explanation
    case: Case


def explain(plan: Plan, history: History, run: str, key: str | None) -> Explained:
    facts = gather(history)
    promises = judge(plan, facts)
    found, chosen = _choose(facts, promises, key)
    case = Case(plan, facts, found)
    broken: list[Broken] = []
    proof: set[int] = set()
    for promise in promises:
        for violation in promise.measured.violations:
            about = violation.key if violation.key is not None else key_of(facts, violation)
            if about != found:
                continue
            cause = cause_of(case, promise.property, violation)
            proof.update(violation.events, cause.events)
            numbers, said = figures(case, violation), summary(case, violation)
            held = promise.outcome == "violated"
            broken.append(Broken(promise.property, held, violation.rule, numbers, said, cause.text, violation.events))
    if not broken:
        proof.update(change.seq for change in case.changes if change.cause in REPAIRS)
    broken.sort(key=lambda each: (not each.promised, each.events[-1] if each.events else 0))
    told = Explanation(
        run=run,
        key=found,
        chosen=chosen,
        replicas=case.replicas,
        audited=facts.header.audited,
        versions={case.names[version]: _known(case, version) for version in case.names},
        faults=[FaultSpan(each.id, each.what(), each.start / 1e9, _seconds(each.end)) for each in case.spans],
        broken=broken,
        rows=keytable.rows(case, proof),
    )
    return Explained(told, case)


def _known(case: Case, version: Version) -> Known:
    copy = case.copies.get(version)
    return Known(version.time, version.by, copy.dead if copy else False, copy.value if copy else None)


def _seconds(at: int | None) -> float | None:
    return None if at is None else at / 1e9


def _choose(history: History, promises: list[Promise], key: str | None) -> tuple[str, str]:
    facts = gather(history)
    busy = Counter(event.key for event in facts.events if isinstance(event, Change))
    busy.update(dict.fromkeys({invoke.key for invoke in facts.operations.values()}, 0))
    busy.update(dict.fromkeys(facts.header.replicas, 0))
    if key is not None:
        if key not in busy:
            raise _unknown(key, busy)
        return key, "as asked for"
    broken = [promise for promise in promises if promise.outcome == "violated"]
    violations = [violation for promise in broken for violation in promise.measured.violations]
    for violation in sorted(violations, key=lambda each: each.events[-1] if each.events else 0):
        about = violation.key if violation.key is not None else key_of(facts, violation)
        if about is not None:
            return about, "the key of the first violation"
    if not busy:
        what = f"no event of this run is about a key{': ' + violations[0].summary if violations else ''}"
        raise Wrong("run", what, "its report tells the whole: `urushi check` shows it again")
    why = "no rule that was broken names a key" if broken else "no promise was broken"
    return busy.most_common(1)[0][0], f"{why}, and this key has the most changes; others are {_others(busy, 1)}"


def _others(busy: Counter[str], since: int) -> str:
    named = busy.most_common(KEYS_NAMED_MAX + since)[since:]
    return ", ".join(f"{safe(brief(key))} ({count})" for key, count in named) or "none"


def _unknown(key: str, busy: Counter[str]) -> Wrong:
    near = get_close_matches(key, list(busy), n=1, cutoff=0.5)
    meant = f"did you mean {near[0]!r}? " if near else ""
    what = f"no event of this run is about the key {brief(key)!r}"
    return Wrong("--key", what, f"{meant}the keys with the most changes are {_others(busy, 0)}")


def text(explained: Explained, plan: Plan, width: int, *, every_row: bool) -> str:
    told, case = explained
    lines = [
        f"key {brief(told.key)} of run {told.run} ({told.chosen})",
        f"held by {' '.join(told.replicas)}; nodes {cluster_words(plan)}; {policy_words(plan)}"
        + (f"; flaw {plan.flaw}" if plan.flaw else ""),
        "",
        *(chain.from_iterable(map(_broken_lines, _first_of_each(told.broken)))),
        *_unbroken(told),
        *_faults(told),
        "",
    ]
    shown = told.rows if every_row else keytable.nearest(told.rows, ROWS_MAX)
    folded = fold("\n".join(map(safe, lines)), width).split("\n")
    table = keytable.render(case, shown, told.rows, width, faults=True)
    left = len(told.rows) - len(shown)
    if left:
        table.append(f"{left} of {len(told.rows)} rows are left out, far from what is marked with !: --all shows them")
    return "\n".join([*folded, *map(safe, table)])


def _first_of_each(broken: list[Broken]) -> list[tuple[Broken, int]]:
    """Of each property the first, and how many more there are."""
    counts = Counter(each.property for each in broken)
    firsts = {each.property: each for each in reversed(broken)}
    return [(each, counts[each.property] - 1) for each in broken if firsts[each.property] is each]


def _broken_lines(pair: tuple[Broken, int]) -> list[str]:
    broken, more = pair
    title = f"VIOLATED  {broken.property}" if broken.promised else f"not promised, and broken: {broken.property}"
    numbers = f" ({broken.figures})" if broken.figures else ""
    return [
        f"{title}{f'   and {more} more on this key' if more else ''}",
        f"  {broken.summary}.",
        *([f"  Cause: {broken.cause}"] if broken.cause else []),
        f"  Rule broken: {broken.rule}{numbers}.",
    ]


def _unbroken(told: Explanation) -> list[str]:
    lines = [] if told.broken else ["Nothing was broken on this key; ! marks what repairs brought."]
    if not told.audited:
        lines.append("The replicas report no changes of their own: the table has what clients and messages show.")
    return lines


def _faults(told: Explanation) -> list[str]:
    if not told.faults:
        return ["No faults."]
    spans = [
        f"  {each.id} {each.what} {each.start_s:.3f}–{f'{each.end_s:.3f} s' if each.end_s is not None else 'the end'}"  # noqa: RUF001 - a range
        for each in told.faults
    ]
    return ["Faults:", *spans]
