"""A cluster in one hand: real replicas on simulated disks. Every message lies in `flying` until the test says what
becomes of it, and every timer waits until the test lets time pass."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from harness.stages.simulation.disk import Disk, SimulatedStorage
from replicas.store.copies import Audited
from replicas.store.core import Now
from replicas.store.frames import Frames, frame
from replicas.store.messages import AnyMessage, PeerMessage
from replicas.store.parts import SOUND, Parts
from replicas.store.peer import Peer
from replicas.store.placement import Placement
from replicas.store.policy import Policy
from replicas.store.records import Record
from replicas.store.replica import Effects, Replica
from replicas.store.settings import Cluster, Node
from replicas.store.storage import SqliteStorage, Storage
from replicas.store.visits import Answer, AskStatus, ClientMessage, Status

MS = 1_000_000
WALL = 1_700_000_000_000 * MS
CLIENT = "client"
QUICK_POLICY = Policy(
    round_every_ns=10 * MS,
    exchange_timeout_ns=20 * MS,
    message_lifetime_ns=60 * MS,
    skew_budget_ns=5 * MS,
    hint_every_ns=10 * MS,
)

Ending = Literal["whole", "uncommitted", "unsent"]


class Flight(NamedTuple):
    sender: str
    to: str
    message: PeerMessage


def cluster(nodes: int = 3, n: int = 3, r: int = 2, w: int = 2) -> Cluster:
    """An operation that is not answered within 40 ms times out."""
    return Cluster([Node(f"r{i}") for i in range(1, nodes + 1)], n, r, w, operation_timeout_ns=40 * MS)


def two_datacenters() -> Cluster:
    """r1, r3 and r5 in one, r2, r4 and r6 in the other; each key is on all six."""
    nodes = [Node(f"r{i}", f"dc{2 - i % 2}") for i in range(1, 7)]
    return Cluster(nodes, 6, 4, 4, operation_timeout_ns=40 * MS)


def through_the_wire(message: AnyMessage) -> AnyMessage:
    """A receiver must never share an object with the sender."""
    return Frames().feed(bytes(frame(message)))[0]


class Rig:
    """`watch` hears of the changes of each batch once they are durable."""

    def __init__(
        self,
        cluster: Cluster,
        policy: Policy = QUICK_POLICY,
        parts: Parts = SOUND,
        stores: Mapping[str, Callable[[], Storage]] | None = None,
    ) -> None:
        self.cluster = cluster
        self.policy = policy
        self.parts = parts
        self.now = 0
        self.skew: Counter[str] = Counter()
        self.disks = {name: Disk() for name in cluster.names()}
        self.generations = dict.fromkeys(cluster.names(), 1)
        self.replicas: dict[str, Replica] = {}
        self.flying: list[Flight] = []
        self.late: list[Flight] = []
        self.answers: dict[int, Answer] = {}
        self._status = Status(0, 0, 0, None)
        self.audit: list[tuple[str, Audited]] = []
        self.watch: Callable[[str, list[Audited]], None] = lambda _node, _audit: None
        self._stores = stores or {}
        self._storages: dict[str, Storage] = {}
        self._timers: dict[str, list[tuple[int, str]]] = {}
        for name in cluster.names():
            self.start(name)

    def start(self, name: str) -> None:
        if name in self.replicas:
            return
        storage = self._storages[name] = self.parts.storage(self.open_storage(name))
        replica = Replica(name, f"{name}.{self.generations[name]}", self.cluster, self.policy, storage, self.parts)
        self.replicas[name] = replica
        self._timers[name] = []
        replica.start(self.clock(name))
        self._end_batch(name, "whole")

    def open_storage(self, name: str) -> Storage:
        return self._stores[name]() if name in self._stores else SimulatedStorage(self.disks[name])

    def crash(self, name: str) -> None:
        """What was not committed is gone, and so are all timers."""
        self.replicas.pop(name, None)
        self._timers.pop(name, None)
        storage = self._storages.pop(name, None)
        if isinstance(storage, SqliteStorage):
            storage.close()

    def wipe(self, name: str) -> None:
        """Its disk is lost; it starts again as a new incarnation."""
        self.crash(name)
        self.disks[name] = Disk()
        self.generations[name] += 1

    def place(self, name: str, *copies: Record, marked_ns: int = 0) -> None:
        """On its disk while it is down for a moment, beside what is there."""
        self.crash(name)
        self.disks[name].copies |= {copy.key: (copy, marked_ns) for copy in copies}
        self.start(name)

    def clock(self, name: str) -> Now:
        return Now(self.now, WALL + self.now + self.skew[name])

    def batch(
        self, name: str, inbox: Iterable[tuple[str, AnyMessage]] = (), due: Iterable[str] = (), ending: Ending = "whole"
    ) -> None:
        """The loop of a shell: handle all, commit once, release the sends. A node that is down hears nothing."""
        replica = self.replicas.get(name)
        if replica is None:
            return
        now = self.clock(name)
        for sender, message in inbox:
            replica.receive(now, sender, through_the_wire(message))
        for timer in due:
            replica.wake(now, timer)
        self._end_batch(name, ending)

    def _end_batch(self, name: str, ending: Ending) -> None:
        if ending == "uncommitted":
            self.crash(name)
            return
        effects = self.replicas[name].end_batch() or Effects(None, [], [], [], [])
        if effects.commit is not None:
            self._storages[name].commit(effects.commit)
        self.audit += [(name, change) for change in effects.audit]
        self.watch(name, effects.audit)
        if ending == "unsent":
            self.crash(name)
            return
        self._timers[name] += effects.timers
        self.flying += [Flight(name, to, message) for to, message in effects.sends]
        for _, answer in effects.answers:
            if isinstance(answer, Answer):
                self.answers[answer.op] = answer
            elif isinstance(answer, Status):
                self._status = answer

    def ask(self, name: str, message: ClientMessage) -> None:
        self.batch(name, [(CLIENT, message)])

    def deliver(self, *flights: Flight, ending: Ending = "whole") -> None:
        """All to one node, in one batch."""
        self.drop(*flights)
        if flights:
            self.batch(flights[0].to, [(flight.sender, flight.message) for flight in flights], ending=ending)

    def drop(self, *flights: Flight) -> None:
        gone = {id(flight) for flight in flights}
        self.flying = [flight for flight in self.flying if id(flight) not in gone]

    def hold_back(self) -> None:
        """What flies now is late: nothing delivers it before `let_go`."""
        self.late, self.flying = self.flying, []

    def let_go(self) -> None:
        self.flying, self.late = self.late + self.flying, []

    def flights(self, kind: type[Peer] = Peer, sender: str | None = None, to: str | None = None) -> list[Flight]:
        return [
            flight
            for flight in self.flying
            if isinstance(flight.message, kind) and sender in (None, flight.sender) and to in (None, flight.to)
        ]

    def settle(self) -> None:
        """Delivers in order of sending until nothing flies any more."""
        for _ in range(10_000):
            if not self.flying:
                return
            self.deliver(self.flying[0])
        raise AssertionError(f"messages beget messages without end: {self.flying[:3]}")

    def fire(self, name: str) -> None:
        """All timers that are due, in one batch."""
        due = [timer for when, timer in sorted(self._timers.get(name, [])) if when <= self.now]
        if due:
            self._timers[name] = [entry for entry in self._timers[name] if entry[0] > self.now]
            self.batch(name, due=due)

    def deliver_until(self, wanted: Callable[[], object]) -> None:
        """In order of sending."""
        while not wanted():
            assert self.flying, "it never came"
            self.deliver(self.flying[0])

    def pass_time(self, ms: int) -> None:
        """Timers fire; nothing is delivered."""
        self.now += ms * MS
        for name in self.cluster.names():
            self.fire(name)

    def rounds(self, count: int) -> None:
        """As many rounds of anti-entropy, with everything delivered."""
        for _ in range(count):
            self.pass_time(self.policy.round_every_ns // MS)
            self.settle()

    def rounds_until_mended(self, limit: int, without: Sequence[str] = ()) -> None:
        """Until each node has completed a round that began after the last change, and has nothing pending; as if the
        nodes `without` were no part of the cluster."""
        before: dict[str, Status] = {}
        for _ in range(limit):
            self.rounds(1)
            now = {name: self.status(name, without) for name in self.replicas}
            quiet = before and all(status.changes == before[name].changes for name, status in now.items())
            has_rounds = self.policy.anti_entropy != "none"
            if not quiet:
                before = now
            elif not any(
                each.pending or (has_rounds and each.completed <= before[name].begun) for name, each in now.items()
            ):
                return
        raise AssertionError(f"not mended after {limit} rounds: {now}")

    def status(self, name: str, without: Sequence[str] = ()) -> Status:
        """As an observer is told."""
        self.batch(name, [("observer", AskStatus(list(without)))])
        return self._status

    def metrics(self, name: str) -> dict[str, int]:
        self.status(name)  # so that it knows what time it is
        return self.replicas[name].metrics()

    def replicas_of(self, key: str) -> tuple[str, ...]:
        return Placement(self.cluster).replicas_of(key)

    def held(self, name: str, key: str) -> Record | None:
        """What is durable there, marked tombstones too."""
        entry = self.disks[name].copies.get(key)
        return entry[0] if entry else None

    def marked(self, name: str, key: str) -> bool:
        entry = self.disks[name].copies.get(key)
        return entry is not None and entry[1] > 0
