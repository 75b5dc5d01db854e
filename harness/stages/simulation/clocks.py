"""The wall clock of one simulated node: true time, and what levers add to it."""

from harness.levers import Action
from harness.stages.simulation.world import WALL_AT_START_NS, World
from replicas.store.core import Now


class Clock:
    """Timers run on true time: a wall clock that is set wrong changes versions and ages, not timeouts."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._since: dict[Action, int] = {}  # when each lever was pulled

    def read(self) -> Now:
        time = self._world.now
        wall = WALL_AT_START_NS + time
        return Now(time, wall + self._off(time)) if self._since else Now(time, wall)

    def pull(self, action: Action) -> None:
        self._since[action] = self._world.now

    def let_go(self, action: Action) -> None:
        del self._since[action]

    def is_pulled(self, action: Action) -> bool:
        return action in self._since

    def _off(self, time: int) -> int:
        return sum(
            action.number("offset_ns") + (time - since) * action.number("drift_ppm") // 1_000_000
            for action, since in self._since.items()
        )
