"""What peers say is believed, but not obeyed blindly: no well-formed message ends a replica, makes it hold a copy that
is damaged or lives elsewhere, takes one back to an older one, or takes one away that was not marked as purgeable."""

from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from replicas.store import parts
from replicas.store.comparing import (
    AskRows,
    CaughtUp,
    Clocks,
    CopyPage,
    DotsListed,
    Dotted,
    LogEntries,
    ReadLog,
    RowHashes,
)
from replicas.store.copies import Audited
from replicas.store.frames import BadFrame, Frames, frame
from replicas.store.messages import (
    Announce,
    AnyMessage,
    Compare,
    Confirm,
    Digest,
    Fetched,
    Keep,
    PagedCopy,
    PeerMessage,
    Store,
)
from replicas.store.peer import Brief, Peer
from replicas.store.placement import Placement
from replicas.store.policy import Policy
from replicas.store.records import Record, Version, checksum, record
from replicas.store.storage import SqliteStorage
from tests.fuzz.effort import cases, told
from tests.replicas.store.rig import MS, WALL, Rig, cluster
from tests.replicas.store.strategies import FIELDS, messages

NODES = [f"r{number}" for number in range(1, 6)]
KEYS = [f"k{number}" for number in range(6)]
POLICY = Policy(
    hints="handoff",
    hint_check="brief",
    quorums="sloppy",
    write_repair="on",
    level_unmet="step-down",
    round_every_ns=10 * MS,
    hint_every_ns=10 * MS,
    message_lifetime_ns=60 * MS,
    skew_budget_ns=5 * MS,
)
COURSE = msgspec.structs.replace(
    POLICY, read_repair="adaptive", read_from="needed", read_choice="nearest", read_digests="always", repair_whom="all",
    speculate_after_ns=5 * MS, repair_attempts_max=3, habit_half_life_ns=50 * MS, habits_max=2,
)  # fmt: skip
TIMES = st.sampled_from([-1, 0, 1, WALL, WALL + 10**15, 2**61]) | st.integers(WALL - 10 * MS, WALL + 10 * MS)
NUMBERS = st.integers(-1, 40) | st.sampled_from([2**31, 2**61, -(2**63)]) | TIMES
VERSIONS = st.builds(Version, TIMES, st.sampled_from(["r1.1", "r2.1", "r9.7", ""]))
RECORDS = st.builds(record, st.sampled_from(KEYS), VERSIONS, st.none() | st.sampled_from(["a", "b", ""]))
SPOILT = st.builds(Record, st.sampled_from(KEYS), VERSIONS, st.booleans(), st.none() | st.just("a"), NUMBERS)
BRIEFS = RECORDS.map(lambda copy: Brief(copy.key, copy.version, copy.dead, copy.checksum)) | st.builds(
    Brief, st.sampled_from(KEYS), VERSIONS, st.booleans(), NUMBERS
)
COPIES = RECORDS | SPOILT
DOTS = st.tuples(st.sampled_from(["r1.1", "r2.1", ""]), NUMBERS)
RANGES = st.lists(st.tuples(NUMBERS, NUMBERS), max_size=3)
KNOWN = st.dictionaries(st.integers(-1, 6), st.dictionaries(st.sampled_from(["r1.1", ""]), RANGES), max_size=3)
BY_NAME: dict[str, st.SearchStrategy[Any]] = {
    "n": NUMBERS, "born": TIMES, "origin": st.sampled_from(["", "op 1", "round r1/1"]), "request": NUMBERS,
    "session": NUMBERS,
    "generation": NUMBERS, "key": st.sampled_from(KEYS), "holds": st.booleans(), "more": st.booleans(),
    "keeps": st.booleans(), "wanted": st.booleans(), "target": st.sampled_from([*NODES, "", "r9"]),
    "opened_by": st.sampled_from(["r1", "r2", ""]), "brief": BRIEFS, "briefs": st.lists(BRIEFS, max_size=4),
    "keys": st.lists(st.sampled_from(KEYS), max_size=9), "after": st.none() | st.sampled_from(["", *KEYS]),
    "until": st.none() | st.sampled_from(["", *KEYS]), "last": st.none() | st.sampled_from(KEYS),
    "level": st.integers(-2, 6), "hashes": st.dictionaries(NUMBERS, st.dictionaries(NUMBERS, NUMBERS, min_size=1,
    max_size=3), max_size=3),
    "above": NUMBERS,
    "version": st.none() | VERSIONS,
    "leaves": st.dictionaries(NUMBERS, st.lists(NUMBERS, max_size=3), max_size=3),
    "copies": st.lists(st.builds(PagedCopy, COPIES, st.booleans()), max_size=3),
    "same": st.lists(st.integers(-1, 6), max_size=3), "time": TIMES,
    "gone": st.lists(st.sampled_from(KEYS), max_size=3),
    "marks": st.dictionaries(st.integers(-1, 6), NUMBERS, max_size=3),
    "partitions": st.lists(st.integers(-1, 6), max_size=3), "total": NUMBERS, "sent": NUMBERS,
    "differed": st.lists(NUMBERS, max_size=3), "log": st.sampled_from(["", "r1.1", "r2.1"]), "end": NUMBERS,
    "own": st.sampled_from(["", "r1.1", "r2.1"]), "waits": st.booleans(), "cut": st.booleans(), "done": st.booleans(),
    "known": KNOWN, "compares": st.booleans(), "whole": st.booleans(), "sure": st.booleans(), "dot": NUMBERS,
    "listed": st.lists(st.builds(Dotted, st.sampled_from(KEYS), st.none() | BRIEFS, st.lists(DOTS, max_size=3))),
}  # fmt: skip
_LIST = st.lists(NUMBERS, max_size=5)
OF_KIND: dict[Any, dict[str, st.SearchStrategy[Any]]] = {
    CopyPage: {"copies": st.lists(COPIES, max_size=3)},
    RowHashes: {"hashes": _LIST},
    AskRows: {"hashes": _LIST},
    ReadLog: {"after": NUMBERS},
    LogEntries: {"after": NUMBERS, "until": NUMBERS},
    CaughtUp: {"until": NUMBERS},
    Clocks: {"after": st.none() | st.tuples(NUMBERS, st.sampled_from(["r1.1", ""]), NUMBERS)},
    DotsListed: {"until": st.none() | st.tuples(NUMBERS, st.sampled_from(["r1.1", ""]), NUMBERS)},
}


