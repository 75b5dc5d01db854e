"""One simulated node: the batch loop of a replica, its disk, and what the levers of processes do to them."""

from collections.abc import Callable
from typing import Any, Literal

from checkers.history import AnyEvent, Change, Copy, Life, Message, Version
from harness.levers import CLOCK_LEVERS, DISK_LEVERS, Action
from harness.plan import Plan
from harness.stages.simulation.clocks import Clock
from harness.stages.simulation.disk import Disk, DiskError, SimulatedStorage
from harness.stages.simulation.disk_levers import DiskLevers
from harness.stages.simulation.fate import Fate
from harness.stages.simulation.network import Network
from harness.stages.simulation.world import World
from replicas.store.messages import AnyMessage
from replicas.store.parts import Parts
from replicas.store.records import Record
from replicas.store.replica import Effects, Replica
from replicas.store.storage import Meta, Storage

ToClient = Callable[[str, str, AnyMessage], None]

How = Literal["kill", "stop", "wipe", "power"]
_End = Literal["killed", "stopped", "wiped", "powered off", "stopped by its disk"]
_LIFE: dict[How, _End] = {"kill": "killed", "stop": "stopped", "wipe": "wiped", "power": "powered off"}
_AGAIN_AFTER_NS = 100_000_000  # twice as long after each further failure
_AGAIN_DOUBLED_MOST = 3


