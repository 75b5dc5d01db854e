"""All kinds of faults by name."""

from harness.faults import clients, partitions, process, transport
from harness.faults.kinds import Kind

KINDS: dict[str, Kind] = {
    kind.name: kind for kind in [*process.KINDS, *partitions.KINDS, *clients.KINDS, *transport.KINDS]
}
