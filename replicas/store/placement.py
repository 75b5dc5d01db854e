"""Where the copies of a key live: a ring of as many partitions as there are nodes."""

from xxhash import xxh3_64_intdigest

from .settings import Cluster, Node


class Placement:
    """A partition's copies go to the nodes that follow it on the ring, datacenter by datacenter in turn."""

    def __init__(self, cluster: Cluster) -> None:
        self.partitions = len(cluster.nodes)
        self._replicas = [_walk(cluster.nodes, start, cluster.n) for start in range(self.partitions)]

    def partition_of(self, key: str) -> int:
        return xxh3_64_intdigest(key.encode()) % self.partitions

    def replicas_of(self, key: str) -> tuple[str, ...]:
        return self._replicas[xxh3_64_intdigest(key.encode()) % self.partitions]

    def replicas_of_partition(self, partition: int) -> tuple[str, ...]:
        return self._replicas[partition]


def _walk(nodes: list[Node], start: int, n: int) -> tuple[str, ...]:
    """From `start` round the ring, no datacenter is taken from twice before each of the others was taken from once."""
    ring = nodes[start:] + nodes[:start]
    queues: dict[str, list[str]] = {}
    for node in ring:
        queues.setdefault(node.datacenter, []).append(node.name)
    chosen: list[str] = []
    while len(chosen) < min(n, len(nodes)):
        for queue in queues.values():
            if queue and len(chosen) < n:
                chosen.append(queue.pop(0))
    return tuple(chosen)
