"""What several checkers ask of a history, gathered once.

A history that was gathered is still a history: `check(gather(history))` equals `check(history)`, and judging one
history by every property gathers it only once. Events are taken in their order; their times do not decrease in it.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable
from functools import reduce
from operator import attrgetter
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import UNSET

from checkers.history import Change, Copy, Dump, Event, History, Invoke, Life, Message, OddHistory, Phase, Return
from checkers.lifetimes import Lifetimes
from checkers.versions import Covers, Order, Rank, order_of, rank

Trail = list[Change]  # of one key in one incarnation of one node
Witness = TypeVar("Witness")

_seq = attrgetter("seq")
_BURY = ("purge", "purgeable")


class Answer(msgspec.Struct, frozen=True, gc=False):
    """An operation that returned ok. `copy` is what it read or wrote; None: it read nothing, or no version is known."""

    invoke: Invoke
    back: Return
    copy: Copy | None


class Peaks(Generic[Witness]):
    """The highest copy of its kind, as it grows along the order, and who showed it."""

    def __init__(self) -> None:
        self._seqs: list[int] = []
        self._tops: list[tuple[Copy, Witness]] = []

    def add(self, seq: int, copy: Copy, witness: Witness, order: Order) -> None:
        if not self._tops or not order.at_least(self._tops[-1][0], copy):
            top = order.join(self._tops[-1][0], copy) if self._tops else copy
            self._seqs.append(seq)
            self._tops.append((top, witness))

    def top(self, before: int | None) -> tuple[Copy, Witness] | None:
        """As it was before this place of the order."""
        place = len(self._seqs) if before is None else bisect_left(self._seqs, before)
        return self._tops[place - 1] if place else None

    def covering(self, copy: Copy, before: int | None, at_least: Covers) -> Witness | None:
        """Who had shown a copy ⪰ this one."""
        top = self.top(before)
        return top[1] if top and at_least(top[0], copy) else None


class Rising:
    """The answers of one session that were each not covered by all before, with what covers all up to there."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._tops: list[tuple[Copy, Answer]] = []

    def add(self, copy: Copy, answer: Answer) -> None:
        if not self._tops or not self._order.at_least(self._tops[-1][0], copy):
            self._tops.append((self._order.join(self._tops[-1][0], copy) if self._tops else copy, answer))

    def forget(self) -> None:
        self._tops.clear()

    def before(self, answer: Answer) -> tuple[Copy, Answer] | None:
        """The highest that was there when this operation began; a session mostly asks for one thing at a time."""
        begun = answer.invoke.seq
        return next((top for top in reversed(self._tops) if top[1].back.seq < begun), None)


class Facts(History):
    order: Order
    rank: Rank
    at_least: Covers
    operations: dict[int, Invoke]
    failed: set[int]  # operations that definitely never took effect
    reads: list[Answer]
    acks: list[Answer]  # of puts and deletes
    turns: dict[tuple[str, str], list[Answer]]  # (session, key) -> its answers
    changes: list[Change]
    lives: list[Life]
    messages: list[Message]
    dumps: list[Dump]
    phases: list[Phase]
    trails: dict[tuple[str, str], dict[str, Trail]]  # (node, incarnation) -> key -> its changes
    drops: list[tuple[Change, Change]]  # an install, and an earlier one of a higher copy in the same trail
    purges: list[Change]  # of tombstones
    lifetimes: Lifetimes
    down: list[str]  # nodes that stay down until the end
    deleted: set[str]  # keys that someone asked to delete
    purged: dict[str, Peaks[Change]]  # key -> tombstones purged
    buried: dict[str, Peaks[Change]]  # key -> tombstones purged or marked as purgeable

    def full_reads(self) -> list[Answer]:
        """Those that did not step down."""
        return [answer for answer in self.reads if not answer.back.level_met]

    def full_acks(self) -> list[Answer]:
        return [answer for answer in self.acks if not answer.back.level_met]

    def replicas(self, key: str) -> list[str]:
        """A key that nobody placed may be anywhere."""
        return self.header.replicas.get(key, self.header.nodes)

    def last_dumps(self, moment: str) -> dict[str, Dump]:
        """Of the nodes that are up at the end."""
        return {dump.node: dump for dump in self.dumps if dump.moment == moment and dump.node not in self.down}

    def past(self, node: str, key: str, seq: int) -> Trail:
        """What the incarnation that the node has at this place of the order has done with a key up to there."""
        trail, start, stop = self._stretch(node, key, seq)
        return trail[start:stop]

    def is_past(self, node: str, key: str, seq: int, copy: Copy) -> bool:
        """Whether the incarnation that the node has at this place of the order holds ⪰ copy, or has purged ⪰ copy."""
        trail, start, stop = self._stretch(node, key, seq)
        if self.header.versions is not UNSET:
            return self._knows(trail[start:stop], copy)
        for place in range(stop - 1, start - 1, -1):
            change = trail[place]
            shown = change.old if is_purge(change) else change.new if place == stop - 1 else None
            if shown is not None and self.at_least(shown, copy):
                return True
        return False

    def _knows(self, trail: Trail, copy: Copy) -> bool:
        """Both together: what it holds now, and what it knew of before it purged that."""
        purged = [change.old for change in trail if is_purge(change) and change.old is not None]
        held = trail[-1].new if trail else None
        known = [*purged, held] if held is not None else purged
        return bool(known) and self.at_least(reduce(self.order.join, known), copy)

    def raised(self, key: str, copy: Copy, before: int | None) -> Copy:
        """As if it knew of what was purged, or marked as purgeable, before this place of the order."""
        if self.header.versions is UNSET or key not in self.buried:
            return copy
        top = self.buried[key].top(before)
        return self.order.raised(copy, top[0]) if top else copy

    def _stretch(self, node: str, key: str, seq: int) -> tuple[Trail, int, int]:
        stay = self.lifetimes.at(node, seq)
        trail = self.trails.get((node, stay.incarnation), {}).get(key) if stay and stay.incarnation else None
        if stay is None or not trail:
            return [], 0, 0
        start = 0 if trail[0].seq >= stay.since else bisect_left(trail, stay.since, key=_seq)
        return trail, start, bisect_right(trail, seq, key=_seq)

    def is_buried(self, key: str, copy: Copy, before: int) -> bool:
        """Whether a tombstone ⪰ copy was purged or marked as purgeable before this place of the order."""
        peaks = self.buried.get(key)
        return peaks is not None and peaks.covering(copy, before, self.at_least) is not None

    def may_be_purged_unseen(self, key: str) -> bool:
        """Where replicas keep no audit, a key that someone deletes may be purged at any time."""
        return not self.header.audited and key in self.deleted