def _of(kind: type[Any]) -> st.SearchStrategy[Any]:
    names = [field.name for field in msgspec.structs.fields(kind)]
    drawn = BY_NAME | {
        "record": COPIES if issubclass(kind, Store | Keep) else st.none() | COPIES,
        "cause": FIELDS[Store]["cause"],
    }
    drawn |= OF_KIND.get(kind, {})
    drawn |= {"brief": st.none() | BRIEFS} if kind is Digest else {}
    return st.builds(kind, **{name: drawn[name] for name in names})


LIES = st.one_of(*map(_of, get_args(PeerMessage)))
CLIENTS = messages().filter(lambda message: not isinstance(message, Peer))
SAID = st.tuples(st.sampled_from(NODES[1:]), LIES) | st.tuples(st.just("client"), CLIENTS)  # the shell sees to that
STEPS = st.lists(st.lists(SAID, min_size=2, max_size=8) | st.integers(1, 30), min_size=2, max_size=8)


def can_be_heard(message: AnyMessage) -> bool:
    """Else the connection would end here."""
    try:
        Frames().feed(bytes(frame(message)))
    except BadFrame:
        return False
    return True


class Watched:
    """A cluster of five with three copies of each key, of which r1 hears the lies."""

    def __init__(self, policy: Policy = POLICY) -> None:
        self.disk = SqliteStorage(Path(":memory:"), "OFF")
        self.rig = Rig(cluster(nodes=5), policy, stores={"r1": lambda: self.disk})
        self.held: dict[str, Record] = {}
        self.changes = 0
        self.rig.watch = self._judge
        self.placement = Placement(self.rig.cluster)

    def _judge(self, node: str, changes: list[Audited]) -> None:
        if node != "r1":
            return
        versions = self.rig.replicas[node].core.versions
        for change in changes:
            assert node in self.placement.replicas_of(change.key), f"{change} lives elsewhere"
            assert change.new is None or change.new.intact(), f"{change} is damaged"
            self.changes += 1
            if change.new is None:
                assert change.old_purgeable, f"{change} takes away what was not marked"
                assert change.old is not None
                assert change.old.dead, f"{change} purges what is no tombstone"
                del self.held[change.key]
            else:
                assert versions.dominates(change.new, change.old), f"{change} goes back"
                self.held[change.key] = change.new

    def step(self, step: list[tuple[str, AnyMessage]] | int) -> None:
        if isinstance(step, int):
            self.rig.pass_time(step)
            for _ in range(20):
                if self.rig.flying:
                    self.rig.deliver(self.rig.flying[0])
        else:
            self.rig.batch("r1", [(sender, message) for sender, message in step if can_be_heard(message)])
        for flight in self.rig.flying:
            assert flight.to in NODES
            frame(flight.message)  # can be said


