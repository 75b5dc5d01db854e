"""The limit of bytes against a bucket kept in fractions, and against what a limit means."""

from fractions import Fraction

from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import structs

from replicas.store.budget import Budget
from replicas.store.messages import Store
from replicas.store.records import Record, Version, record
from replicas.store.visits import Put
from tests.replicas.store.rig import MS, QUICK_POLICY, Rig, cluster

S = 1_000 * MS
STEPS = st.lists(
    st.tuples(st.sampled_from([0, 1, MS, 333 * MS, S, 10 * S]) | st.integers(0, 3 * S), st.integers(0, 300)),
    max_size=40,
)


@given(st.integers(1, 200), STEPS)
@example(100, [(0, 100), (S - 1, 100), (1, 100)])
@example(100, [(0, 250), (S, 1), (S, 1), (S, 1)])
def test_a_bucket_of_a_second(per_s: int, steps: list[tuple[int, int]]) -> None:
    """What is larger than the bucket waits until it is full, and leaves a debt."""
    budget, left = Budget(per_s), Fraction(per_s)
    now = 5 * S
    for after, size in steps:
        now += after
        left = min(Fraction(per_s), left + Fraction(after * per_s, S))
        taken = left >= min(size, per_s)
        assert budget.take(now, size) == taken
        left -= size if taken else 0


@given(st.integers(1, 200), STEPS)
def test_no_stretch_of_time_takes_more_than_its_share(per_s: int, steps: list[tuple[int, int]]) -> None:
    """And the second that was saved, and the one that was let through though it was too large."""
    budget, now = Budget(per_s), 0
    taken: list[tuple[int, int]] = []
    for after, size in steps:
        now += after
        if budget.take(now, size):
            taken.append((now, size))
    for first in range(len(taken)):
        for last in range(first, len(taken)):
            stretch = taken[first : last + 1]
            share = Fraction((stretch[-1][0] - stretch[0][0]) * per_s, S) + per_s
            assert sum(size for _, size in stretch) <= share + max(0, max(size for _, size in stretch) - per_s)


@given(STEPS)
def test_zero_is_no_limit(steps: list[tuple[int, int]]) -> None:
    budget = Budget(0)
    assert all(budget.take(after, size) for after, size in steps)


def sent_in_bytes(rig: Rig) -> int:
    """Key, value and 64 bytes for the rest."""
    messages = [flight.message for flight in rig.flights(Store)]
    copies = [message.record for message in messages if isinstance(message, Store)]
    return sum(len(copy.key.encode()) + len((copy.value or "").encode()) + 64 for copy in copies)


def pair(one: list[Record], other: list[Record], per_s: int) -> Rig:
    policy = structs.replace(QUICK_POLICY, purge="never", repair_bytes_per_s_max=per_s)
    rig = Rig(cluster(nodes=2, n=2), policy)
    rig.place("r1", *one)
    rig.place("r2", *other)
    return rig


def test_anti_entropy_sends_no_more_than_its_limit_and_says_what_it_held_back() -> None:
    """In bytes, not letters; both sides have a limit of their own; in the end all is there."""
    one = [record(f"a{i}", Version(1, "r1.1"), "é" * 50) for i in range(10)]
    other = [record(f"b{i}", Version(1, "r2.1"), None) for i in range(10)]
    rig = pair(one, other, per_s=500)
    rounds = 0
    while len(rig.disks["r1"].copies) + len(rig.disks["r2"].copies) < 40:
        rig.pass_time(10)
        rounds += 1
        while rig.flying:
            rig.deliver(rig.flying[0])
        sent = {name: rig.metrics(name)["repair_bytes_sent"] for name in ("r1", "r2")}
        assert max(sent.values()) <= 500 * (1 + rig.now / S)
        for name, size in (("r1", 166), ("r2", 66)):
            left = rig.metrics(name)["repair_bytes_held_back"]
            assert left == 10 * size - sent[name]
        if rounds == 1:
            assert sent == {"r1": 3 * 166, "r2": 7 * 66}
            assert rig.status("r1").pending == "r1 and r2 differed in the last round of anti-entropy"
    assert sent == {"r1": 1660, "r2": 660}
    rig.rounds(2)
    assert rig.metrics("r1")["repair_bytes_held_back"] == 0
    assert rig.status("r1").pending is None


def test_a_copy_larger_than_the_limit_is_sent_and_paid_for_afterwards() -> None:
    rig = pair([record("a", Version(1, "r1.1"), "v" * 5_000)], [], per_s=1_000)
    rig.pass_time(10)
    rig.deliver_until(lambda: rig.flights(Store))
    assert sent_in_bytes(rig) == 5_065
    rig.settle()
    rig.ask("r1", Put(1, "b", "v", "ONE"))
    rig.drop(*rig.flying)
    rig.rounds(400)
    assert set(rig.disks["r2"].copies) == {"a"}, "the debt is not paid yet"
    rig.rounds(20)
    assert set(rig.disks["r2"].copies) == {"a", "b"}
