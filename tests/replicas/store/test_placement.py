"""Where copies live, against the sentence that promises it."""

from hypothesis import given, settings
from hypothesis import strategies as st

from replicas.store.placement import Placement
from replicas.store.settings import Cluster, Node

CLUSTERS = st.lists(st.sampled_from(["dc1", "dc2", "dc3"]), min_size=1, max_size=9).flatmap(
    lambda datacenters: st.builds(
        Cluster,
        nodes=st.just([Node(f"r{i}", datacenter) for i, datacenter in enumerate(datacenters, 1)]),
        n=st.integers(1, len(datacenters)),
        r=st.just(1),
        w=st.just(1),
    )
)
QUICK = settings(deadline=None, max_examples=150)


@QUICK
@given(CLUSTERS)
def test_each_partition_has_n_distinct_nodes_and_each_node_a_partition(cluster: Cluster) -> None:
    placement = Placement(cluster)
    chosen = [placement.replicas_of_partition(partition) for partition in range(placement.partitions)]
    for replicas in chosen:
        assert len(replicas) == len(set(replicas)) == cluster.n
        assert set(replicas) <= set(cluster.names())
    assert {node for replicas in chosen for node in replicas} == set(cluster.names())


@QUICK
@given(CLUSTERS)
def test_copies_are_spread_over_datacenters(cluster: Cluster) -> None:
    """No datacenter has two copies more than another, unless the other has no node left."""
    placement = Placement(cluster)
    datacenter = {node.name: node.datacenter for node in cluster.nodes}
    size = {name: sum(node.datacenter == name for node in cluster.nodes) for name in datacenter.values()}
    for partition in range(placement.partitions):
        replicas = placement.replicas_of_partition(partition)
        count = {name: sum(datacenter[node] == name for node in replicas) for name in size}
        for some, other in ((a, b) for a in count for b in count):
            assert count[some] <= count[other] + 1 or count[other] == size[other]


@QUICK
@given(CLUSTERS, st.text(max_size=20))
def test_a_key_lives_where_its_partition_does(cluster: Cluster, key: str) -> None:
    placement = Placement(cluster)
    assert 0 <= placement.partition_of(key) < placement.partitions
    assert placement.replicas_of(key) == placement.replicas_of_partition(placement.partition_of(key))
    assert Placement(cluster).replicas_of(key) == placement.replicas_of(key)


def test_keys_use_all_partitions_about_equally() -> None:
    placement = Placement(Cluster([Node(f"r{i}") for i in range(5)], 3, 2, 2))
    counts = [0] * 5
    for i in range(5_000):
        counts[placement.partition_of(f"k{i}")] += 1
    assert min(counts) > 800
    assert max(counts) < 1_200
