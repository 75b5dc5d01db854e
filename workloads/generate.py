"""From a description of a workload and a seed to the operations themselves."""

from collections.abc import Iterator
from random import Random

import msgspec

from .keys import Distribution, below, draw_keys
from .operations import Kind, Level, Operation
from .times import in_bursts
from .values import value_of

MILLION = 1_000_000

MIXES = {  # reads_ppm, deletes_ppm; the rest are puts
    "mixed": (500_000, 150_000),
    "read-mostly": (900_000, 50_000),
    "write-mostly": (100_000, 100_000),
    "churn": (300_000, 350_000),
}

MIX_LEGENDS = {
    "mixed": "half reads, three deletes in twenty",
    "read-mostly": "nine reads in ten: most of what differs is found by a read",
    "write-mostly": "eight puts in ten: reads find and repair little",
    "churn": "as many deletes as puts: keys die and come back all the time",
}


class Workload(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Shares are in parts per million. `levels` are drawn from with equal chance; None is the cluster's own R or W."""

    operations: int
    clients: int
    keys: int
    distribution: Distribution
    reads_ppm: int
    deletes_ppm: int  # the rest are puts
    read_levels: tuple[Level | None, ...] = (None,)
    write_levels: tuple[Level | None, ...] = (None,)
    value_bytes_min: int = 0  # a value is never shorter than its write's name
    value_bytes_max: int = 0
    roaming_ppm: int = MILLION  # operations through a random node; the rest go through the client's home node
    bursts: int = 0  # none: operations are spread over the whole length
    burst_ns: int = 0


def generate(workload: Workload, nodes: list[str], length_ns: int, seed: int) -> list[Operation]:
    """One stream a purpose: to change how keys are drawn leaves times, kinds, values and nodes as they were."""
    times, bursts, kinds, keys, read_levels, write_levels, sizes = (
        _stream(seed, purpose)
        for purpose in ("times", "bursts", "kinds", "keys", "read-levels", "write-levels", "sizes")
    )
    due = in_bursts(workload.operations, length_ns, workload.bursts, workload.burst_ns, times, bursts)
    names = draw_keys(workload.distribution, workload.keys, keys)
    places = _places(workload, nodes, seed)
    operations: list[Operation] = []
    for number, at_ns in enumerate(due, 1):
        kind = _kind(workload, below(kinds, MILLION))
        read_level = workload.read_levels[below(read_levels, len(workload.read_levels))]
        write_level = workload.write_levels[below(write_levels, len(workload.write_levels))]
        size_bytes = workload.value_bytes_min + below(sizes, workload.value_bytes_max - workload.value_bytes_min + 1)
        client, node = next(places)
        operations.append(
            Operation(
                id=number,
                at_ns=at_ns,
                client=client,
                node=node,
                kind=kind,
                key=next(names),
                value=value_of(f"w{number}", size_bytes, f"{seed}/workload/values") if kind == "put" else None,
                level=read_level if kind == "get" else write_level,
            )
        )
    return operations


def _stream(seed: int, purpose: str) -> Random:
    return Random(f"{seed}/workload/{purpose}")


def _kind(workload: Workload, point: int) -> Kind:
    if point < workload.reads_ppm:
        return "get"
    return "delete" if point < workload.reads_ppm + workload.deletes_ppm else "put"


def _places(workload: Workload, nodes: list[str], seed: int) -> Iterator[tuple[str, str]]:
    """Client and node of each operation, without end.

    Homes are dealt in turn, beginning at a node that the seed draws: so every node is some client's home in some
    runs, even where clients are fewer. All is drawn for each operation, used or not: one that roams goes to the same
    node at any share that lets it roam.
    """
    clients, homes, roaming, anywhere = (_stream(seed, purpose) for purpose in ("clients", "homes", "roaming", "nodes"))
    first = below(homes, len(nodes))
    while True:
        client = below(clients, workload.clients)
        home, elsewhere = (first + client) % len(nodes), below(anywhere, len(nodes))
        roams = below(roaming, MILLION) < workload.roaming_ppm
        yield f"c{1 + client}", nodes[elsewhere if roams else home]
