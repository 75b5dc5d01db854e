"""One read under way: what it has heard, and how far it is."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from replicas.system import Level

from .asking import Course
from .levels import Quota
from .messages import Stored
from .peer import Brief
from .records import Record
from .visits import Get

if TYPE_CHECKING:
    from .reads import Reads


class Read:
    """Gathers R answers, waits for a blocking repair, is answered, and may then mend in the background.

    `answers` has who sent what it holds, `briefs` who sent a digest of it."""

    __slots__ = (
        "answered", "answers", "asked", "asked_in_full", "begun", "best", "born", "briefs", "client", "course",
        "decided", "holders", "in_flight", "level_met", "looks_again", "message", "needed", "quota", "reads",
        "repair_begun", "repairing", "request", "target",
    )  # fmt: skip

    def __init__(self, reads: "Reads", client: str, message: Get, needed: int, request: int, course: Course) -> None:
        self.reads = reads
        self.client = client
        self.message = message
        self.needed = needed
        self.quota: Quota | None = None  # of a level that asks for replicas of certain datacenters
        self.level_met: Level | None = None  # where it stepped down
        self.request = request
        self.course = course
        self.asked = course.asked
        now = reads.core.now
        self.born = now.wall
        self.begun = now.mono
        self.answers: dict[str, Record | None] = {}
        self.briefs: dict[str, Brief | None] = {}
        self.asked_in_full: tuple[str, ...] = ()  # after a digest
        self.best: Record | None = None
        self.decided = False
        self.answered = False
        self.holders: dict[str, None] = {}
        self.target = 0
        self.repair_begun = False
        self.in_flight = False
        self.repairing: dict[str, None] = {}  # who was sent the best copy and has not said yet that it holds it
        self.looks_again = course.looks_again

    def stored(self, sender: str, message: Stored) -> None:
        if not message.holds:
            return
        self.holders[sender] = None
        self.repairing.pop(sender, None)
        self.reads.go_on(self)

    def forget(self, node: str) -> None:
        self.answers.pop(node, None)
        self.briefs.pop(node, None)
        self.holders.pop(node, None)

    def enough(self, heard: Collection[str]) -> bool:
        return len(heard) >= self.needed and (self.quota is None or self.quota.met(heard))

    def repaired(self) -> bool:
        """As far as its answer waits for it."""
        if len(self.holders) < self.target:
            return False
        return not self.target or self.quota is None or self.quota.to_be_met_again().met(self.holders)

    def time_is_up(self) -> bool:
        """True: it goes on for as long again."""
        return self.reads.late(self)

    def timed_out(self) -> str:
        if not self.decided:
            return f"{len(self.answers) + len(self.briefs)} of {self.needed} replicas answered within the timeout"
        return f"{len(self.holders)} of {self.target} replicas confirmed the repair within the timeout"
