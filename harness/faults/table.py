"""All kinds of faults by name."""

from harness.faults import clients, clocks, disk, partitions, process, transport
from harness.faults.kinds import Kind

KINDS: dict[str, Kind] = {
    kind.name: kind for family in (process, partitions, clients, transport, clocks, disk) for kind in family.KINDS
}
