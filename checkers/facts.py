"""What several checkers ask of a history, gathered once.

A history that was gathered is still a history: `check(gather(history))` equals `check(history)`, and judging one
history by every property gathers it only once. Events are taken in their order; their times do not decrease in it.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import msgspec

from checkers.history import Change, Copy, Dump, Event, History, Invoke, Life, Message, Phase, Return
from checkers.versions import Covers, Rank, covers, rank

Trail = list[Change]  # of one key in one incarnation of one node


class Answer(msgspec.Struct, frozen=True, gc=False):
    """An operation that returned ok. `copy` is what it read or wrote; None: it read nothing, or no version is known."""

    invoke: Invoke
    back: Return
    copy: Copy | None


class Peaks:
    """The highest tombstone that was given up, as it grows along the order."""

    def __init__(self) -> None:
        self._seqs: list[int] = []
        self._tops: list[tuple[Copy, Change]] = []

    def add(self, change: Change, gone: Copy, at_least: Covers) -> None:
        if not self._tops or not at_least(self._tops[-1][0], gone):
            self._seqs.append(change.seq)
            self._tops.append((gone, change))

    def covering(self, copy: Copy, before: int | None, at_least: Covers) -> Change | None:
        """A change before this place of the order that gave up a tombstone ⪰ copy."""
        place = len(self._seqs) if before is None else bisect_left(self._seqs, before)
        if place and at_least(self._tops[place - 1][0], copy):
            return self._tops[place - 1][1]
        return None


class Facts(History):
    rank: Rank
    at_least: Covers
    operations: dict[int, Invoke]
    failed: set[int]  # operations that definitely never took effect
    reads: list[Answer]
    acks: list[Answer]  # of puts and deletes
    changes: list[Change]
    lives: list[Life]
    messages: list[Message]
    dumps: list[Dump]
    phases: list[Phase]
    trails: dict[tuple[str, str], dict[str, Trail]]  # (node, incarnation) -> key -> its changes
    drops: list[tuple[Change, Change]]  # an install, and an earlier one of a higher copy in the same trail
    purges: list[Change]  # of tombstones
    purged: dict[str, Peaks]  # key -> tombstones purged
    buried: dict[str, Peaks]  # key -> tombstones purged or marked as purgeable

    def replicas(self, key: str) -> list[str]:
        """A key that nobody placed may be anywhere."""
        return self.header.replicas.get(key, self.header.nodes)

    def last_dumps(self, moment: str) -> dict[str, Dump]:
        return {dump.node: dump for dump in self.dumps if dump.moment == moment}

    def may_be_purged_unseen(self, key: str) -> bool:
        """Where replicas keep no audit, a key that someone deletes may be purged at any time."""
        return not self.header.audited and any(
            invoke.kind == "delete" and invoke.key == key for invoke in self.operations.values()
        )


class Final(msgspec.Struct, frozen=True):
    """The highest copy of a key over the settled dumps of its replicas, and the replicas without a dump."""

    copy: Copy | None
    dumps: list[int]
    missing: list[str]


def gather(history: History) -> Facts:
    if isinstance(history, Facts):
        return history
    groups: dict[type[Event], list[Any]] = defaultdict(list)
    for event in history.events:
        groups[type(event)].append(event)
    at_least = covers(history.header.tie)
    operations = {invoke.op: invoke for invoke in groups[Invoke]}
    answers = list(_answers(operations, groups[Return]))
    changes: list[Change] = groups[Change]
    trails = _trails(changes)
    purges = [change for change in changes if is_purge(change)]
    return Facts(
        history.header,
        history.events,
        rank=rank(history.header.tie),
        at_least=at_least,
        operations=operations,
        failed={back.op for back in groups[Return] if back.outcome == "failed"},
        reads=[answer for answer in answers if answer.invoke.kind == "get"],
        acks=[answer for answer in answers if answer.invoke.kind != "get"],
        changes=changes,
        lives=groups[Life],
        messages=groups[Message],
        dumps=groups[Dump],
        phases=groups[Phase],
        trails=trails,
        drops=_drops(trails, at_least),
        purges=purges,
        purged=_peaks(purges, at_least),
        buried=_peaks([change for change in changes if is_purge(change) or is_mark(change)], at_least),
    )


def is_purge(change: Change) -> bool:
    """Only tombstones are purged; a live copy that is dropped is lost."""
    return change.cause == "purge" and change.new is None and change.old is not None and change.old.dead


def is_mark(change: Change) -> bool:
    return change.cause == "purgeable" and change.old is not None and change.old.dead


def final(facts: Facts, settled: dict[str, Dump], key: str) -> Final:
    top: Copy | None = None
    present, missing = [], []
    for node in facts.replicas(key):
        if node not in settled:
            missing.append(node)
            continue
        present.append(settled[node].seq)
        copy = settled[node].copies.get(key)
        if copy is not None and (top is None or not facts.at_least(top, copy)):
            top = copy
    return Final(top, sorted(present), missing)


def _answers(operations: dict[int, Invoke], returns: list[Return]) -> Iterable[Answer]:
    for back in returns:
        if back.outcome != "ok":
            continue
        invoke = operations.get(back.op)
        if invoke is None:
            raise ValueError(f"event {back.seq} is the return of op {back.op}, which was never invoked: record both")
        if back.version is None:
            yield Answer(invoke, back, None)
        elif invoke.kind == "get":
            yield Answer(invoke, back, Copy(back.version, back.dead, back.value))
        else:
            yield Answer(invoke, back, Copy(back.version, invoke.kind == "delete", invoke.value))


def _trails(changes: list[Change]) -> dict[tuple[str, str], dict[str, Trail]]:
    trails: dict[tuple[str, str], dict[str, Trail]] = defaultdict(lambda: defaultdict(list))
    for change in changes:
        trails[change.node, change.incarnation][change.key].append(change)
    return trails


def _drops(trails: dict[tuple[str, str], dict[str, Trail]], at_least: Covers) -> list[tuple[Change, Change]]:
    """A purge leaves its floor behind; a copy that was found damaged takes the floor with it."""
    drops = []
    for keys in trails.values():
        for trail in keys.values():
            top: Copy | None = None
            floor = trail[0]
            for change in trail:
                if change.cause == "corrupt":
                    top = None
                if change.new is None:
                    continue
                if top is None or at_least(change.new, top):
                    top, floor = change.new, change
                else:
                    drops.append((change, floor))
    return drops


def _peaks(changes: list[Change], at_least: Covers) -> dict[str, Peaks]:
    peaks: dict[str, Peaks] = defaultdict(Peaks)
    for change in changes:
        if change.old is not None:
            peaks[change.key].add(change, change.old, at_least)
    return dict(peaks)
