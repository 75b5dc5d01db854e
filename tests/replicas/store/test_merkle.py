"""Trees against brute force: two of them lead to exactly the leaves, and so to the keys, that differ."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from replicas.store.merkle import Tree, children, differing, keys_of, roots
from replicas.store.placement import Placement
from replicas.store.records import Record, Version, record
from tests.replicas.store.rig import cluster
from tests.replicas.store.strategies import VALUES, VERSIONS, records

PARTITIONS = [0, 3]
Held = dict[str, Record]
KEYS = st.integers(0, 400).map("k{}".format)  # enough for several keys in a leaf
HELD = st.dictionaries(KEYS, st.tuples(VERSIONS, VALUES), max_size=40).map(
    lambda drawn: {key: record(key, version, value) for key, (version, value) in drawn.items()}
)


def grown(held: Held, levels: int = 2) -> Tree:
    tree = Tree(levels)
    for key, copy in held.items():
        tree.replace(key, copy)
    return tree


def hashes(tree: Tree) -> list[dict[int, int]]:
    """Every node of the tree, level by level."""
    return [tree.hashes(level, list(range(16 ** (level - 1))) if level else []) for level in range(tree.levels + 1)]


def walk_down(mine: dict[int, Tree], theirs: dict[int, Tree], levels: int) -> dict[int, list[int]]:
    """As an exchange does: each side in turn says the children of the nodes that differed."""
    said, listener, speaker = roots(mine, PARTITIONS), theirs, mine
    for level in range(levels):
        unequal = differing(listener, level, said)
        said = children(listener, level + 1, unequal)
        listener, speaker = speaker, listener
    return differing(listener, levels, said)


@settings(max_examples=80)
@given(st.lists(HELD, min_size=2, max_size=2), st.lists(HELD, min_size=2, max_size=2), st.sampled_from([2, 2, 2, 4]))
def test_a_walk_finds_exactly_the_leaves_that_differ(mine: list[Held], common: list[Held], levels: int) -> None:
    """Two partitions; the second side differs from the first in about half of the keys."""
    theirs = [{**one, **other} for one, other in zip(mine, common, strict=True)]
    ours = dict(zip(PARTITIONS, (grown(held, levels) for held in mine), strict=True))
    others = dict(zip(PARTITIONS, (grown(held, levels) for held in theirs), strict=True))
    unequal = {
        partition: sorted({ours[partition].leaf_of(key) for key in one | other if one.get(key) != other.get(key)})
        for partition, one, other in zip(PARTITIONS, mine, theirs, strict=True)
    }
    expected = {partition: leaves for partition, leaves in unequal.items() if leaves}
    found = walk_down(ours, others, levels)
    assert {partition: sorted(leaves) for partition, leaves in found.items()} == expected
    held_by_partition = dict(zip(PARTITIONS, mine, strict=True))
    assert sorted(keys_of(ours, found)) == sorted(
        key
        for partition, leaves in found.items()
        for key in held_by_partition[partition]
        if ours[partition].leaf_of(key) in leaves
    )


@settings(max_examples=80)
@given(st.lists(records(KEYS) | KEYS, max_size=60), st.lists(st.integers(0, 60), max_size=3))
def test_a_tree_kept_up_equals_one_built_anew(changes: list[Record | str], looks: list[int]) -> None:
    """A key alone takes its copy out. Looking in between settles the inner nodes early."""
    tree, held = Tree(2), dict[str, Record]()
    for index, change in enumerate(changes):
        if index in looks:
            tree.hashes(0, [])
        if isinstance(change, Record):
            tree.replace(change.key, change)
            held[change.key] = change
        else:
            tree.replace(change, None)
            held.pop(change, None)
    assert hashes(tree) == hashes(grown(held))
    assert sorted(keys_of({0: tree}, {0: list(range(256))})) == sorted(held)
    for key in held:
        tree.replace(key, None)
    assert hashes(tree) == hashes(Tree(2))
    assert keys_of({0: tree}, {0: list(range(256))}) == []


@settings(max_examples=40)
@given(HELD, st.randoms())
def test_the_order_of_changes_leaves_no_trace(held: Held, random: Random) -> None:
    shuffled = list(held.items())
    random.shuffle(shuffled)
    assert hashes(grown(dict(shuffled))) == hashes(grown(held))


def test_two_equal_changes_in_a_leaf_do_not_cancel() -> None:
    """As they would under exclusive or."""
    tree = Tree(2)
    leaf = tree.leaf_of("k1")
    second = next(f"x{i}" for i in range(10_000) if tree.leaf_of(f"x{i}") == leaf)
    for key in ("k1", second):
        tree.replace(key, Record(key, Version(1, "r1.1"), dead=False, value="v", checksum=7))
    assert tree.hashes(2, [leaf >> 4])[leaf] == 14


def test_keys_spread_over_the_leaves_of_their_partition() -> None:
    """The leaf comes from other bits than the partition: else a partition would use few of its leaves."""
    tree, placement = Tree(2), Placement(cluster(nodes=4))
    leaves = {tree.leaf_of(f"k{i}") for i in range(8_000) if placement.partition_of(f"k{i}") == 0}
    assert len(leaves) == 256
