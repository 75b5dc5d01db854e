"""What a node counts since its start. Names say what, and the unit last where there is one."""

import msgspec

from .records import Record
from .versions import Versions


class Metrics(msgspec.Struct, gc=False):
    """Differences are those that reads saw, by how bad they are: nothing held, an older copy, a value that was
    deleted elsewhere, one version with two contents."""

    reads: int = 0
    writes: int = 0
    repairs_started: int = 0
    repairs_done: int = 0
    repairs_failed: int = 0
    differences_missing: int = 0
    differences_older: int = 0
    differences_undeleted: int = 0
    differences_content: int = 0
    digests_differed: int = 0
    hints_queued: int = 0
    hints_replayed: int = 0
    hints_dropped: int = 0
    hints_expired: int = 0
    repair_bytes_sent: int = 0
    copies_bootstrapped: int = 0
    tombstones_purged: int = 0
    digests_received: int = 0
    digests_resolved: int = 0
    repairs_dropped: int = 0
    repairs_not_awaited: int = 0
    repairs_retried: int = 0
    reads_speculated: int = 0
    reads_widened: int = 0
    habits_forgotten: int = 0

    def counted(self) -> dict[str, int]:
        """What only some policies do is told once it was done."""
        counts = msgspec.structs.asdict(self)
        return {name: count for name, count in counts.items() if count or name not in _OF_SOME_POLICIES}

    def count_difference(self, versions: Versions, held: Record | None, best: Record) -> None:
        """How one replica's answer stands to the best of all."""
        if held is None:
            self.differences_missing += 1
        elif held.version == best.version:
            self.differences_content += held.checksum != best.checksum
        elif versions.dominates(held, best):
            return
        elif best.dead and not held.dead:
            self.differences_undeleted += 1
        else:
            self.differences_older += 1


_OF_SOME_POLICIES = frozenset(
    {
        "digests_received",
        "digests_resolved",
        "repairs_dropped",
        "repairs_not_awaited",
        "repairs_retried",
        "reads_speculated",
        "reads_widened",
        "habits_forgotten",
    }
)
