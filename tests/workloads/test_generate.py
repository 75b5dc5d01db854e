"""The operations of a workload: reproducible, in order, with values of their own and about the shares asked for."""

from collections import Counter

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from workloads.generate import MILLION, Workload, generate
from workloads.operations import Level, Operation

MIXED = Workload(
    operations=400,
    clients=5,
    keys=16,
    distribution="zipf",
    reads_ppm=500_000,
    deletes_ppm=150_000,
    read_levels=("ONE", "ALL"),
    write_levels=("QUORUM", None),
)
NODES = ["r1", "r2", "r3"]
SECOND = 1_000_000_000
LEVELS: tuple[Level | None, ...] = ("ONE", "QUORUM", "ALL", None)


@st.composite
def workloads(draw: st.DrawFn) -> Workload:
    reads = draw(st.integers(0, MILLION))
    levels = st.lists(st.sampled_from(LEVELS), min_size=1, max_size=3).map(tuple)
    return Workload(
        operations=draw(st.integers(0, 60)),
        clients=draw(st.integers(1, 9)),
        keys=draw(st.integers(1, 30)),
        distribution=draw(st.sampled_from(["uniform", "zipf"])),
        reads_ppm=reads,
        deletes_ppm=draw(st.integers(0, MILLION - reads)),
        read_levels=draw(levels),
        write_levels=draw(levels),
    )


@given(workloads(), st.integers(1, 5), st.integers(1, 2**40), st.integers(0, 2**63))
def test_what_every_workload_keeps(workload: Workload, nodes: int, length_ns: int, seed: int) -> None:
    names = NODES[:1] + [f"n{number}" for number in range(1, nodes)]
    operations = generate(workload, names, length_ns, seed)
    assert operations == generate(workload, names, length_ns, seed)
    assert [operation.id for operation in operations] == list(range(1, workload.operations + 1))
    times = [operation.at_ns for operation in operations]
    assert times == sorted(times)
    assert all(0 <= at_ns < length_ns for at_ns in times)
    values = [operation.value for operation in operations if operation.kind == "put"]
    assert None not in values
    assert len(set(values)) == len(values)
    for operation in operations:
        assert operation.kind == "put" or operation.value is None
        assert operation.node in names
        assert operation.client in {f"c{number}" for number in range(1, workload.clients + 1)}
        assert operation.key in {f"k{number}" for number in range(workload.keys)}
        assert operation.level in (workload.read_levels if operation.kind == "get" else workload.write_levels)


def test_another_seed_is_another_workload() -> None:
    drawn = [generate(MIXED, NODES, SECOND, seed) for seed in range(5)]
    assert all(one != other for index, one in enumerate(drawn) for other in drawn[:index])


def test_shares_are_about_what_was_asked() -> None:
    many = msgspec.structs.replace(MIXED, operations=20_000)
    operations = generate(many, NODES, SECOND, seed=1)
    kinds = Counter(operation.kind for operation in operations)
    assert abs(kinds["get"] - 10_000) < 400
    assert abs(kinds["delete"] - 3_000) < 300
    for share, of in ((Counter(op.node for op in operations), 3), (Counter(op.client for op in operations), 5)):
        assert len(share) == of
        assert all(abs(count - 20_000 / of) < 600 for count in share.values())
    levels = Counter(op.level for op in operations if op.kind != "get")
    assert abs(levels["QUORUM"] - levels[None]) < 500


def test_all_or_nothing_is_exact() -> None:
    reads = generate(msgspec.structs.replace(MIXED, reads_ppm=MILLION, deletes_ppm=0), NODES, SECOND, 1)
    puts = generate(msgspec.structs.replace(MIXED, reads_ppm=0, deletes_ppm=0), NODES, SECOND, 1)
    deletes = generate(msgspec.structs.replace(MIXED, reads_ppm=0, deletes_ppm=MILLION), NODES, SECOND, 1)
    assert [{op.kind for op in each} for each in (reads, puts, deletes)] == [{"get"}, {"put"}, {"delete"}]


def column(operations: list[Operation], *fields: str) -> list[tuple[object, ...]]:
    return [tuple(getattr(operation, field) for field in fields) for operation in operations]


def test_to_change_the_keys_leaves_the_rest_as_it_was() -> None:
    before = generate(MIXED, NODES, SECOND, seed=3)
    after = generate(msgspec.structs.replace(MIXED, keys=3, distribution="uniform"), NODES, SECOND, seed=3)
    rest = ("at_ns", "client", "node", "kind", "value", "level")
    assert column(before, *rest) == column(after, *rest)
    assert column(before, "key") != column(after, "key")


def test_to_change_the_mix_leaves_times_places_and_keys_as_they_were() -> None:
    before = generate(MIXED, NODES, SECOND, seed=3)
    after = generate(msgspec.structs.replace(MIXED, reads_ppm=100_000), NODES, SECOND, seed=3)
    rest = ("at_ns", "client", "node", "key")
    assert column(before, *rest) == column(after, *rest)
    assert column(before, "kind") != column(after, "kind")


def test_to_change_the_length_leaves_all_but_the_times_as_it_was() -> None:
    before, after = generate(MIXED, NODES, SECOND, seed=3), generate(MIXED, NODES, 3 * SECOND, seed=3)
    rest = ("id", "client", "node", "kind", "key", "value", "level")
    assert column(before, *rest) == column(after, *rest)


def test_more_operations_begin_with_the_same_ones() -> None:
    """All but their times, which are sorted."""
    few, many = (generate(msgspec.structs.replace(MIXED, operations=n), NODES, SECOND, seed=3) for n in (100, 300))
    rest = ("id", "client", "node", "kind", "key", "value", "level")
    assert column(few, *rest) == column(many[:100], *rest)


def test_reads_do_not_depend_on_the_levels_of_writes() -> None:
    before = generate(MIXED, NODES, SECOND, seed=3)
    after = generate(msgspec.structs.replace(MIXED, write_levels=(None,)), NODES, SECOND, seed=3)
    rest = ("at_ns", "client", "node", "kind", "key", "value")
    assert column(before, *rest) == column(after, *rest)