@pytest.mark.parametrize("policy", [POLICY, COURSE], ids=["plain reads", "reads by digests, of few, adaptive"])
def test_no_lie_ends_a_replica_or_takes_a_copy_back(policy: Policy) -> None:
    seen: Counter[str] = Counter()

    @cases(120)
    @given(st.sampled_from(list(parts.KINDS)), st.lists(RECORDS, max_size=4), STEPS)
    def each(kind: str, copies: list[Record], steps: list[Any]) -> None:
        watched = Watched(msgspec.structs.replace(policy, anti_entropy=kind))
        with closing(watched.disk):
            watched.step([("r2", Store(1, WALL, "", 0, copy, "write")) for copy in copies])
            for step in steps:
                watched.step(step)
            held = {copy.record.key: copy.record for copy in watched.rig.replicas["r1"].dump(None).copies}
        assert held == watched.held, "the audit and the disk differ"
        seen["messages"] += sum(len(step) for step in steps if isinstance(step, list))
        seen["changes of r1"] += watched.changes

    each()
    told("core", seen)
    assert seen["changes of r1"] > 40


@pytest.mark.parametrize("number", [2**63 - 1, 2**63, 2**64 - 1])
@pytest.mark.parametrize("kind", [Store, Fetched, Confirm, Announce])
def test_numbers_that_no_disk_holds_are_no_message(kind: type[Any], number: int) -> None:
    """A node that took one could not commit; one that took the highest could never mint again."""
    copy = record("k0", Version(number, "r2.1"), "x")
    said: dict[type[Any], PeerMessage] = {
        Store: Store(1, WALL, "", 1, copy, "write"),
        Fetched: Fetched(1, WALL, "", 1, "k0", copy),
        Confirm: Confirm(1, WALL, "", Brief("k0", copy.version, dead=True, checksum=5)),
        Announce: Announce(1, WALL, "", number),
    }
    with pytest.raises(BadFrame):
        Frames().feed(bytes(frame(said[kind])))


@pytest.mark.parametrize(("dead", "value"), [(True, "x"), (False, None)])
def test_a_tombstone_with_a_value_is_damaged(dead: bool, value: str | None) -> None:  # noqa: FBT001 - a field of the record
    version = Version(WALL, "r2.1")
    assert not Record("k0", version, dead, value, checksum("k0", version, dead, value)).intact()


def test_a_partition_of_others_without_hashes_is_no_comparison() -> None:
    watched = Watched()
    with closing(watched.disk):
        watched.step([("r2", Compare(1, WALL, "", 1, "r2", 0, {99: {}}))])
        assert not watched.rig.flights(sender="r1", to="r2")
