"""Writes and reads of the store itself, on virtual time, where nothing takes time but messages between nodes.

A trial is a key of its own: a write, and once it is answered, reads. Of N + 1 nodes each key is coordinated by the one
that holds no copy of it. No client link, no disk and no repair is in the way: what is measured is the store's read and
write path, and what its messages take.
"""

import gc
from collections.abc import Iterator
from typing import Literal, NamedTuple

from xxhash import xxh3_64_intdigest

from checkers.history import AnyEvent
from harness import mixtures
from harness.mixtures import Delays, drawing_of
from harness.plan import FORMAT, Disk, Plan
from harness.plan import Network as Model
from harness.stages.simulation.fate import Fate
from harness.stages.simulation.network import Network
from harness.stages.simulation.node import Node
from harness.stages.simulation.world import World
from replicas.store.flaws import parts_of
from replicas.store.messages import AnyMessage
from replicas.store.placement import Placement
from replicas.store.policy import Policy
from replicas.store.settings import Cluster
from replicas.store.settings import Node as Place
from replicas.store.visits import Answer, Get, Put
from replicas.system import Level

COPIES = 3
RARE = 1000  # of so many trials one is beyond the percentile: the 99.9th
EVER_NS = 10**17
_EVERY_NS = 1_000_000
_OPERATIONS = 1000  # of a trial, at most
_KINDS: tuple[mixtures.Kind, ...] = ("store", "stored", "fetch", "fetched")
_WAYS: dict[str, tuple[mixtures.Kind, mixtures.Kind]] = {
    "write": ("store", "stored"),
    "miss": ("store", "stored"),
    "read": ("fetch", "fetched"),
}
_LEVELS: tuple[Level, ...] = ("ONE", "TWO", "THREE")
_NOTHING_MENDS = Policy(
    read_repair="none", hints="none", anti_entropy="none", purge="never", message_lifetime_ns=EVER_NS
)


class Slow(NamedTuple):
    """Trials in which a write of `level` acknowledgements, or a read of `level` replicas that starts when the write
    returns, can take `least_ns` or more; or in which a read of `level` replicas that starts so long after the write
    can still miss it."""

    what: Literal["write", "read", "miss"]
    level: int
    least_ns: int


class Batch(NamedTuple):
    """Trials from `first` on. Reads of so many replicas as `reads` has start when the write returns. Then, for as long
    as a replica lacks the write, reads of `later` replicas start at each of the `moments` after it: later ones cannot
    miss it. With `only`, all trials are drawn, and only these are performed: what a message takes is drawn from its
    cause, so it is known beforehand."""

    delays: Delays
    w: int
    first: int
    trials: int
    reads: tuple[int, ...] = ()
    later: tuple[int, ...] = ()
    moments: tuple[int, ...] = ()
    only: Slow | None = None
    seed: int = 1


class Sample(NamedTuple):
    """The longest times of writes, and of reads by how many replicas they asked for; how many reads missed the write:
    by replicas when it had just returned, and by replicas and moment."""

    trials: int
    performed: int
    writes: list[int]
    reads: dict[int, list[int]]
    missed: dict[int, int]
    missed_later: dict[int, list[int]]


