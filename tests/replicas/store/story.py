"""A run of the whole core in which anything may happen, judged step by step."""

from typing import Literal

from msgspec import structs

from harness.stages.simulation.disk import DiskError
from replicas.store.messages import RepairCause, Store
from replicas.store.parts import Parts
from replicas.store.policy import Policy
from replicas.store.records import Record, record
from replicas.store.settings import Cluster
from replicas.store.visits import Answer, ClientMessage, Delete, Get, Put, level_met
from replicas.system import Level
from tests.replicas.store.oracle import covers, latest
from tests.replicas.store.rig import MS, Ending, Flight, Rig
from tests.replicas.store.witness import Witness

KEYS = ["k0", "k1", "k2"]
LEVELS: list[Level | None] = [None, "QUORUM", "ALL", "ONE", "TWO", "LOCAL_QUORUM"]
ENDINGS: list[Ending] = ["whole", "uncommitted", "unsent"]


class OnDisksThatFail(Rig):
    """A node whose commit is refused ends, as its process does."""

    def _end_batch(self, name: str, ending: Ending) -> None:
        try:
            super()._end_batch(name, ending)
        except DiskError:
            self.crash(name)


def _refuse(_growth: int) -> None:
    raise DiskError("no")


class Story:
    """Each method down to `mend` is something that may happen; numbers out of range wrap around."""

    def __init__(self, cluster: Cluster, policy: Policy, parts: Parts) -> None:
        self.rig = OnDisksThatFail(cluster, policy, parts)
        self.witness = Witness(self.rig, cluster.tie)
        self.names = cluster.names()
        self._asked: dict[int, ClientMessage] = {}
        self._seen: dict[str, Record] = {}  # the latest that an operation whose quorum meets all others has shown
        self._seen_before: dict[int, Record | None] = {}
        self._acknowledged: list[Record] = []
        self._judged: dict[int, None] = {}
        self._wiped = False

    def operate(self, kind: str, node: int, key: int, level: int) -> None:
        op, name, wanted = len(self._asked) + 1, KEYS[key % len(KEYS)], LEVELS[level % len(LEVELS)]
        messages: dict[str, ClientMessage] = {
            "get": Get(op, name, wanted),
            "put": Put(op, name, f"v{op}", wanted),
            "delete": Delete(op, name, wanted),
        }
        self._asked[op] = messages[kind]
        self._seen_before[op] = self._seen.get(name)
        self.rig.ask(self._name(node), messages[kind])
        self._judge()

    def operate_with(self, kind: str, node: int, peer: int, key: int, level: int) -> None:
        """Only the link to one peer works, both ways; what is sent to others is lost."""
        self.rig.hold_back()
        self.operate(kind, node, key, level)
        pair = {self._name(node), self._name(peer)}
        for _ in range(100):
            reached = [flight for flight in self.rig.flying if {flight.sender, flight.to} == pair]
            if not reached:
                break
            self.rig.deliver(reached[0])
        self.rig.drop(*self.rig.flying)
        self.rig.let_go()
        self._judge()

    def operate_apart(self, kind: str, node: int, key: int, level: int) -> None:
        """And all that comes of it arrives, before anything that flies now."""
        self.rig.hold_back()
        self.operate(kind, node, key, level)
        self.rig.settle()
        self.rig.let_go()
        self._judge()

    def read_unrepaired(self, node: int, key: int) -> None:
        """All answer, and the repair gets lost."""
        self.rig.hold_back()
        self.operate("get", node, key, 0)
        self._deliver_all_but("read repair")
        self.rig.let_go()
        self._judge()

    def calm(self, rounds: int) -> None:
        """Nothing fails for a while; but what flies now arrives after it."""
        self.rig.hold_back()
        self.rig.rounds(rounds)
        self.rig.let_go()
        self._judge()

    def lose(self, cause: RepairCause, rounds: int) -> None:
        """Copies that are sent for this reason get lost, and nothing else does."""
        for _ in range(rounds):
            self.rig.pass_time(self.rig.policy.round_every_ns // MS)
            self._deliver_all_but(cause)
        self._judge()

    def _deliver_all_but(self, cause: RepairCause) -> None:
        while self.rig.flying:
            message = self.rig.flying[0].message
            lost = isinstance(message, Store) and message.cause == cause
            (self.rig.drop if lost else self.rig.deliver)(self.rig.flying[0])

    def pause(self, node: int, rounds: int) -> None:
        """It stands still while the others go on, and finds all that was sent to it, and all its timers, at once."""
        name = self._name(node)
        for _ in range(rounds):
            self.rig.now += self.rig.policy.round_every_ns
            for other in self.names:
                if other != name:
                    self.rig.fire(other)
            while flights := [flight for flight in self.rig.flying if flight.to != name]:
                self.rig.deliver(flights[0])
        self.rig.fire(name)
        self._judge()

    def restart(self, node: int) -> None:
        self.rig.crash(self._name(node))
        self.rig.start(self._name(node))

    def rest(self, rounds: int) -> None:
        """Everything starts and nothing fails for a while; but what flies now arrives after it."""
        for name in self.names:
            self.rig.disks[name].refuse = None
            self.rig.start(name)
        self.calm(rounds)

    def recover(self) -> None:
        """As above, until all has mended."""
        self.rest(0)
        self.rig.hold_back()
        self.rig.rounds_until_mended(self._rounds_max)
        self.rig.let_go()
        self._wiped = False
        self._judge()

    def deliver(self, index: int) -> None:
        if self.rig.flying:
            self.rig.deliver(self._flight(index))
        self._judge()

    def deliver_all_to(self, node: int, ending: int, step: Literal[1, -1]) -> None:
        """In one batch; the node may crash before its commit, or before anything is sent."""
        flights = self.rig.flights(to=self._name(node))
        self.rig.deliver(*flights[::step], ending=ENDINGS[ending % len(ENDINGS)])
        self._judge()

    def settle(self) -> None:
        self.rig.settle()
        self._judge()

    def drop(self, index: int) -> None:
        if self.rig.flying:
            self.rig.drop(self._flight(index))

    def drop_all_to(self, node: int) -> None:
        self.rig.drop(*self.rig.flights(to=self._name(node)))

    def double(self, index: int) -> None:
        if self.rig.flying:
            self.rig.flying.append(Flight(*self._flight(index)))

    def pass_time(self, ms: int) -> None:
        self.rig.pass_time(ms)
        self._judge()

    def crash(self, node: int) -> None:
        self.rig.crash(self._name(node))

    def start(self, node: int) -> None:
        self.rig.start(self._name(node))

    def cut_power(self, node: int) -> None:
        """What is durable is there when it starts again."""
        name = self._name(node)
        self.rig.crash(name)
        self.rig.disks[name].cut_power(kept=0, arrived=None)
        self.rig.start(name)

    def refuse_commits(self, node: int) -> None:
        self.rig.disks[self._name(node)].refuse = _refuse

    def accept_commits(self, node: int) -> None:
        self.rig.disks[self._name(node)].refuse = None

    def rot(self, node: int, key: int) -> None:
        """A value of which each other replica holds a copy as well rots; then its node is asked for it, by itself. Not
        again before all has mended, nor beside a wipe: that may destroy the last copy of what was acknowledged."""
        name, wanted = self._name(node), KEYS[key % len(KEYS)]
        copies = [self.rig.held(each, wanted) for each in self.rig.replicas_of(wanted)]
        held = copies[0]
        if held is None or held.dead or any(copy != held for copy in copies):
            return
        if self._wiped or name not in self.rig.replicas or name not in self.rig.replicas_of(wanted):
            return
        self._wiped = True
        rotten = structs.replace(held, value="rotten")
        self.rig.disks[name].copies[wanted] = (rotten, 0)
        self.witness.rotted(name, rotten)
        self.operate("get", node, KEYS.index(wanted), LEVELS.index("ONE"))
        self.rig.settle()

    def wipe(self, node: int) -> None:
        """Not again before all has mended: a second one may destroy the last copy of what was acknowledged."""
        name = self._name(node)
        if self._wiped:
            return
        self._wiped = True
        self.rig.wipe(name)
        self.witness.forget(name)

    def skew(self, node: int, ms: int) -> None:
        """Within the budget: two clocks never differ by more."""
        self.rig.skew[self._name(node)] = ms % (self.rig.policy.skew_budget_ns // MS + 1) * MS

    def mend(self, down: int | None) -> None:
        """No more faults: everything starts but the node that stays down, everything arrives, until no other node has
        anything pending."""
        absent = [] if down is None else [self._name(down)]
        for name in self.names:
            self.rig.disks[name].refuse = None
            (self.rig.crash if name in absent else self.rig.start)(name)
        if not all(replica.core.joined for replica in self.rig.replicas.values()):
            absent = []  # a wiped node is bootstrapped from all others
            self.rig.start(self._name(down or 0))
        self.rig.settle()
        self.rig.rounds_until_mended(self._rounds_max, absent)
        self._judge()
        for key in KEYS:
            held = {name: self.rig.held(name, key) for name in self.rig.replicas_of(key) if name in self.rig.replicas}
            final = next(iter(held.values()))
            assert all(copy == final for copy in held.values()), f"{held} did not converge"
            if not absent:
                last = self.witness.last(key)
                assert final == (None if last is None or last.dead else last), f"{final} is not the end of {last}"
            for copy in self._acknowledged:
                if copy.key == key:
                    kept = covers(final or self.witness.last_tombstone(key), copy, self.witness.tie)
                    assert kept, f"{copy} was acknowledged, and is lost"
            self._read_at_the_end(key, final)

    def _read_at_the_end(self, key: str, final: Record | None) -> None:
        """Nodes that stay down take no quorum with them."""
        for node in self.rig.replicas:
            op = len(self._asked) + 1
            self.operate("get", self.names.index(node), KEYS.index(key), 0)
            self.rig.settle()
            for _ in self.names if op not in self.rig.answers else ():  # others may have to be asked in place of one
                self.rig.pass_time(self.rig.policy.speculate_after_ns // MS)
                self.rig.settle()
            answer = self.rig.answers.get(op)
            assert answer is not None, f"{node} does not answer for {key}"
            assert (answer.outcome, answer.version) == ("ok", final.version if final else None)
        self._judge()

    @property
    def _rounds_max(self) -> int:
        """What the limit of bytes holds back takes its time; a tombstone its grace."""
        policy = self.rig.policy
        grace = policy.grace_ns // policy.round_every_ns if policy.purge == "grace" else 0
        return 60 + 2 * grace + (400 if policy.repair_bytes_per_s_max else 0)

    def _judge(self) -> None:
        for op, answer in self.rig.answers.items():
            if op not in self._judged:
                self._judged[op] = None
                if answer.outcome == "ok":
                    self._answered(self._asked[op], answer)

    def _answered(self, asked: ClientMessage, answer: Answer) -> None:
        """Where quorums meet, a read never shows less than what was answered before it began."""
        shown = self._shown(asked, answer)
        before = self._seen_before[asked.op]
        weak = asked.level == "ONE" or level_met(answer) is not None
        if isinstance(asked, Get) and not weak:
            at_most = shown or self.witness.last_tombstone(asked.key)  # nothing may be seen where that was purged
            assert covers(at_most, before, self.witness.tie), f"{asked} shows {shown} after {before}"
        if shown is not None and self._lasts(asked, answer):
            self._acknowledged.append(shown)
            if not weak and self.rig.policy.quorums == "strict":
                self._seen[asked.key] = latest([shown, self._seen.get(asked.key)], self.witness.tie) or shown

    def _lasts(self, asked: ClientMessage, answer: Answer) -> bool:
        """Whether what was shown is on a quorum: else a wipe may take it, and another read may miss it. Or in hints,
        where nothing takes those."""
        if level_met(answer) is not None:
            return False
        if isinstance(asked, Get):
            return self._waits_for_repair() and asked.level != "ONE"
        return asked.level != "ONE"

    def _waits_for_repair(self) -> bool:
        """Whether each read has waited so far, as the nodes themselves say; what one that crashed said is gone."""
        if self.rig.policy.read_repair == "bounded":
            counts = (replica.core.metrics.repairs_not_awaited for replica in self.rig.replicas.values())
            return self.rig.policy.read_repair_wait_ns > self.rig.cluster.operation_timeout_ns and not any(counts)
        return self.rig.policy.read_repair == "blocking"

    def _shown(self, asked: ClientMessage, answer: Answer) -> Record | None:
        """What the answer says is held, or covered: a write may be buried at once under a later version."""
        if answer.version is None:
            assert isinstance(asked, Get)
            return None
        if not isinstance(asked, Get):
            value = asked.value if isinstance(asked, Put) else None
            return self.witness.known(record(asked.key, answer.version, value))
        copy = self.witness.contents.get(answer.version)
        assert copy is not None, f"{answer} shows what was never durable"
        assert (copy.key, copy.dead, copy.value) == (asked.key, answer.dead, answer.value)
        return copy

    def _name(self, node: int) -> str:
        return self.names[node % len(self.names)]

    def _flight(self, index: int) -> Flight:
        return self.rig.flying[index % len(self.rig.flying)]
