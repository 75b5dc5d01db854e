"""Of flawed clocks, by which a coordinator dates what it writes."""

from collections.abc import Callable

from replicas.store.parts import Parts
from replicas.store.records import Version
from replicas.store.versions import LastWriterWins
from tests.replicas.store.decisions import Decision
from tests.replicas.store.rig import MS, WALL


def _clock(parts: Parts, name: str = "r1.1") -> LastWriterWins:
    return parts.versions(name, "incarnation", 0)


def whether_another_mints_above_a_busy_one(later_ns: int) -> Callable[[Parts], bool]:
    def above(parts: Parts) -> bool:
        busy, other = _clock(parts), _clock(parts, "r2.1")
        last = [busy.mint(WALL + number) for number in range(3)][-1]
        return other.mint(WALL + later_ns).time > last.time

    return above


def time_that_is_minted_first(parts: Parts) -> int:
    return _clock(parts).mint(WALL + 1_999).time


def whether_it_mints_above_when_set_back(parts: Parts) -> bool:
    clock = _clock(parts)
    return clock.mint(WALL).time < clock.mint(WALL - MS).time


def whether_it_mints_above_what_it_saw(parts: Parts) -> bool:
    clock, seen = _clock(parts), Version(WALL + MS, "r2.1")
    clock.observe(seen)
    return clock.mint(WALL).time > seen.time


DECISIONS: list[Decision] = [
    ("mints-coarsely", whether_another_mints_above_a_busy_one(MS), True, False),
    ("mints-coarsely", whether_it_mints_above_when_set_back, True, True),
    ("mints-in-microseconds", whether_another_mints_above_a_busy_one(MS), True, True),
    ("mints-in-microseconds", time_that_is_minted_first, WALL + 1_999, WALL + 1_000),
    ("mints-by-the-wall", whether_it_mints_above_when_set_back, True, False),
    ("mints-by-the-wall", whether_another_mints_above_a_busy_one(MS), True, True),
    ("mints-by-counting", time_that_is_minted_first, WALL + 1_999, 1),
    ("mints-by-counting", whether_it_mints_above_what_it_saw, True, True),
    ("learns-nothing", whether_it_mints_above_what_it_saw, True, False),
    ("learns-nothing", whether_it_mints_above_when_set_back, True, True),
]
