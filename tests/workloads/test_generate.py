"""The operations of a workload: reproducible, in order, with values of their own and about the shares asked for."""

from collections import Counter
from hashlib import sha256
from random import Random
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workloads.generate import MILLION, MIX_LEGENDS, MIXES, Workload, generate
from workloads.keys import Distribution
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
    smallest = draw(st.integers(0, 300))
    return Workload(
        operations=draw(st.integers(0, 60)),
        clients=draw(st.integers(1, 9)),
        keys=draw(st.integers(1, 30)),
        distribution=draw(st.sampled_from(get_args(Distribution))),
        reads_ppm=reads,
        deletes_ppm=draw(st.integers(0, MILLION - reads)),
        read_levels=draw(levels),
        write_levels=draw(levels),
        value_bytes_min=smallest,
        value_bytes_max=draw(st.integers(smallest, 400)),
        roaming_ppm=draw(st.integers(0, MILLION)),
        bursts=draw(st.integers(0, 5)),
        burst_ns=draw(st.integers(0, 2**39)),
    )


def check_value(workload: Workload, operation: Operation) -> None:
    """The write's name, and a size in bytes between the bounds unless that is too short for the name."""
    if operation.value is not None:
        name = f"w{operation.id}"
        assert operation.value.partition(".")[0] == name
        least, most = (max(len(name), size) for size in (workload.value_bytes_min, workload.value_bytes_max))
        assert least <= len(operation.value.encode()) <= most


@given(workloads(), st.integers(1, 5), st.integers(1, 2**40), st.integers(0, 2**63))
def test_what_every_workload_keeps(workload: Workload, nodes: int, length_ns: int, seed: int) -> None:
    names = NODES[:1] + [f"n{number}" for number in range(1, nodes)]
    operations = generate(workload, names, length_ns, seed)
    assert operations == generate(workload, names, length_ns, seed)
    assert [operation.id for operation in operations] == list(range(1, workload.operations + 1))
    times = [operation.at_ns for operation in operations]
    assert times == sorted(times)
    assert all(0 <= at_ns < length_ns for at_ns in times)
    values = [operation.value for operation in operations if operation.value is not None]
    assert len(set(values)) == len(values)
    for operation in operations:
        assert (operation.kind == "put") == (operation.value is not None)
        check_value(workload, operation)
        assert operation.node in names
        assert operation.client in {f"c{number}" for number in range(1, workload.clients + 1)}
        assert operation.key in {f"k{number}" for number in range(workload.keys)}
        assert operation.level in (workload.read_levels if operation.kind == "get" else workload.write_levels)


def test_another_seed_is_another_workload() -> None:
    drawn = [generate(MIXED, NODES, SECOND, seed) for seed in range(5)]
    assert all(one != other for index, one in enumerate(drawn) for other in drawn[:index])


def test_another_seed_writes_other_letters() -> None:
    sized = msgspec.structs.replace(MIXED, reads_ppm=0, deletes_ppm=0, value_bytes_min=30, value_bytes_max=30)
    one, other = (generate(sized, NODES, SECOND, seed) for seed in (3, 4))
    assert all(a.value != b.value for a, b in zip(one, other, strict=True))


def test_no_two_purposes_share_a_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def note(seed: str) -> Random:
        opened.append(seed)
        return Random(seed)

    monkeypatch.setattr("workloads.generate.Random", note)
    generate(MIXED, NODES, SECOND, seed=3)
    assert len(set(opened)) == len(opened) > 5
    assert all(name.startswith("3/workload/") for name in opened)


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


