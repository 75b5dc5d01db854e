"""No version regression: within an incarnation, each state installed for a key is ⪰ all that it held before."""

from collections.abc import Iterator

from checkers import words
from checkers.facts import Trail, gather, is_purge
from checkers.history import Change, History, Life, Version
from checkers.verdict import Verdict, Violation, conclude
from checkers.versions import same

NAME = "no version regression"


def check(history: History) -> Verdict:
    facts = gather(history)
    starts = [life for life in facts.lives if life.what == "started"]
    violations = [_lost(life) for life in starts if life.batch < life.committed]
    violations += [_pair("no state is older than one held before", floor, change) for change, floor in facts.drops]
    for keys in facts.trails.values():
        for trail in keys.values():
            violations += _broken(trail)
    violations.sort(key=lambda violation: violation.events[-1])
    unknown = "" if facts.header.audited else "the replicas report no changes of their own"
    return conclude(NAME, violations, len(facts.changes) + len(starts), unknown)


def _lost(life: Life) -> Violation:
    summary = (
        f"{life.node} ({life.incarnation}) started at {words.seconds(life.at)} from commit {life.batch},"
        f" although it had declared commit {life.committed} durable"
    )
    return Violation(None, "a restart finds every commit that was declared durable", [life.seq], summary)


def _broken(trail: Trail) -> Iterator[Violation]:
    """What the version order alone does not see: dropped copies, moving marks, one version with two contents."""
    contents: dict[Version, Change] = {}
    last: Change | None = None  # what is held
    for change in trail:
        new = change.new
        if change.cause == "corrupt":
            contents.clear()
        elif last is not None and last.new is not None:
            if new is None and not (is_purge(change) and last.new.dead):
                yield _pair("only tombstones are dropped, by a purge", last, change)
            if new is not None and change.cause == "purgeable" and new.version != last.new.version:
                yield _pair("a purgeable mark keeps the version", last, change)
        if new is not None:
            known = contents.setdefault(new.version, change)
            if known.new is not None and not same(known.new, new):
                yield _pair("one version, one content", known, change)
        last = change


def _pair(rule: str, before: Change, after: Change) -> Violation:
    summary = f"key {after.key}: {words.change(before)}; later {words.change(after)}"
    return Violation(after.key, rule, [before.seq, after.seq], summary)
