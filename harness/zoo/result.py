"""What came of the hunts."""

from statistics import median
from typing import Literal

import msgspec

from harness.zoo.hunt import Outcome

SOUND = "the sound store"

Verdict = Literal["found", "not found", "no alarm", "alarm", "failed"]


class Smallest(msgspec.Struct, frozen=True):
    """`on_processes`: "yes" if the shrunk plan breaks the same promise there; None: it was not tried."""

    property: str
    operations: int
    faults: int
    minimal: bool
    why: str
    on_processes: str | None


class Specimen(msgspec.Struct, frozen=True):
    """One flaw, or the sound store. `seeds` and `cpu_s` are those until the first broken promise, one of each start,
    and of a start that found nothing what it spent; `found` has the seed of each start, or None. `broke` are the
    promises that were broken, with how many of the finds broke each."""

    name: str
    legend: str
    source: str
    breaks: str | None
    seeds: list[int]
    cpu_s: list[float]
    found: list[int | None]
    broke: dict[str, int]
    errors: list[str]
    smallest: Smallest | None = None

    def verdict(self) -> Verdict:
        """Found: by half of the starts, at least, so that the median is one of a find."""
        finds = sum(seed is not None for seed in self.found)
        if self.errors:
            return "failed"
        if self.breaks is None:
            return "alarm" if finds else "no alarm"
        return "found" if 2 * finds >= len(self.found) and finds else "not found"

    def seeds_median(self) -> float:
        return median(self.seeds)

    def cpu_s_median(self) -> float:
        return median(self.cpu_s)


class Zoo(msgspec.Struct, frozen=True):
    scenario: str
    starts: int
    budget_s: float
    specimens: list[Specimen]

    def flaws(self) -> list[Specimen]:
        return [each for each in self.specimens if each.breaks is not None]

    def exit_code(self) -> int:
        verdicts = {each.verdict() for each in self.specimens}
        if verdicts & {"not found", "alarm"}:
            return 1
        return 4 if "failed" in verdicts else 0


def specimen(name: str, legend: str, source: str, breaks: str | None, outcomes: list[Outcome]) -> Specimen:
    broke: dict[str, int] = {}
    for outcome in outcomes:
        for promise in outcome.find.broken if outcome.find else []:
            broke[promise] = broke.get(promise, 0) + 1
    return Specimen(
        name,
        legend,
        source,
        breaks,
        [each.seeds for each in outcomes],
        [each.cpu_s for each in outcomes],
        [each.find.seed if each.find else None for each in outcomes],
        broke,
        [each.error for each in outcomes if each.error],
    )
