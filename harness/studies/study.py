"""What a study is, and what it finds."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import msgspec

Watch = Callable[[int, int], None]  # hears how much is done, of how much


_NOTHING: Mapping[str, str] = MappingProxyType({})


class Order(NamedTuple):
    """None, or nothing given: the study's own. `given` has parameters by name, as text."""

    trials: int | None = None
    delays: Path | None = None
    given: Mapping[str, str] = _NOTHING
    watch: Watch = lambda _done, _total: None


class Figure(msgspec.Struct, frozen=True):
    """`error`: with the chance of 95 % the figure is off by no more than that, because the trials are so few.
    `allowed`: so far may it be from what is expected; None: nothing is expected, it is only said."""

    name: str
    unit: str
    measured: float
    error: float = 0.0
    expected: float | None = None
    allowed: float | None = None
    note: str = ""

    def holds(self) -> bool:
        return self.expected is None or abs(self.measured - self.expected) <= (self.allowed or 0.0)


class Part(msgspec.Struct, frozen=True):
    """So many of so many."""

    count: int
    of: int

    def __str__(self) -> str:
        return f"{100 * self.count / self.of:.1f} % ({self.count} of {self.of})"


class Row(msgspec.Struct, frozen=True):
    """One case, and what was measured of it, each figure under its title."""

    name: str
    figures: dict[str, float | int | Part]


class Seen(msgspec.Struct, frozen=True):
    """Where cases are compared with each other: `why` says in a sentence, with figures, what confirms the claim or
    does not."""

    rows: list[Row]
    confirmed: bool
    why: str


class Finding(msgspec.Struct, frozen=True):
    """A study without expectations confirms nothing, and fails nothing."""

    study: str
    claim: str
    method: str
    figures: list[Figure]
    seen: Seen | None = None

    def verdict(self) -> str:
        if self.seen is not None:
            return "confirmed" if self.seen.confirmed else "not confirmed"
        if all(figure.expected is None for figure in self.figures):
            return "measured"
        return "confirmed" if all(figure.holds() for figure in self.figures) else "not confirmed"


class Study(NamedTuple):
    """`parameters` have their defaults; `options` are those of `--trials` and `--delays` that it takes."""

    name: str
    claim: str
    method: str
    perform: Callable[[Order], list[Figure] | Seen]
    parameters: Mapping[str, str] = _NOTHING
    options: tuple[str, ...] = ()
    source: str = ""  # of the claim
