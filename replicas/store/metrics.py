"""What a node counts since its start. Names say what, and the unit last where there is one."""

import msgspec

from .records import Record
from .versions import Versions

ALWAYS = (  # shown also where they are 0; what counts for an option alone is shown once it has counted
    "reads",
    "writes",
    "repairs_started",
    "repairs_done",
    "repairs_failed",
    "differences_missing",
    "differences_older",
    "differences_undeleted",
    "differences_content",
    "digests_differed",
    "hints_queued",
    "hints_replayed",
    "hints_dropped",
    "hints_expired",
    "repair_bytes_sent",
    "copies_bootstrapped",
    "tombstones_purged",
)


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
    hints_evicted: int = 0  # for a newer one
    hints_spared: int = 0  # the target held it, or newer
    hints_held_back: int = 0  # by the limit of bytes a second
    hints_for_others: int = 0  # kept in place of a replica that another coordinator did not reach
    writes_refused: int = 0  # for want of room for hints
    writes_kept_elsewhere: int = 0  # in place of a replica, by a substitute that said so
    levels_stepped_down: int = 0
    write_repairs: int = 0
    copies_mended_by_writes: int = 0
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

    def shown(self) -> dict[str, int]:
        return {name: value for name, value in msgspec.structs.asdict(self).items() if value or name in ALWAYS}

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