class Final(msgspec.Struct, frozen=True):
    """The highest copy of a key over the settled dumps of its replicas that are up, and those without a dump."""

    copy: Copy | None
    dumps: list[int]
    missing: list[str]


def gather(history: History) -> Facts:
    if isinstance(history, Facts):
        return history
    groups: dict[type[Event], list[Any]] = defaultdict(list)
    for event in history.events:
        groups[type(event)].append(event)
    order = order_of(history.header)
    at_least = order.at_least
    operations = {invoke.op: invoke for invoke in groups[Invoke]}
    answers = list(_answers(operations, groups[Return]))
    changes: list[Change] = groups[Change]
    trails = _trails(changes)
    purges = [change for change in changes if change.cause == "purge" and is_purge(change)]
    mends = [phase for phase in groups[Phase] if phase.name == "mend"]
    return Facts(
        history.header,
        history.events,
        order=order,
        rank=rank(history.header.tie),
        at_least=at_least,
        operations=operations,
        failed={back.op for back in groups[Return] if back.outcome == "failed"},
        reads=[answer for answer in answers if answer.invoke.kind == "get"],
        acks=[answer for answer in answers if answer.invoke.kind != "get"],
        turns=_turns(answers),
        changes=changes,
        lives=groups[Life],
        messages=groups[Message],
        dumps=groups[Dump],
        phases=groups[Phase],
        trails=trails,
        drops=_drops(trails, order),
        purges=purges,
        lifetimes=Lifetimes(groups[Life], trails),
        down=mends[-1].down if mends else [],
        deleted={invoke.key for invoke in operations.values() if invoke.kind == "delete"},
        purged=_peaks(purges, order),
        buried=_peaks([each for each in changes if each.cause in _BURY and (is_purge(each) or is_mark(each))], order),
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
        if node in facts.down:
            continue
        if node not in settled:
            missing.append(node)
            continue
        present.append(settled[node].seq)
        copy = settled[node].copies.get(key)
        if copy is not None and (top is None or not facts.at_least(top, copy)):
            top = copy if top is None else facts.order.join(top, copy)
    return Final(top, sorted(present), missing)


def _answers(operations: dict[int, Invoke], returns: list[Return]) -> Iterable[Answer]:
    for back in returns:
        if back.outcome != "ok":
            continue
        invoke = operations.get(back.op)
        if invoke is None:
            raise OddHistory(f"event {back.seq} is the return of op {back.op}, which was never invoked: record both")
        if back.version is None:
            yield Answer(invoke, back, None)
        elif invoke.kind == "get":
            yield Answer(invoke, back, Copy(back.version, back.dead, back.value))
        else:
            yield Answer(invoke, back, Copy(back.version, invoke.kind == "delete", invoke.value))


def _turns(answers: list[Answer]) -> dict[tuple[str, str], list[Answer]]:
    turns: dict[tuple[str, str], list[Answer]] = defaultdict(list)
    for answer in answers:
        turns[answer.invoke.session, answer.invoke.key].append(answer)
    return turns


def _trails(changes: list[Change]) -> dict[tuple[str, str], dict[str, Trail]]:
    trails: dict[tuple[str, str], dict[str, Trail]] = defaultdict(lambda: defaultdict(list))
    for change in changes:
        trails[change.node, change.incarnation][change.key].append(change)
    return trails


def _drops(trails: dict[tuple[str, str], dict[str, Trail]], order: Order) -> list[tuple[Change, Change]]:
    """A purge leaves its floor behind; a copy that was found damaged takes the floor with it."""
    drops = []
    at_least = order.at_least
    for keys in trails.values():
        for trail in keys.values():
            top: Copy | None = None
            purged: Copy | None = None
            floor = trail[0]
            for change in trail:
                if change.cause == "corrupt":
                    top = purged = None
                if change.new is None:
                    if is_purge(change) and change.old is not None:
                        purged = change.old if purged is None else order.beside(change.old, purged)
                    continue
                new = change.new if purged is None else order.raised(change.new, purged)
                if top is None or at_least(new, top):
                    top, floor = new if purged is None else order.beside(new, purged), change
                else:
                    drops.append((change, floor))
    return drops


def _peaks(changes: list[Change], order: Order) -> dict[str, Peaks[Change]]:
    peaks: dict[str, Peaks[Change]] = defaultdict(Peaks)
    for change in changes:
        if change.old is not None:
            peaks[change.key].add(change.seq, change.old, change, order)
    return dict(peaks)
