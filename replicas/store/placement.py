"""Where the copies of a key live: a ring of as many partitions as there are nodes."""

from xxhash import xxh3_64_intdigest

from .settings import Cluster, Node


class Placement:
    """A partition's copies go to the nodes that follow it on the ring, datacenter by datacenter in turn."""

    def __init__(self, cluster: Cluster) -> None:
        self.partitions = len(cluster.nodes)
        self.datacenter_of = {node.name: node.datacenter for node in cluster.nodes}
        self._replicas = [_walk(cluster.nodes, start, cluster.n) for start in range(self.partitions)]
        self._names = cluster.names()

    def partition_of(self, key: str) -> int:
        return xxh3_64_intdigest(key.encode()) % self.partitions

    def replicas_of(self, key: str) -> tuple[str, ...]:
        return self._replicas[xxh3_64_intdigest(key.encode()) % self.partitions]

    def substitutes_of(self, key: str, replica: str) -> list[str]:
        """Who may keep a copy in place of this replica: the nodes that hold none, as they follow on the ring, those of
        the replica's datacenter first."""
        start, replicas = self.partition_of(key), self.replicas_of(key)
        others = [node for node in self._names[start:] + self._names[:start] if node not in replicas]
        return sorted(others, key=lambda node: self.datacenter_of[node] != self.datacenter_of[replica])

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
