"""All kinds of faults by name."""

from harness.faults import network, process
from harness.faults.kinds import Kind

KINDS: dict[str, Kind] = {kind.name: kind for kind in [*process.KINDS, *network.KINDS]}
