"""A link between two nodes that a fault has touched, and when its sender has a connection over it."""

from harness.levers import Action, ends
from harness.stages.simulation.fate import Fate
from harness.stages.simulation.links import On, Pipe
from harness.stages.simulation.world import World
from replicas.store.frames import frame
from replicas.store.visits import Hello

# As replicas/store/connections.py has them, which the simulator cannot import: it has sockets.
RETRY_FIRST_NS = 10_000_000
RETRY_MAX_NS = 200_000_000

_NEVER = 2**63


class Route:
    """A connection that has ended takes with it what its pipe held, and is followed by one with a fresh count of
    bytes. The sender tries again as the store's process does, and what it says meanwhile is lost. A new connection
    begins with a Hello: where connections are reset, that is enough to end it."""

    def __init__(self, name: str, world: World, fate: Fate, arrivals: list[int] | None = None) -> None:
        self.on: On = {}
        self.connected_at = 0
        self.pipe = Pipe(world, fate, self.on, arrivals=arrivals)
        self._arrivals = arrivals
        self._world = world
        self._fate = fate
        self._hello_bytes = len(frame(Hello("peer", ends(name)[0])))
        self._ended_at = 0

    def pull(self, action: Action) -> None:
        self.on[action] = None
        if action.lever == "refuse":
            self.end()

    def let_go(self, action: Action) -> None:
        """A stream out of which something was dropped cannot go on: to open a blocked link ends its connection."""
        del self.on[action]
        self.pipe.let_go(action)
        if action.lever == "block":
            self.end()
        elif self.connected_at == _NEVER and not self._repels():
            self.connected_at = first_attempt(self._ended_at, self._world.now)

    def end(self) -> None:
        """Does nothing while there is no connection."""
        now = self._world.now
        if self.connected_at <= now:
            self._renew()
            self._ended_at = now
            self.connected_at = _NEVER if self._repels() else first_attempt(now, now)
        elif self._repels():
            self.connected_at = _NEVER

    def begin(self) -> None:
        """One of the two nodes has just started: it connects, or is connected to, at once."""
        self._renew()
        self._ended_at = self._world.now
        self.connected_at = _NEVER if self._repels() else 0

    def connect(self) -> None:
        self.connected_at = 0

    def _renew(self) -> None:
        self.pipe.discard()
        self.pipe = Pipe(self._world, self._fate, self.on, self._hello_bytes, self._arrivals)

    def _repels(self) -> bool:
        return any(action.lever in ("refuse", "reset") for action in self.on)


def first_attempt(ended_at: int, accepted_at: int) -> int:
    """To connect again: the first that is made when the other end accepts."""
    attempt, wait = ended_at + RETRY_FIRST_NS, RETRY_FIRST_NS
    while attempt < accepted_at:
        wait = min(2 * wait, RETRY_MAX_NS)
        attempt += wait
    return attempt