class Node:
    """Busy from a batch to the end of its commit; what arrives meanwhile is the next batch: group commit.

    `life` counts starts, so that what was scheduled for an earlier life finds out that it is void. A process that ended
    because its disk refused is started again as a supervisor does: after a while, and a longer one if that fails; and
    at once when the disk is mended.
    """

    def __init__(
        self, name: str, plan: Plan, parts: Parts, world: World, network: Network, fate: Fate, events: list[AnyEvent]
    ) -> None:
        self.name = name
        self.replica: Replica | None = None
        self.paused = False
        self.to_client: ToClient = lambda _node, _client, _message: None
        self.ended: Callable[[str], None] = lambda _node: None  # hears when the process ends by itself
        self._plan = plan
        self._parts = parts
        self._world = world
        self._network = network
        self._fate = fate
        self._events = events
        self.clock = Clock(world)
        self._disk = Disk()
        self._storage: Storage = SimulatedStorage(self._disk)
        self._disk_levers = DiskLevers(name, world, fate, events)
        self._failures = 0  # of the disk, one after another
        self._declared = 0  # the last commit declared durable; kept outside the disk
        self._inbox: list[tuple[str, AnyMessage, Message | None]] = []
        self._due: list[str] = []
        self._callers: list[tuple[Callable[..., None], tuple[Any, ...]]] = []
        self._committing: tuple[Meta, Effects] | None = None
        self._synced_while_paused = False
        self._life = 0
        self._generation = 1
        network.attach(name, self.deliver)

    @property
    def incarnation(self) -> str:
        return f"{self.name}.{self._generation}"

    def start(self) -> None:
        self._life += 1
        self._network.started(self.name)
        plan = self._plan
        self._disk.recover()
        self._storage = self._parts.storage(SimulatedStorage(self._disk))
        replica = Replica(self.name, self.incarnation, plan.cluster, plan.policy, self._storage, self._parts)
        try:
            replica.start(self.clock.read())
        except DiskError:
            self._fail()
            return
        self.replica = replica
        self._record_start(replica)
        self._end_batch(replica)

    def _record_start(self, replica: Replica) -> None:
        life = Life(
            at=self._world.now,
            node=self.name,
            incarnation=replica.incarnation,
            what="started",
            batch=replica.batch,
            committed=self._declared,
        )
        self._events.append(life)

    def end(self, how: How) -> None:
        """What becomes of the commit under way is drawn when it is killed; an orderly stop completes it. Either way
        nobody hears of it."""
        self._failures = 0
        if self.replica is None:
            self._life += 1  # nobody starts it but who lets go
            return
        if how == "power":
            self._cut_power()
        elif self._committing is not None and self._completes(how, self._committing[0]):
            meta, effects = self._committing
            self._storage.commit(meta)
            self._record_changes(meta.batch, self.incarnation, effects)
            if how == "stop":
                self._declared = meta.batch
        self._forget(_LIFE[how])
        if how == "wipe":
            self._disk = Disk()
            self._declared = 0
            self._generation += 1

    def _forget(self, what: _End) -> None:
        """All that the process had in memory."""
        self._life += 1
        self._synced_while_paused = self.paused = False
        self.replica = None
        self._committing = None
        for waiting in (self._inbox, self._due, self._callers):
            waiting.clear()
        self._events.append(Life(at=self._world.now, node=self.name, incarnation=self.incarnation, what=what))

    def _cut_power(self) -> None:
        """A commit under way is written and not synced. How much of what was not synced had reached the disk by itself
        is drawn."""
        disk, committing = self._disk, self._committing
        if committing is not None:
            self._storage.relax()
            self._storage.commit(committing[0])
        written = disk.unsynced
        if not written:
            return
        cause = f"{self.name}/power/{written[0].batch}"
        kept, torn = self._fate.draw(cause) % (len(written) + 1), self._fate.draw(f"{cause}/torn")
        disk.cut_power(kept, torn >> 1 if torn % 2 else None)
        for place, transaction in enumerate(written[kept:]):
            self._disk_levers.say("lost" if place or torn % 2 == 0 else "torn", batch=transaction.batch)
        if committing is not None and committing[0].batch in [transaction.batch for transaction in written[:kept]]:
            self._record_changes(committing[0].batch, self.incarnation, committing[1])

    def _fail(self) -> None:
        """An error while messages are handled, or in a commit, ends the process: nothing of the batch was ever said."""
        if self.replica is not None:
            self._forget("stopped by its disk")
            self.ended(self.name)
        wait_ns = _AGAIN_AFTER_NS << min(self._failures, _AGAIN_DOUBLED_MOST)
        self._failures += 1
        self._world.at(self._world.now + wait_ns, self._start_again, self._life)

    def _start_again(self, life: int) -> None:
        if life == self._life:
            self.start()

    def _completes(self, how: How, meta: Meta) -> bool:
        if how == "kill":
            return self._fate.draw(f"{self.name}/commit/{meta.batch}") % 2 > 0
        return how == "stop"

    def is_pulled(self, action: Action) -> bool:
        if action.lever == "pause":
            return self.paused
        if action.lever in CLOCK_LEVERS:
            return self.clock.is_pulled(action)
        if action.lever in DISK_LEVERS:
            return self._disk_levers.is_pulled(action)
        return self.replica is None and (action.lever != "wipe" or self._disk.meta is None)

    def pull_disk(self, action: Action) -> None:
        self._disk_levers.pull(action, self._disk)

    def let_go_disk(self, action: Action) -> None:
        self._disk_levers.let_go(action, self._disk)
        if self._failures and self.replica is None:
            self.start()
        if self.replica is not None:  # another disk fault may still keep it from starting
            self._failures = 0

    def pause(self) -> None:
        self.paused = self.replica is not None

    def resume(self) -> None:
        if not self.paused:
            return
        self.paused = False
        if self._synced_while_paused:
            self._synced_while_paused = False
            self._synced(self._life)
        callers, self._callers = self._callers, []
        for act, arguments in callers:
            act(*arguments)
        self._work()

    def when_awake(self, act: Callable[..., None], *arguments: Any) -> None:
        """The process does it as soon as it runs; if it ends before, never."""
        if self.paused:
            self._callers.append((act, arguments))
        else:
            act(*arguments)

    def deliver(self, sender: str, message: AnyMessage, record: Message | None) -> None:
        """A dead node hears nothing; a paused or busy one hears it later; an idle one makes a batch of it at once."""
        replica = self.replica
        if replica is None:
            return
        if self.paused or self._committing is not None:
            self._inbox.append((sender, message, record))
            return
        time = self._world.now
        if record is not None:
            record.received = time
        try:
            replica.receive(self.clock.read(), sender, message)
        except DiskError:
            self._fail()
            return
        self._end_batch(replica)

    def _wake(self, life: int, timer: str) -> None:
        if life == self._life:
            self._due.append(timer)
            self._work()

    def _work(self) -> None:
        replica = self.replica
        if replica is None or self.paused or self._committing is not None or not (self._inbox or self._due):
            return
        time = self._world.now
        now = self.clock.read()
        inbox, self._inbox = self._inbox, []
        due, self._due = self._due, []
        try:
            for sender, message, record in inbox:
                if record is not None:
                    record.received = time
                replica.receive(now, sender, message)
            for timer in due:
                replica.wake(now, timer)
        except DiskError:
            self._fail()
            return
        self._end_batch(replica)

    def _end_batch(self, replica: Replica) -> None:
        effects = replica.end_batch()
        if effects is None:
            return
        if effects.timers:
            for when, timer in effects.timers:
                self._world.at(when, self._wake, self._life, timer)
        meta = effects.commit
        if meta is None:
            self._release(effects)
            return
        self._committing = (meta, effects)
        disk = self._plan.disk
        sync = self._fate.between(disk.sync_min_ns, disk.sync_max_ns, f"{self.name}/sync/{meta.batch}")
        late = self._disk_levers.late_ns
        if late:
            self._disk_levers.say("late", batch=meta.batch)
        self._world.at(self._world.now + sync + late, self._synced, self._life)

    def _synced(self, life: int) -> None:
        if life != self._life or self._committing is None:
            return
        if self.paused:
            self._synced_while_paused = True  # stopped between commit and send: what it sends will be old
            return
        meta, effects = self._committing
        try:
            self._storage.commit(meta)
        except DiskError:
            self._fail()
            return
        self._committing = None
        self._declared = meta.batch
        assert self.replica is not None  # noqa: S101 - the same life
        self._record_changes(meta.batch, self.replica.incarnation, effects)
        self._release(effects)
        if self._inbox or self._due:
            self._work()

    def _release(self, effects: Effects) -> None:
        if effects.sends:
            self._network.send(self.name, effects.sends)
        if effects.answers:
            for to, message in effects.answers:
                self.to_client(self.name, to, message)

    def _record_changes(self, batch: int, incarnation: str, effects: Effects) -> None:
        at, node = self._world.now, self.name
        for audited in effects.audit:
            self._events.append(
                Change(
                    at=at,
                    node=node,
                    incarnation=incarnation,
                    batch=batch,
                    key=audited.key,
                    old=copy_of(audited.old, purgeable=audited.old_purgeable),
                    new=copy_of(audited.new, purgeable=audited.new_purgeable),
                    cause=audited.cause,
                    message=audited.message,
                    origin=audited.origin,
                )
            )


def copy_of(record: Record | None, *, purgeable: bool) -> Copy | None:
    return None if record is None else present(record, purgeable=purgeable)


def present(record: Record, *, purgeable: bool) -> Copy:
    version = record.version
    return Copy(Version(version.time, version.by), record.dead, record.value, purgeable)