def longest(times: list[int], count: int) -> list[int]:
    """The 99th percentile and all beyond it, wherever they fall."""
    return sorted(times)[-(count // 50 + 100) :]


def quiet_plan(nodes: int, n: int, r: int, w: int, delays: Delays, seed: int) -> Plan:
    cluster = Cluster(
        [Place(f"r{number + 1}") for number in range(nodes)],
        n,
        r,
        w,
        operation_timeout_ns=EVER_NS,
        operations_in_flight_max=EVER_NS,
    )
    return Plan(
        format=FORMAT,
        seed=seed,
        scenario="study",
        cluster=cluster,
        policy=_NOTHING_MENDS,
        network=Model(0, 0, delays=dict(delays)),
        disk=Disk(0, 0),
        operations=[],
        faults=[],
        unrest_ns=1_000_000,
        mend_rounds_max=1,
        client_timeout_ns=EVER_NS,
    )


def coordinator_of(key: str, placement: Placement, names: list[str]) -> str:
    replicas = placement.replicas_of(key)
    return next(name for name in names if name not in replicas)


class Store:
    """The nodes of a plan, and nothing around them. `answered` hears of each operation."""

    def __init__(self, plan: Plan) -> None:
        self.world = World()
        self.events: list[AnyEvent] = []
        fate, parts = Fate(plan.seed, plan.fates), parts_of(None)
        network = Network(self.world, plan.network, fate, plan.seed, self.events)
        names = plan.cluster.names()
        self.nodes = {name: Node(name, plan, parts, self.world, network, fate, self.events) for name in names}
        self.placement = Placement(plan.cluster)
        for node in self.nodes.values():
            node.to_client = self._hear
            node.start()

    def coordinator(self, key: str) -> str:
        return coordinator_of(key, self.placement, list(self.nodes))

    def ask(self, request: Put | Get) -> None:
        self.nodes[self.coordinator(request.key)].deliver("study", request, None)

    def is_everywhere(self, key: str) -> bool:
        for name in self.placement.replicas_of(key):
            replica = self.nodes[name].replica
            if replica is None or replica.copies.visible(key) is None:
                return False
        return True

    def _hear(self, _node: str, _client: str, message: AnyMessage) -> None:
        """What it sets off comes when the node has said all that it says now."""
        if isinstance(message, Answer):
            self.world.at(self.world.now, self.answered, message)

    def answered(self, answer: Answer) -> None:
        raise NotImplementedError


class _Trials(Store):
    def __init__(self, batch: Batch) -> None:
        super().__init__(quiet_plan(COPIES + 1, COPIES, 1, batch.w, batch.delays, batch.seed))
        self._batch = batch
        self._draws = {kind: drawing_of(batch.delays.get(kind) or batch.delays["all"]) for kind in _KINDS}
        self._begun: dict[int, int] = {}
        self._missing: dict[int, tuple[int, int]] = {}  # by operation: of how many replicas, at which moment
        self.writes: list[int] = []
        self.reads: dict[int, list[int]] = {level: [] for level in batch.reads}
        self.missed = dict.fromkeys(self.reads, 0)
        self.missed_later = {level: [0] * len(batch.moments) for level in batch.later}

    def write(self, trials: Iterator[int]) -> None:
        """One, and the next a little later."""
        trial = next(trials, None)
        if trial is None:
            return
        self.events.clear()
        self._begun[trial * _OPERATIONS] = self.world.now
        self.ask(Put(trial * _OPERATIONS, _key(trial), "v", None))
        self.world.at(self.world.now + _EVERY_NS, self.write, trials)

    def answered(self, answer: Answer) -> None:
        trial, number = divmod(answer.op, _OPERATIONS)
        took = self.world.now - self._begun.pop(answer.op)
        if number == 0:
            self.writes.append(took)
            for level in self.reads:
                self._read(trial, level, level)
            self._look(trial, 0, self.world.now)
        elif number in self.reads:
            self.reads[number].append(took)
            self.missed[number] += answer.value is None
        else:
            level, moment = self._missing.pop(answer.op)
            self.missed_later[level][moment] += answer.value is None

    def _read(self, trial: int, number: int, level: int) -> None:
        operation = trial * _OPERATIONS + number
        self._begun[operation] = self.world.now
        self.ask(Get(operation, _key(trial), _LEVELS[level - 1]))

    def _look(self, trial: int, moment: int, returned_at: int) -> None:
        if moment < len(self._batch.moments):
            self.world.at(returned_at + self._batch.moments[moment], self._read_later, trial, moment, returned_at)

    def _read_later(self, trial: int, moment: int, returned_at: int) -> None:
        if self.is_everywhere(_key(trial)):
            return
        for level in self._batch.later:
            number = 1 + COPIES + moment * COPIES + level
            self._missing[trial * _OPERATIONS + number] = (level, moment)
            self._read(trial, number, level)
        self._look(trial, moment + 1, returned_at)

    def foresees(self, slow: Slow, trial: int) -> bool:
        """Of the replicas so many as it takes are late: for a write all but W - 1, so that the W-th is."""
        key, least_ns = _key(trial), slow.least_ns
        coordinator, late = self.coordinator(key), 0
        there, back = _WAYS[slow.what]
        origin = f"op {trial * _OPERATIONS + (slow.level if slow.what == 'read' else 0)}"
        for name in self.placement.replicas_of(key):
            took = self._way_ns(there, coordinator, name, origin, key)
            if took < least_ns and slow.what != "miss":
                took += self._way_ns(back, name, coordinator, origin, key)
            late += took >= least_ns
        return late >= (slow.level if slow.what == "miss" else COPIES - slow.level + 1)

    def _way_ns(self, kind: mixtures.Kind, sender: str, to: str, origin: str, key: str) -> int:
        cause = f"{self._batch.seed}/{sender}/{origin}/{kind}/{key}/{to}/0"
        return self._draws[kind](xxh3_64_intdigest(cause.encode()) & 0xFFFF_FFFF)


def _key(trial: int) -> str:
    return f"k{trial}"


def perform(batch: Batch) -> Sample:
    """In a worker."""
    trials = _Trials(batch)
    numbers = range(batch.first, batch.first + batch.trials)
    chosen = [trial for trial in numbers if batch.only is None or trials.foresees(batch.only, trial)]
    gc.disable()  # as in any simulated run
    trials.write(iter(chosen))
    trials.world.run_until(EVER_NS - 1)
    gc.enable()
    return Sample(
        batch.trials,
        len(chosen),
        longest(trials.writes, batch.trials),
        {level: longest(times, batch.trials) for level, times in trials.reads.items()},
        trials.missed,
        trials.missed_later,
    )


def merged(samples: list[Sample]) -> Sample:
    """As if it had been one batch."""
    first = samples[0]
    return Sample(
        sum(each.trials for each in samples),
        sum(each.performed for each in samples),
        [time for each in samples for time in each.writes],
        {level: [time for each in samples for time in each.reads[level]] for level in first.reads},
        {level: sum(each.missed[level] for each in samples) for level in first.missed},
        {
            level: [sum(counts) for counts in zip(*(each.missed_later[level] for each in samples), strict=True)]
            for level in first.missed_later
        },
    )
