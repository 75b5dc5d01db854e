"""Bursts hold all operations, evenly, and lie anywhere in the length."""

from collections import Counter
from random import Random

from hypothesis import assume, given
from hypothesis import strategies as st

from workloads.times import in_bursts, spread

SECOND = 1_000_000_000


def planned(operations: int, length_ns: int, bursts: int, burst_ns: int, seed: int) -> list[int]:
    return in_bursts(operations, length_ns, bursts, burst_ns, Random(f"{seed}/times"), Random(f"{seed}/bursts"))


def cover(times: list[int], window_ns: int) -> list[list[int]]:
    """The fewest windows of that length that hold all times: each begins at the first time not yet held."""
    windows: list[list[int]] = []
    for at_ns in times:
        if not windows or at_ns >= windows[-1][0] + window_ns:
            windows.append([])
        windows[-1].append(at_ns)
    return windows


@given(st.integers(0, 80), st.integers(1, 2**40), st.integers(0, 9), st.integers(0, 2**38), st.integers(0, 2**63))
def test_bursts_concentrate(operations: int, length_ns: int, bursts: int, burst_ns: int, seed: int) -> None:
    times = planned(operations, length_ns, bursts, burst_ns, seed)
    assert len(times) == operations
    assert times == sorted(times)
    assert all(0 <= at_ns < length_ns for at_ns in times)
    if 0 < bursts * burst_ns < length_ns:
        assert len(cover(times, burst_ns)) <= bursts


@given(st.integers(1, 10**6), st.integers(0, 9), st.integers(0, 10**6), st.integers(0, 2**63))
def test_bursts_that_leave_no_pause_are_none(length_ns: int, bursts: int, burst_ns: int, seed: int) -> None:
    assume(not 0 < bursts * burst_ns < length_ns)
    assert planned(20, length_ns, bursts, burst_ns, seed) == spread(20, length_ns, Random(f"{seed}/times"))


def test_without_bursts_no_few_windows_hold_the_operations() -> None:
    assert len(cover(planned(1_000, SECOND, 0, 0, seed=1), SECOND // 100)) > 80


def test_each_burst_gets_its_share() -> None:
    """With short bursts the fewest windows are the bursts themselves."""
    for seed in range(10):
        counts = [len(window) for window in cover(planned(6_000, SECOND, 3, SECOND // 100, seed), SECOND // 100)]
        assert len(counts) == 3
        assert all(abs(count - 2_000) < 200 for count in counts)


def test_bursts_lie_anywhere() -> None:
    """A single burst of a tenth of the length begins in each ninth of what is left about equally often."""
    starts = Counter(planned(50, 1_000, 1, 100, seed)[0] // 100 for seed in range(900))
    assert set(starts) <= set(range(10))
    assert all(abs(starts[ninth] - 100) < 45 for ninth in range(9))


def test_bursts_do_not_overlap() -> None:
    """In a length that they almost fill, as many moments are used as the bursts are long together."""
    for seed in range(20):
        assert len(set(planned(2_000, 32, 3, 10, seed))) == 30


def test_the_times_are_the_same_on_every_python() -> None:
    assert planned(6, 1_000, 2, 50, seed=7) == [379, 398, 401, 407, 420, 750]
