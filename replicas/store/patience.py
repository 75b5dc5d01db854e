"""How long operations are waited for: what is done early, at half their time, and when it is up."""

from .core import Core
from .deadlines import Deadlines
from .mending import Mend
from .read import Read
from .reads import Reads
from .substitutes import Substitutes
from .visits import Answer, ClientMessage
from .writes import Write, Writes


class Patience:
    """A quarter of the time for a replica to be silent, and half for a level to be reached, where the policy has an
    answer to either."""

    def __init__(self, core: Core, reads: Reads, writes: Writes, substitutes: Substitutes) -> None:
        self.core = core
        self.reads = reads
        self.writes = writes
        self.substitutes = substitutes
        timeout_ns = core.cluster.operation_timeout_ns
        self.deadlines = Deadlines(core, timeout_ns, "deadline", self._is_up)
        self.quarters = Deadlines(core, timeout_ns // 4, "quarter", self._early)
        self.halves = Deadlines(core, timeout_ns // 2, "half", self._half)
        self._sloppy = substitutes.active()
        self._steps_down = core.policy.level_unmet == "step-down"

    def watch(self, operation: Read | Write, message: ClientMessage) -> None:
        """From its beginning, if it is not over by then."""
        self.deadlines.add(operation.request)
        if self._sloppy or self._steps_down or message.level == "ANY":
            self._watch_closely(operation, message)

    def _watch_closely(self, operation: Read | Write, message: ClientMessage) -> None:
        if isinstance(operation, Write) and (self._sloppy or message.level == "ANY"):
            self.quarters.add(operation.request)
            if self._sloppy and not self.writes.counting.is_asking(operation):
                self.substitutes.begun(operation)
        if self._steps_down:
            self.halves.add(operation.request)

    def _early(self, request: int) -> bool:
        write = self.core.waiting.get(request)
        if isinstance(write, Write) and not self.writes.counting.is_asking(write):
            if self._sloppy:
                self.substitutes.early(write)
            if write.message.level == "ANY":
                self.writes.keep_here(write)
        return False

    def _half(self, request: int) -> bool:
        operation = self.core.waiting.get(request)
        if isinstance(operation, Write):
            if not self.writes.counting.is_asking(operation):
                self.writes.step_down(operation)
        elif isinstance(operation, Read):
            self.reads.step_down(operation)
        return False

    def _is_up(self, request: int) -> bool:
        operation = self.core.waiting.get(request)
        if isinstance(operation, Mend):
            operation.mending.end(operation)
        if not isinstance(operation, Read | Write):
            return False
        if operation.time_is_up():
            return True
        self.core.waiting.pop(request, None)
        if not operation.answered:
            error = operation.timed_out()
            self.core.answer(operation.client, Answer(operation.message.op, "timeout", error=error))
        return False
