"""Whether steps can be put in one order, by a search with memory (after Wing & Gong, and Lowe).

The search goes from return to return and takes steps only when one is due: the step that returns, and before it those
that it waits for. Four rules keep it small, each without losing an order if there is one:
- A step that changes nothing is taken as soon as what it needs is there.
- Of open steps that do the same, the one that is due first is taken first.
- A write of one key alone is taken before it is due only where an open step needs what it gives. If none does, it is as
  good right before a later write of that key, where nobody sees it: it is marked as *hidden* there, for free.
- No step removes a content that one due later needs and that nothing can bring back.
And nothing is searched from a configuration if one that leaves at least as much open was searched before.
"""

from collections import defaultdict
from heapq import heappop, heappush

from checkers.calls import OutOfBudget
from checkers.models.steps import Contents, Part, Step, paced, spend

MOST_REMEMBERED = 4_000_000
"""Configurations; then the memory is emptied. The search is slower without it, and as exact."""

_STRIDE = 32
_MOST_VIEWS = 20_000

_Config = tuple[
    int, Contents, int, int
]  # the moment that is next, the state, and which open steps are taken and hidden


class _Open:
    """A step while the search lasts. It is open from moment `opens` to `closes`, and for so long its bit is its own."""

    __slots__ = ("alone", "bit", "closes", "due", "gives", "kind", "needs", "opens", "place", "replaces", "start")

    def __init__(self, step: Step, keys: list[str | None], kind: int, never: int) -> None:
        self.needs, self.gives, self.kind = step.needs, step.gives, kind
        self.due, self.start, self.place = step.end is not None, step.start, step.end or 0
        self.replaces = frozenset(keys[each] for each in step.gives) - {keys[each] for each in step.needs}
        self.alone = len(step.gives) == 1 and not step.needs
        self.opens = self.closes = never
        self.bit = 0


class _View:
    """What is open at a moment, those that are due first at the front."""

    __slots__ = ("free", "hideable", "movers", "read", "reads", "users")

    def __init__(self, opened: list[_Open]) -> None:
        opened.sort(key=lambda each: (each.closes, each.bit))
        self.movers = [each for each in opened if each.gives]
        self.users = [each for each in self.movers if each.needs]
        self.hideable = [each for each in self.movers if each.due and not each.needs]
        self.reads: dict[Contents, int] = defaultdict(int)
        for each in opened:
            if not each.gives:
                self.reads[each.needs] |= each.bit
        self.read = sum(self.reads.values())
        self.free = sum(each.bit for each in self.hideable)

    def wanted(self, taken: int) -> set[int]:
        """What open steps wait for."""
        contents: set[int] = set()
        for user in self.users:
            if not taken & user.bit:
                contents |= user.needs
        for needs, bits in self.reads.items():
            if bits & ~taken:
                contents |= needs
        return contents

    def is_due(self, content: int, taken: int) -> bool:
        if any(bits & ~taken and content in needs for needs, bits in self.reads.items()):
            return True
        return any(user.due and not taken & user.bit and content in user.needs for user in self.users)

    def seen(self, state: Contents) -> int:
        """The steps that change nothing and can be taken here."""
        bits = 0
        for needs, each in self.reads.items():
            if needs <= state:
                bits |= each
        return bits


