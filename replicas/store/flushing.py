"""Before a purge of what was repaired, older hints are flushed: each node gives its word that it keeps none.

A node is asked about a time. It raises its clock to that, so that it mints nothing older, and answers once it has no
hint and no write under way that is as old: all are replayed, expired or replaced by then. From then on it takes none as
old from others either. One question covers all tombstones up to that time, and stays the same until all have answered.
"""

from .core import Core
from .hints import Hints
from .messages import Flush, Flushed
from .records import Version
from .writes import Write


class Flushing:
    def __init__(self, core: Core, hints: Hints) -> None:
        self.core = core
        self.hints = hints
        self._word: dict[str, int] = {}  # by node: up to which time it keeps nothing
        self._goal = 0
        self._next_goal = 0

    def covers(self, node: str, time: int) -> bool:
        return not self.hints.active() or self._word.get(node, -1) >= time

    def want(self, time: int) -> None:
        self._next_goal = max(self._next_goal, time)

    def tick(self) -> None:
        core = self.core
        if not self.hints.active() or not self._next_goal:
            return
        nodes = core.others(tuple(core.cluster.names()))
        if all(self.covers(node, self._goal) for node in nodes):
            self._goal = self._next_goal
        behind = [node for node in nodes if not self.covers(node, self._goal)]
        core.send_all(behind, Flush(0, core.now.wall, "purge", self._goal))

    def flush(self, sender: str, message: Flush) -> None:
        core = self.core
        if not core.joined:
            return
        core.changes += message.time > core.versions.clock
        core.versions.observe(Version(message.time, core.versions.incarnation))
        under_way = any(
            isinstance(each, Write) and core.versions.oldest(each.record) <= message.time
            for each in core.waiting.values()
        )
        if not under_way and not self.hints.keeps_older(message.time):
            self.hints.buried_until = max(self.hints.buried_until, message.time)
            core.send(sender, Flushed(0, core.now.wall, message.origin, message.time))

    def flushed(self, sender: str, message: Flushed) -> None:
        self._word[sender] = max(message.time, self._word.get(sender, -1))

    def forget(self, node: str) -> None:
        """A node that lost its disk keeps none, and has forgotten what its clock was raised to."""
        self._word.pop(node, None)
