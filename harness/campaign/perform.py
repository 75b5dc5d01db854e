"""A campaign from its start, or from where it stopped, to its end: what is given to the crew, and what comes of it."""

import time  # noqa: TID251 - when it must end, and how fast it goes
from collections import Counter, deque
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, Literal, NamedTuple

from harness.campaign import folders, ranges
from harness.campaign.look import Seen, look
from harness.campaign.order import Order
from harness.campaign.results import Results
from harness.campaign.smallest import Example, ToShrink, shrink
from harness.campaign.tasks import Crew, Died, Lost, Task

COMMIT_S = 1.0
WAIT_S = 0.5
LATEST_S = 60.0  # the rate is of so many seconds
SHRINKS_MAX = 100  # of a campaign: each takes seconds

Stopped = Literal["--hours", "Ctrl-C"]


class Progress(NamedTuple):
    """What is in the file. `rate` is of this machine or cluster now, in seeds a second; None: not known yet."""

    done: int
    total: int
    counts: Counter[str]
    groups: int
    rate: float | None
    left_s: float | None


Watch = Callable[[Progress], None]


def perform(order: Order, results: Results, crew: Crew, watch: Watch, seconds: float | None) -> Stopped | None:
    """Whatever ends it, what was counted is in the file, and nothing of the crew is left at work."""
    campaign = _Campaign(order, results, crew, watch, seconds)
    try:
        return campaign.run()
    except KeyboardInterrupt:
        campaign.commit()
        return "Ctrl-C"
    finally:
        crew.end()


class _Campaign:
    def __init__(self, order: Order, results: Results, crew: Crew, watch: Watch, seconds: float | None) -> None:
        self._order, self._results, self._crew, self._watch = order, results, crew, watch
        self._ends = None if seconds is None else time.monotonic() + seconds
        done = results.done()
        self._done, self._total = ranges.count(done), ranges.count(order.seeds)
        self._todo: Iterator[int] = ranges.seeds(ranges.without(order.seeds, done))
        self._given = self._done
        self._next: int | None = next(self._todo, None)
        self._under_way: set[int] = set()
        self._suspects: deque[Task] = deque()  # each is done with nothing beside it
        self._alone: Task | None = None
        self._counts = results.counts()
        self._first = results.causes()  # promise and mechanism -> the first seed that shows it
        self._examples = {each[:2]: each for each in results.examples()}
        self._shrinking = set(self._examples)
        self._seen: list[Seen] = []
        self._shrunk: list[Example] = []
        self._committed_at = time.monotonic()
        self._latest: deque[tuple[float, int]] = deque([(self._committed_at, self._done)])

    def run(self) -> Stopped | None:
        self._tell()
        while True:
            if self._ends is not None and time.monotonic() >= self._ends:
                self.commit()
                return "--hours"
            self._give()
            if not self._crew.busy():
                self.commit()
                self._give()  # what was committed may have shown another cause
                if not self._crew.busy():
                    return None
            for task, outcomes in self._crew.done(WAIT_S):
                self._take(task, outcomes)
            if time.monotonic() - self._committed_at >= COMMIT_S:
                self.commit()

    def _give(self) -> None:
        if self._suspects:
            if not self._crew.busy():
                self._alone = self._suspects.popleft()
                self._crew.add(self._alone)
            return
        for _ in range(self._crew.room()):
            task = self._to_shrink() or self._to_look()
            if task is None:
                return
            self._crew.add(task)

    def _to_look(self) -> Task | None:
        if self._next is None:
            return None
        size = self._crew.portion(self._total - self._given)
        seeds = [self._next, *islice(self._todo, size - 1)]
        self._next = next(self._todo, None)
        self._given += len(seeds)
        self._under_way.update(seeds)
        return Task(look, tuple(self._order.job(seed) for seed in seeds))

    def _to_shrink(self) -> Task | None:
        """The first seed of a cause is known once all seeds before it are over: so it is the same, however often the
        campaign was stopped and however many seeds were under way at a time."""
        if len(self._shrinking) >= SHRINKS_MAX:
            return None
        open_ = [*self._under_way, *([] if self._next is None else [self._next])]
        over = min(open_, default=None)
        ripe = [(seed, *cause) for cause, seed in self._first.items() if cause not in self._shrinking]
        seed, promise, mechanism = min(ripe, default=(0, "", ""))
        if not ripe or (over is not None and seed > over):
            return None
        self._shrinking.add((promise, mechanism))
        return Task(shrink, (ToShrink(promise, mechanism, seed, self._order.plan_of),))

    def _take(self, task: Task, outcomes: list[Any] | Lost) -> None:
        alone, self._alone = self._alone is task, None
        if isinstance(outcomes, Lost):
            if not alone:
                self._suspects += [Task(task.work, (order,)) for order in task.orders]
                return
            outcomes = [Died(outcomes.how)]
        for order, outcome in zip(task.orders, outcomes, strict=True):
            self._keep(order, outcome)

    def _keep(self, order: Any, outcome: Any) -> None:
        if isinstance(order, ToShrink):
            died = Example(order.promise, order.mechanism, order.seed, why=_died(outcome))
            self._shrunk.append(died if isinstance(outcome, Died) else outcome)
        else:
            died_at = Seen(order.seed, "failed", _died(outcome), 0.0, 0.0)
            self._seen.append(died_at if isinstance(outcome, Died) else outcome)

    def commit(self) -> None:
        """A cause counts from here on, too: what is shrunk must be in the file."""
        new = self._results.add(self._seen, self._shrunk)
        folders.keep(self._results, new)
        self._done += len(new)
        for seen in new:
            self._counts[seen.verdict] += 1
            for broken in seen.broken:
                cause = broken.promise, broken.mechanism
                self._first[cause] = min(seen.seed, self._first.get(cause, seen.seed))
        self._under_way -= {seen.seed for seen in self._seen}
        self._examples.update({each[:2]: each for each in self._shrunk})
        self._seen, self._shrunk = [], []
        self._committed_at = time.monotonic()
        self._tell()

    def _tell(self) -> None:
        now = time.monotonic()
        self._latest.append((now, self._done))
        while len(self._latest) > 2 and now - self._latest[0][0] > LATEST_S:
            self._latest.popleft()
        since, before = self._latest[0]
        rate = (self._done - before) / (now - since) if self._done > before else None
        left_s = (self._total - self._done) / rate if rate else None
        if self._ends is not None:
            ends_in = max(self._ends - now, 0.0)
            left_s = ends_in if left_s is None else min(left_s, ends_in)
        self._watch(Progress(self._done, self._total, self._counts, self._groups(), rate, left_s))

    def _groups(self) -> int:
        examples = (self._examples.get(cause, Example(*cause, 0)) for cause in self._first)
        return len({(each.promise, each.smallest or each.mechanism, each.shape) for each in examples})


def _died(outcome: Any) -> str:
    return f"its worker died, and again when it was alone: {outcome.how}" if isinstance(outcome, Died) else ""
