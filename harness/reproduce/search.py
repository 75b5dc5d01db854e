"""The search for a smaller plan: candidates are tried in order, and the first that still breaks the promise is taken.

No candidate is tried twice and none is taken twice, so that no search goes round in circles. Which is taken never
depends on the clock, but for where the search stops when its time is up.
"""

import time  # noqa: TID251 - the budget is of wall time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import msgspec
from xxhash import xxh3_128_digest

from harness import plan as plans
from harness.plan import Plan
from harness.reproduce.witness import Breaks, Sign
from harness.wrong import Wrong

Reduction = Callable[[Plan], Iterator[Plan]]  # simpler plans than this one, the most promising first
Build = Callable[[list[Any]], Plan]


class Progress(NamedTuple):
    """What is being done, and how far it came."""

    doing: str
    tried: int
    operations: int
    faults: int
    left_s: float


Watch = Callable[[Progress], None]


class TimeUp(Exception):
    """The budget would not last for one more try; the best so far stands."""


class Search:
    """`best` breaks the promise, always. `sign` says where, as far as it was seen. The budget counts from here on."""

    def __init__(self, breaks: Breaks, plan: Plan, budget_s: float, watch: Watch) -> None:
        self.best = plan
        self.sign = Sign(None, 0, {})
        self.tried = 0
        self.doing = "performing it again"
        self._breaks = breaks
        self._deadline = time.monotonic() + budget_s
        self._longest_s = 0.0
        self._watch = watch
        self._signs: dict[bytes, Sign | None] = {}
        self._taken = {_name(plan)}

    def begin(self) -> bool:
        """Whether the plan to begin with is seen to break the promise."""
        sign = self._sign_of(self.best, _name(self.best))
        self.tried = 0
        if sign is not None:
            self.sign = sign
        return sign is not None

    def take_first(self, candidates: Iterable[Plan], *, in_time: bool = False) -> bool:
        """Whether one of them was taken. `in_time`: none in which clients fall behind more often."""
        for plan in candidates:
            name = _name(plan)
            sign = None if name in self._taken else self._sign_of(plan, name)
            if sign is not None and (not in_time or len(sign.late) <= len(self.sign.late)):
                self.best, self.sign = plan, sign
                self._taken.add(name)
                return True
        return False

    def exhaust(self, reduction: Reduction) -> None:
        """Until it has nothing more that breaks the promise as well."""
        while self.take_first(reduction(self.best), in_time=True):
            pass

    def without_chunks(self, items: list[Any], build: Build) -> None:
        """Delta debugging: leaves out all of the items, halves, quarters, … and at last one after the other."""
        size = len(items)
        while size:
            place = 0
            while place < len(items):
                fewer = items[:place] + items[place + size :]
                if self.take_first([build(fewer)]):
                    items = fewer
                else:
                    place += size
            size //= 2

    def keeps(self, plan: Plan) -> bool:
        """Whether this plan keeps the promise, or cannot be performed."""
        return self._sign_of(plan, _name(plan)) is None

    def stop(self) -> None:
        """From here on only what was seen before is known."""
        self._deadline = 0.0

    def _sign_of(self, plan: Plan, name: bytes) -> Sign | None:
        if name not in self._signs:
            self._signs[name] = self._try(plan)
        return self._signs[name]

    def _try(self, plan: Plan) -> Sign | None:
        begun = time.monotonic()
        left_s = self._deadline - begun
        if left_s <= self._longest_s:
            raise TimeUp
        if not _possible(plan):
            return None
        self.tried += 1
        self._watch(Progress(self.doing, self.tried, len(self.best.operations), len(self.best.faults), left_s))
        sign = self._breaks(plan)
        self._longest_s = max(self._longest_s, time.monotonic() - begun)
        return sign


def _name(plan: Plan) -> bytes:
    return xxh3_128_digest(msgspec.msgpack.encode(plan))


def _possible(plan: Plan) -> bool:
    try:
        plans.check(plan, "")
    except Wrong:
        return False
    return True
