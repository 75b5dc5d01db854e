"""From a description of a workload and a seed to the operations themselves."""

from random import Random

import msgspec

from .keys import Distribution, Keys, below
from .operations import Kind, Level, Operation

MILLION = 1_000_000


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


def generate(workload: Workload, nodes: list[str], length_ns: int, seed: int) -> list[Operation]:
    """One stream a purpose: to change how keys are drawn leaves times, kinds and nodes as they were."""
    times, kinds, keys, places, levels = (
        Random(f"{seed}/workload/{purpose}") for purpose in ("times", "kinds", "keys", "places", "levels")
    )
    names = Keys(workload.keys, workload.distribution)
    operations: list[Operation] = []
    for number, at_ns in enumerate(sorted(below(times, length_ns) for _ in range(workload.operations)), 1):
        kind = _kind(workload, below(kinds, MILLION))
        choices = workload.read_levels if kind == "get" else workload.write_levels
        operations.append(
            Operation(
                id=number,
                at_ns=at_ns,
                client=f"c{1 + below(places, workload.clients)}",
                node=nodes[below(places, len(nodes))],
                kind=kind,
                key=names.draw(keys),
                value=f"w{number}" if kind == "put" else None,
                level=choices[below(levels, len(choices))],
            )
        )
    return operations


def _kind(workload: Workload, point: int) -> Kind:
    if point < workload.reads_ppm:
        return "get"
    return "delete" if point < workload.reads_ppm + workload.deletes_ppm else "put"