@pytest.mark.parametrize(
    ("change", "moved"),
    [
        ({"keys": 3}, {"key"}),
        ({"distribution": "sequential"}, {"key"}),
        ({"reads_ppm": 100_000}, {"kind", "value", "level"}),
        ({"deletes_ppm": 400_000}, {"kind", "value"}),
        ({"read_levels": ("ONE", "TWO", None)}, {"level"}),
        ({"write_levels": (None,)}, {"level"}),
        ({"value_bytes_min": 50, "value_bytes_max": 5_000}, {"value"}),
        ({"roaming_ppm": 0}, {"node"}),
        ({"clients": 3}, {"client"}),
        ({"bursts": 3, "burst_ns": SECOND // 20}, {"at_ns"}),
    ],
    ids=lambda part: " ".join(sorted(part)),
)
def test_to_change_one_parameter_leaves_the_rest_as_it_was(change: dict[str, Any], moved: set[str]) -> None:
    before = generate(MIXED, NODES, SECOND, seed=3)
    after = generate(msgspec.structs.replace(MIXED, **change), NODES, SECOND, seed=3)
    fields = Operation.__struct_fields__
    assert {field for field in fields if column(before, field) != column(after, field)} == moved


def test_to_change_the_mix_leaves_values_and_levels_of_what_stays_as_they_were() -> None:
    sized = msgspec.structs.replace(MIXED, value_bytes_max=200)
    before = generate(sized, NODES, SECOND, seed=3)
    after = generate(msgspec.structs.replace(sized, reads_ppm=450_000), NODES, SECOND, seed=3)
    same = [(one, other) for one, other in zip(before, after, strict=True) if one.kind == other.kind]
    assert {one.kind for one, _ in same} == {"get", "put", "delete"}
    assert all(one == other for one, other in same)


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
    after = generate(msgspec.structs.replace(MIXED, write_levels=("ONE", "TWO", None)), NODES, SECOND, seed=3)
    reads, again = ([op for op in operations if op.kind == "get"] for operations in (before, after))
    assert reads == again


def test_sequential_keys_are_in_the_order_of_operations() -> None:
    operations = generate(msgspec.structs.replace(MIXED, distribution="sequential"), NODES, SECOND, seed=3)
    assert [op.key for op in operations] == [f"k{(op.id - 1) % 16}" for op in operations]


def test_a_fixed_size_is_exact() -> None:
    fixed = msgspec.structs.replace(MIXED, value_bytes_min=65_536, value_bytes_max=65_536)
    values = [op.value for op in generate(fixed, NODES, SECOND, seed=3) if op.value is not None]
    assert {len(value.encode()) for value in values} == {65_536}


def test_every_size_between_the_bounds_is_drawn_equally_often() -> None:
    puts = msgspec.structs.replace(
        MIXED, operations=8_000, reads_ppm=0, deletes_ppm=0, value_bytes_min=20, value_bytes_max=27
    )
    sizes = Counter(len(op.value or "") for op in generate(puts, NODES, SECOND, seed=3))
    assert set(sizes) == set(range(20, 28))
    assert all(abs(count - 1_000) < 150 for count in sizes.values())


def homes(workload: Workload, seed: int) -> dict[str, set[str]]:
    nodes: dict[str, set[str]] = {}
    for operation in generate(workload, NODES, SECOND, seed):
        nodes.setdefault(operation.client, set()).add(operation.node)
    return nodes


@pytest.mark.parametrize("clients", [1, 2, 5, 6])
def test_sticky_clients_use_one_node_and_share_the_nodes_evenly(clients: int) -> None:
    sticky = msgspec.structs.replace(MIXED, clients=clients, roaming_ppm=0)
    homes_of_c1: set[str] = set()
    for seed in range(20):
        found = homes(sticky, seed)
        assert len(found) == clients
        assert all(len(nodes) == 1 for nodes in found.values())
        guests = Counter(node for nodes in found.values() for node in nodes)
        assert {guests[node] for node in NODES} <= {clients // 3, -(-clients // 3)}
        homes_of_c1 |= found["c1"]
    assert homes_of_c1 == set(NODES)


def test_roaming_clients_use_every_node() -> None:
    assert homes(MIXED, seed=3) == {f"c{number}": set(NODES) for number in range(1, 6)}


def test_as_many_roam_as_asked_and_more_roaming_takes_nobody_elsewhere() -> None:
    many = msgspec.structs.replace(MIXED, operations=20_000)
    sticky, some, more = (
        column(generate(msgspec.structs.replace(many, roaming_ppm=share), NODES, SECOND, seed=3), "node")
        for share in (0, 300_000, 600_000)
    )
    away, further = ({i for i, node in enumerate(nodes) if node != sticky[i]} for nodes in (some, more))
    assert abs(len(away) - 20_000 * 0.3 * 2 / 3) < 200  # one in three roams home
    assert abs(len(further) - 20_000 * 0.6 * 2 / 3) < 250
    assert away < further
    assert all(some[i] == more[i] for i in away)


def test_bursts_are_of_the_length_asked_for() -> None:
    bursts = msgspec.structs.replace(MIXED, bursts=2, burst_ns=SECOND // 100)
    times = [op.at_ns for op in generate(bursts, NODES, SECOND, seed=3)]
    last = max(range(1, 400), key=lambda i: times[i] - times[i - 1])  # the second begins after the longest pause
    lengths = [times[last - 1] - times[0], times[-1] - times[last]]
    assert all(SECOND // 200 < length_ns < SECOND // 100 for length_ns in lengths)


def reborn(mix: str) -> int:
    """Operations in 20,000 that write a key whose last write was a delete."""
    reads_ppm, deletes_ppm = MIXES[mix]
    asked = msgspec.structs.replace(MIXED, operations=20_000, reads_ppm=reads_ppm, deletes_ppm=deletes_ppm)
    last: dict[str, str] = {}
    found = 0
    for operation in generate(asked, NODES, SECOND, seed=3):
        if operation.kind != "get":
            found += last.get(operation.key) == "delete" and operation.kind == "put"
            last[operation.key] = operation.kind
    return found


def test_churn_rewrites_what_it_deleted_more_than_any_other_mix() -> None:
    """A write in four: half of them are puts, half of those come after a delete."""
    assert abs(reborn("churn") - 20_000 * 0.7 / 4) < 200
    assert all(reborn("churn") > 1.5 * reborn(mix) for mix in MIXES if mix != "churn")


def test_mixes_are_possible_and_have_their_legends() -> None:
    assert set(MIXES) == set(MIX_LEGENDS) == {"mixed", "read-mostly", "write-mostly", "churn"}
    assert all(reads_ppm + deletes_ppm <= MILLION for reads_ppm, deletes_ppm in MIXES.values())
    assert max(MIXES, key=lambda mix: MIXES[mix][0]) == "read-mostly"
    assert min(MIXES, key=lambda mix: MIXES[mix][0]) == "write-mostly"


def test_the_operations_are_the_same_on_every_python() -> None:
    """Pinned: a stored seed must draw the same plan on a later version."""
    every = msgspec.structs.replace(
        MIXED, distribution="hot-cold", value_bytes_max=40, roaming_ppm=250_000, bursts=3, burst_ns=SECOND // 50
    )
    operations = [generate(each, NODES, SECOND, seed=7) for each in (MIXED, every)]
    assert (
        sha256(msgspec.json.encode(operations)).hexdigest()
        == "8aa51afe54a7c479049c68eaf095953a5803335c19929d29b36e6575ff04e587"
    )
