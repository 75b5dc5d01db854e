"""What levers do to one direction of one connection: they hold what is said, lose it, or break the connection."""

from collections.abc import Callable
from heapq import heappush
from typing import Any, Literal

from harness.levers import Action, Lever
from harness.stages.simulation.fate import Fate
from harness.stages.simulation.world import World
from replicas.store.frames import frame
from replicas.store.messages import AnyMessage

SHAPING: tuple[Lever, ...] = ("delay", "bandwidth", "slice")  # these hold what is said
SIZED: tuple[Lever, ...] = ("bandwidth", "slice", "cut")  # these count bytes
SECOND_NS = 1_000_000_000

On = dict[Action, None]  # the actions that are on a link, shared by all connections over it
Outcome = Literal["taken", "lost", "broken"]


class Pipe:
    """Lives as long as its connection. What it takes leaves in the order in which it came, after the time that the
    levers ask for, then is `way_ns` on its way; nothing arrives before what left earlier. Several of one lever add up.
    """

    def __init__(
        self, world: World, fate: Fate, on: On, opening_bytes: int = 0, arrivals: list[int] | None = None
    ) -> None:
        """`opening_bytes` have been said already, to open the connection. `arrivals`, a heap, hears when what leaves
        will arrive."""
        self._world = world
        self._fate = fate
        self._on = on
        self._arrivals = arrivals
        self._free_at = 0  # bandwidth and slices let one message through after the other
        self._last_due = 0
        self._last_arrival = 0
        self._taken = 0
        self._held: dict[int, tuple[int, Callable[..., None], tuple[Any, ...]]] = {}
        self._passed = {action: opening_bytes for action in on if action.lever == "cut"}  # bytes, since it is on

    def take(
        self, cause: str, messages: tuple[AnyMessage, ...], way_ns: int, act: Callable[..., None], *arguments: Any
    ) -> Outcome:
        """Said in one go; `act` is done when the last byte has arrived. `broken`: lost, and the connection with it."""
        levers = {action.lever for action in self._on}
        if "block" in levers:
            return "lost"
        size = sum(len(frame(message)) for message in messages) if levers.intersection(SIZED) else 0
        if "reset" in levers or self._is_cut(size):
            return "broken"
        self._taken += 1
        self._held[self._taken] = (way_ns, act, arguments)
        due = self._due(cause, size)
        if due > self._world.now:
            self._world.at(due, self._leave, self._taken)
        else:
            self._leave(self._taken)
        return "taken"

    def flush(self) -> None:
        """Nothing holds it back any more."""
        for number in list(self._held):
            self._leave(number)
        self._free_at = self._last_due = 0

    def discard(self) -> None:
        self._held.clear()

    def holds(self) -> int:
        return len(self._held)

    def let_go(self, action: Action) -> None:
        self._passed.pop(action, None)
        if not any(other.lever in SHAPING for other in self._on):
            self.flush()

    def _is_cut(self, size: int) -> bool:
        """The message that goes beyond `after_bytes` ends in the middle."""
        cut = False
        for action in self._on:
            if action.lever == "cut":
                passed = self._passed[action] = self._passed.get(action, 0) + size
                cut |= passed > action.number("after_bytes")
        return cut

    def _due(self, cause: str, size: int) -> int:
        busy_ns = sum(_busy_ns(action, size) for action in self._on)
        late_ns = sum(self._late_ns(action, cause) for action in self._on)
        self._free_at = max(self._world.now, self._free_at) + busy_ns
        self._last_due = max(self._last_due, self._free_at + late_ns)
        return self._last_due

    def _late_ns(self, action: Action, cause: str) -> int:
        if action.lever != "delay":
            return 0
        delay, jitter = action.number("delay_ns"), action.number("jitter_ns")
        return max(0, self._fate.between(delay - jitter, delay + jitter, f"{cause}/{action.words()}"))

    def _leave(self, number: int) -> None:
        held = self._held.pop(number, None)
        if held is not None:
            way_ns, act, arguments = held
            self._last_arrival = max(self._last_arrival, self._world.now + way_ns)
            self._world.at(self._last_arrival, act, *arguments)
            if self._arrivals is not None:
                heappush(self._arrivals, self._last_arrival)


def _busy_ns(action: Action, size: int) -> int:
    """How long the link is busy with one message."""
    if action.lever == "bandwidth":
        return _divided_up(size * SECOND_NS, action.number("bytes_per_s"))
    if action.lever == "slice":
        return _divided_up(size, action.number("piece_bytes")) * action.number("gap_ns")
    return 0


def _divided_up(number: int, by: int) -> int:
    return -(-number // by)
