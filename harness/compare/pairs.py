"""Every policy against every other, in the figures that decide: which differences are shown, all at once."""

from collections.abc import Mapping

from harness.compare.result import FRONT
from harness.compare.statistics import Interval, Resampled, deviation, simultaneous

DECIDING = ("promises broken", "never converged", "stale reads", "read p99", "bytes")

Found = Mapping[tuple[str, str], Resampled]  # by figure and policy


class Pairs:
    def __init__(self, names: list[str], found: Found, seeds: int) -> None:
        self.names = names
        asked = [(figure, one, other) for figure in DECIDING for one in names for other in names if one < other]
        deviations = [deviation(found[figure, one], found[figure, other]) for figure, one, other in asked]
        self._ends: dict[tuple[str, str, str], Interval | None] = dict(
            zip(asked, simultaneous(deviations, seeds), strict=True)
        )

    def is_less(self, figure: str, one: str, other: str) -> bool:
        """Shown to be so."""
        if one == other:
            return False
        end = self._ends[figure, min(one, other), max(one, other)]
        return end is not None and (end.high < 0 if one < other else end.low > 0)

    def front(self) -> list[str]:
        """Those that no other beats. Where no difference is shown, two are equally good."""
        return [name for name in self.names if not any(self._beats(other, name) for other in self.names)]

    def _beats(self, one: str, other: str) -> bool:
        better = any(self.is_less(figure, one, other) for figure in FRONT)
        return better and not any(self.is_less(figure, other, one) for figure in FRONT)

    def left(self) -> list[str]:
        """By one figure after the other, those are left out that are shown to be worse than one that is still in."""
        left = self.names
        for figure in DECIDING:
            left = [name for name in left if not any(self.is_less(figure, other, name) for other in left)]
        return left
