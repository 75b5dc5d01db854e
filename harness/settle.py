"""When the mend phase is over: decided from what the nodes say, the same on both stages."""

from typing import Literal

from replicas.system import Health

_PATIENCE = 4  # looks are a round apart: a node that begins fewer rounds than a quarter of the looks is not at work

Step = Literal["wait", "settled", "not mended"]


class Settling:
    """Settled: every node completed a round that began after some moment, from that moment on nothing changed
    anywhere, and no node has anything pending. Not mended: each node has begun `rounds_max` rounds and it is still
    not so. Without anti-entropy one quiet look is enough, and as many looks take the place of the rounds. `rounds` of
    them are over, `reason` is why it is not settled.
    """

    def __init__(self, rounds_max: int, *, has_rounds: bool) -> None:
        self._rounds_max = rounds_max
        self._has_rounds = has_rounds
        self._first: dict[str, Health] | None = None
        self._since: dict[str, Health] | None = None
        self._looks = 0
        self.rounds = 0
        self.reason: str | None = None

    def look(self, now: dict[str, Health]) -> Step:
        self._looks += 1
        if self._first is None or self._since is None:
            self._first = self._since = now
            return "wait"
        if self._still_quiet(now):
            if self._round_passed(now):
                return "settled"
            self.reason = "nothing changes, and yet not every node completes a round of anti-entropy"
        else:
            self._since = now
            self.reason = self._why(now)
        begun = min(status.begun - self._first[node].begun for node, status in now.items())
        self.rounds = begun if self._has_rounds else self._looks
        if begun > self._rounds_max or (not self._has_rounds and self._looks > self._rounds_max):
            return "not mended"
        if self._looks > _PATIENCE * self._rounds_max:
            idle = [node for node, status in now.items() if status.begun - self._first[node].begun <= self._rounds_max]
            self.reason = f"{', '.join(idle)} began too few rounds of anti-entropy; {self.reason}"
            return "not mended"
        return "wait"

    def begin_again(self, now: dict[str, Health]) -> None:
        """For one more full round from here."""
        self._first = self._since = now
        self._looks = 0

    def _still_quiet(self, now: dict[str, Health]) -> bool:
        assert self._since is not None  # noqa: S101 - looked at before
        same = all(status.changes == self._since[node].changes for node, status in now.items())
        return same and all(status.pending is None for status in now.values())

    def _round_passed(self, now: dict[str, Health]) -> bool:
        """A round under way at that moment may have looked before it: the next one counts."""
        assert self._since is not None  # noqa: S101 - looked at before
        if not self._has_rounds:
            return True
        return all(status.completed > self._since[node].begun for node, status in now.items())

    def _why(self, now: dict[str, Health]) -> str:
        for node, status in now.items():
            if status.pending is not None:
                return f"{node}: {status.pending}"
        return "copies still change"