class Search:
    def __init__(self, part: Part, out_of_budget: OutOfBudget) -> None:
        self._initial, self._keys = part.initial, part.numbers.keys
        self._out_of_budget = out_of_budget
        kinds: dict[tuple[Contents, Contents], int] = {}
        steps = [
            _Open(step, self._keys, kinds.setdefault((step.needs, step.gives), len(kinds)), len(part.steps))
            for step in paced(part.steps, out_of_budget)
        ]
        self._returns = sorted((step for step in steps if step.due), key=lambda step: step.place)
        self._fresh: list[list[_Open]] = []  # those that open with each moment
        self._marks: list[list[_Open]] = []  # all that are open at every so many moments
        self._width = 0  # how many bits there are
        self._spare = 0  # the bits of those that may be taken or not
        self._open(sorted(steps, key=lambda step: step.start))
        self._givers: dict[int, list[_Open]] = defaultdict(list)
        self._last_use: dict[int, int] = {}  # of a content: when the last one opens that needs it and is due
        for step in sorted(steps, key=lambda step: step.closes):
            for content in step.gives:
                self._givers[content].append(step)
            for content in step.needs if step.due else ():
                self._last_use[content] = max(step.opens, self._last_use.get(content, 0))
        self._views: dict[int, _View] = {}
        self._after: dict[tuple[Contents, int], Contents] = {}

    def run(self) -> int | None:
        """None if there is an order. Else a place: all that returned before it can be ordered."""
        stack: list[_Config] = [(0, self._initial, 0, 0)]
        seen: dict[tuple[int, Contents, int], list[int]] = defaultdict(list)
        furthest = work = 0
        spend(self._out_of_budget)
        while stack:
            config = self._go_on(*stack.pop())
            if config is None:
                return None
            at, state, taken, hidden = config
            fixed, costs = self._costs(at, taken, hidden)
            before = seen[at, state, fixed]
            if any(each & costs == each for each in before):
                continue
            before.append(costs)
            work += 1
            if not work & 0x3FF:
                spend(self._out_of_budget)
                if work % MOST_REMEMBERED == 0:
                    seen.clear()
            furthest = max(furthest, at)
            stack.extend(self._choices(*config))
        return self._returns[furthest].place

    def _go_on(self, at: int, state: Contents, taken: int, hidden: int) -> _Config | None:
        """To the next return of a step that is not taken."""
        returns, fresh = self._returns, self._fresh
        while at < len(returns):
            for each in fresh[at]:
                if not each.gives and each.needs <= state:
                    taken |= each.bit
            bit = returns[at].bit
            if not taken & bit:
                return at, state, taken, hidden
            at, taken, hidden = at + 1, taken & ~bit, hidden & ~bit
        return None

    def _costs(self, at: int, taken: int, hidden: int) -> tuple[int, int]:
        """What two configurations must have in common to be compared, and what each has against it: reads not taken,
        spare steps used up, and writes that are taken or still to be taken, where the other has them hidden: those may
        be taken later or not at all."""
        view = self._view(at)
        worse = (taken & (view.free | self._spare)) | (view.read & ~taken)
        return taken & ~(view.free | view.read | self._spare), worse | (view.free & ~taken & ~hidden) << self._width

    def _choices(self, at: int, state: Contents, taken: int, hidden: int) -> list[_Config]:
        """The best last: the step that returns, then what it waits for, then what is due soon."""
        due, view = self._returns[at], self._view(at)
        wanted = view.wanted(taken)
        first: list[_Config] = []
        second: list[_Config] = []
        third: list[_Config] = []
        tried: set[int] = set()
        for step in view.movers:
            if taken & step.bit or step.kind in tried:
                continue
            tried.add(step.kind)
            if not step.needs <= state:
                continue
            if step is due or (step.due and not step.alone) or not step.gives.isdisjoint(wanted):
                config = self._take(step, at, state, taken, hidden)
                if config is not None:
                    rank = first if step is due else third if step.gives.isdisjoint(due.needs) else second
                    rank.append(config)
        if hidden & due.bit and not any(
            each not in state and self._is_lost(each, at, taken | due.bit) for each in due.gives
        ):
            first.insert(0 if due.gives.isdisjoint(wanted) else 1, (at, state, taken | due.bit, hidden))
        return [*reversed(third), *reversed(second), *reversed(first)]

    def _take(self, step: _Open, at: int, state: Contents, taken: int, hidden: int) -> _Config | None:
        view, after = self._view(at), self._state_after(state, step)
        taken |= step.bit
        if any(self._is_lost(each, at, taken) for each in state - after):
            return None
        for each in view.hideable:
            if each.replaces <= step.replaces:
                hidden |= each.bit
        taken |= view.seen(after)
        return at, after, taken, hidden & ~taken

    def _is_lost(self, content: int, at: int, taken: int) -> bool:
        """Whether nothing brings it back once it is gone, although a step that is due needs it."""
        for giver in reversed(self._givers[content]):
            if giver.closes < at:
                break
            if giver.opens > at or not taken & giver.bit:
                return False
        return self._last_use.get(content, -1) > at or self._view(at).is_due(content, taken)

    def _state_after(self, state: Contents, step: _Open) -> Contents:
        after = self._after.get((state, step.kind))
        if after is None:
            keys = self._keys
            replaced = {keys[each] for each in step.gives}
            after = step.gives | frozenset(each for each in state if keys[each] not in replaced)
            self._after[state, step.kind] = after
        return after

    def _view(self, at: int) -> _View:
        view = self._views.get(at)
        if view is None:
            if len(self._views) > _MOST_VIEWS:
                self._views.clear()
            mark = at - at % _STRIDE
            later = (step for fresh in self._fresh[mark + 1 : at + 1] for step in fresh)
            view = self._views[at] = _View(
                [step for step in (*self._marks[at // _STRIDE], *later) if step.closes >= at]
            )
        return view

    def _open(self, steps: list[_Open]) -> None:
        """Gives each its moments, and its bit. What may be taken or not keeps its bit for good."""
        coming, step = iter(steps[1:]), steps[0] if steps else None
        opened: set[_Open] = set()
        free: list[int] = []
        bits = 0
        for at, due in enumerate(paced(self._returns, self._out_of_budget)):
            fresh: list[_Open] = []
            while step is not None and step.start <= due.place:
                if step.due and free:
                    step.bit = heappop(free)
                else:
                    step.bit, bits = 1 << bits, bits + 1
                    self._spare |= 0 if step.due else step.bit
                step.opens = at
                fresh.append(step)
                step = next(coming, None)
            self._fresh.append(fresh)
            opened.update(fresh)
            if at % _STRIDE == 0:
                self._marks.append(list(opened))
            due.closes = at
            opened.remove(due)
            heappush(free, due.bit)
        self._width = bits
