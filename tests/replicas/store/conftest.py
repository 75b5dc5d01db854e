"""Real nodes that never outlive their test."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec import structs

from replicas.store.policy import Policy
from tests.replicas.store.nodes import Nodes
from tests.replicas.store.rig import MS, cluster

StartNodes = Callable[[int], Nodes]


@pytest.fixture
def start_nodes(tmp_path: Path) -> Iterator[StartNodes]:
    """N = 3 where there are three, and quorums."""
    started: list[Nodes] = []

    def start(count: int) -> Nodes:
        shape = cluster(nodes=count, n=count, r=count // 2 + 1, w=count // 2 + 1)
        nodes = Nodes(structs.replace(shape, operation_timeout_ns=1_000 * MS), Policy(round_every_ns=50 * MS), tmp_path)
        started.append(nodes)
        nodes.start()
        return nodes

    yield start
    for nodes in started:
        nodes.kill()
