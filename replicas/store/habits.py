"""What a coordinator has learnt of keys, for adaptive repair: how often each is read and updated, how large it is, and
whether its repairs fail. All of it fades, and what is known of the coldest keys is forgotten when it is too much."""

from operator import itemgetter
from typing import Literal

import msgspec

from .core import Core
from .decay import decayed
from .records import Record, Version

Mode = Literal["none", "blocking", "background", "bounded"]

_ONE = 1024  # an event, so that a count can fade by less than one
_FORGOTTEN_AT_ONCE = 8  # an eighth of all that is known goes in one go, so that it seldom has to


class Habit(msgspec.Struct, gc=False):
    """Of one key, as of the moment `at`. `version` and `size` are those of the last copy that was seen."""

    at: int
    reads: int = 0
    updates: int = 0
    failures: int = 0
    size: int = 0
    version: Version | None = None


class Habits:
    def __init__(self, core: Core) -> None:
        self.core = core
        self._of: dict[str, Habit] = {}

    def mode(self, key: str) -> Mode:
        """Where repairs fail nobody waits for them for a while: they are tried again when the failures have faded. To
        wait pays where the next read would meet what this one has missed: where a key is often updated and read."""
        policy, habit = self.core.policy, self._seen(key)
        if habit is None:
            return "background"
        if habit.failures >= policy.often_failed_min * _ONE:
            return "none"
        waits = habit.updates >= policy.often_updated_min * _ONE and habit.reads >= policy.often_read_min * _ONE
        return "blocking" if waits else "background"

    def is_large(self, key: str) -> bool:
        habit = self._of.get(key)
        return habit is not None and habit.size > self.core.policy.digest_above_bytes

    def known(self) -> int:
        return len(self._of)

    def read(self, key: str) -> None:
        self._note(key).reads += _ONE

    def failed(self, key: str) -> None:
        """No more than twice what counts as often, so that they have faded after one half-life."""
        habit = self._note(key)
        habit.failures = min(habit.failures + _ONE, 2 * self.core.policy.often_failed_min * _ONE)

    def saw(self, copy: Record) -> None:
        """A version that was not the last one seen is an update, however it came here."""
        habit = self._note(copy.key)
        if copy.version != habit.version:
            habit.updates += _ONE
            habit.version = copy.version
            habit.size = len((copy.value or "").encode())

    def _seen(self, key: str) -> Habit | None:
        """With its counts as they are by now."""
        habit, now = self._of.get(key), self.core.now.mono
        if habit is not None and now > habit.at:
            age_ns, half_life_ns = now - habit.at, self.half_life_ns()
            habit.reads = decayed(habit.reads, age_ns, half_life_ns)
            habit.updates = decayed(habit.updates, age_ns, half_life_ns)
            habit.failures = decayed(habit.failures, age_ns, half_life_ns)
            habit.at = now
        return habit

    def half_life_ns(self) -> int:
        return self.core.policy.habit_half_life_ns

    def _note(self, key: str) -> Habit:
        habit = self._seen(key)
        if habit is None:
            if len(self._of) >= self.core.policy.habits_max:
                self._forget_the_coldest()
            habit = self._of[key] = Habit(self.core.now.mono)
        return habit

    def _forget_the_coldest(self) -> None:
        now, half_life_ns = self.core.now.mono, self.half_life_ns()
        warmth = [
            (decayed(each.reads + each.updates, now - each.at, half_life_ns), key) for key, each in self._of.items()
        ]
        count = max(1, len(warmth) // _FORGOTTEN_AT_ONCE)
        for _, key in sorted(warmth, key=itemgetter(0))[:count]:
            del self._of[key]
        self.core.metrics.habits_forgotten += count
