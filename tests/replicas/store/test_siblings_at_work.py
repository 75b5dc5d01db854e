"""Siblings in a whole store: contexts of clients, hints, purges, and what is refused."""

from typing import Any, cast

import pytest
from msgspec import structs

from harness.stages.memory import Memory
from replicas.store.causal import read
from replicas.store.records import Record
from replicas.store.siblings import Dotted
from replicas.store.visits import Answer, Delete, DeleteAfter, Get, Put, PutAfter
from tests.replicas.store.rig import QUICK_POLICY, Rig, cluster
from workloads.operations import Kind, Operation

HINTS = structs.replace(QUICK_POLICY, hints="handoff", anti_entropy="none", purge="never", read_repair="none")


def rig_of(policy: Any = QUICK_POLICY, **changes: Any) -> Rig:
    return Rig(structs.replace(cluster(), **{"versions": "dotted", "merge": "siblings", **changes}), policy)


def ask(rig: Rig, node: str, message: Any) -> Answer:
    rig.ask(node, message)
    rig.settle()
    return rig.answers[message.op]


def context_of(answer: Answer) -> str:
    assert answer.version is not None
    return answer.version.by


@pytest.mark.parametrize("versions", ["dotted", "vector"])
def test_a_client_sees_all_siblings_and_replaces_what_it_has_seen(versions: str) -> None:
    rig = rig_of(versions=versions)
    for op, node in ((1, "r1"), (2, "r2")):
        rig.ask(node, Put(op, "k", f"w{op}", None))
    rig.settle()
    both = ask(rig, "r3", Get(3, "k", None))
    assert both.value == '["w1","w2"]'
    ask(rig, "r1", PutAfter(4, "k", "w4", None, context_of(both)))
    assert ask(rig, "r2", Get(5, "k", None)).value == '["w4"]'
    ask(rig, "r2", PutAfter(6, "k", "w6", None, context_of(both)))  # by a client that has not read again
    assert ask(rig, "r3", Get(7, "k", None)).value == '["w4","w6"]'


def test_a_tombstone_beside_a_value_stays_and_one_that_is_alone_is_purged() -> None:
    rig = rig_of()
    ask(rig, "r1", Put(1, "k", "w1", None))
    ask(rig, "r2", Delete(2, "k", None))
    rig.rounds_until_mended(50)
    shown = ask(rig, "r3", Get(3, "k", None))
    assert (shown.value, shown.dead) == ('["w1",null]', False)
    ask(rig, "r3", DeleteAfter(4, "k", None, context_of(shown)))
    rig.rounds_until_mended(80)
    assert [rig.held(node, "k") for node in rig.cluster.names()] == [None] * 3
    assert ask(rig, "r1", Get(5, "k", None)).version is None


def test_a_hint_has_all_that_its_target_missed() -> None:
    rig = rig_of(HINTS)
    rig.crash("r3")
    for op in (1, 2):
        ask(rig, "r1", Put(op, "k", f"w{op}", None))
        rig.pass_time(40)
    rig.start("r3")
    for _ in range(10):
        rig.pass_time(10)
        rig.settle()
    assert rig.held("r3", "k") == rig.held("r1", "k")
    held = rig.held("r3", "k")
    assert held is not None
    assert len(read(held.version.by).dots) == 2


def written(versions: Dotted, value: str | None, seen: Record | None = None) -> Record:
    return versions.written("k", value, seen.version.by if seen else "", 5, lambda _key: None)


def test_a_hint_that_a_tombstone_has_not_seen_outlives_its_purge() -> None:
    """Where a hint has several siblings, those go that the tombstone has replaced."""
    rig = rig_of(HINTS)
    hints, other = rig.replicas["r1"].hints, Dotted("r9.1", "incarnation", 0)
    first = written(other, "a")
    beside, gone = written(other, "b"), written(other, None, first)
    both = other.merge(first, beside)
    assert both is not None
    for kept, left in ((first, None), (beside, ["b", None]), (both, ["b", None])):
        hints.missed("r2", kept)
        hints.bury(gone)
        rig.batch("r1")
        found = rig.disks["r1"].hints.get(("r2", "k"))
        assert (found and other.answered(found.record)) == (left and '["b",null]')
        if found:
            hints.bury(written(other, None, found.record))
    assert hints.waiting() == 0


def test_a_copy_of_a_purged_tombstone_keeps_a_write_under_way() -> None:
    rig = rig_of(HINTS)
    rig.ask("r1", Put(1, "k", "w1", None))
    purging = rig.replicas["r1"].purging
    write = next(iter(rig.replicas["r1"].core.waiting.values()))
    other = Dotted("r9.1", "incarnation", 0)
    purging._bury_write(cast("Any", write), written(other, None))
    assert not cast("Any", write).buried
    purging._bury_write(cast("Any", write), written(other, None, cast("Any", write).record))
    assert cast("Any", write).buried


REFUSED = [
    ({}, PutAfter(1, "k", "v", None, "r1.1"), "the context is none that a read has returned"),
    ({}, DeleteAfter(1, "k", None, "r1.1~5-3@"), "the context is none that a read has returned"),
    ({"merge": "union"}, Put(1, "k", "v", None), "the value is no JSON list of strings, and siblings are united"),
    ({"merge": "union"}, Put(1, "k", "[1]", None), "the value is no JSON list of strings, and siblings are united"),
    ({}, Put(1, "k", "v" * 81_921, None), "the value is longer than 81920 bytes"),
    ({"siblings_max": 2}, Put(1, "k", "v" * 1_048_577, None), "the value is longer than 1048576 bytes"),
]


@pytest.mark.parametrize(("changes", "message", "error"), REFUSED)
def test_what_is_refused(changes: dict[str, Any], message: Any, error: str) -> None:
    answer = ask(rig_of(**changes), "r1", message)
    assert answer.outcome == "refused"
    assert (answer.error or "").startswith(error)


def test_how_many_siblings_were_dropped_is_counted() -> None:
    rig = rig_of(siblings_max=2)
    for op in (1, 2, 3):
        ask(rig, "r1", Put(op, "k", f"w{op}", None))
    assert rig.metrics("r1")["siblings_dropped"] == 1
    assert "siblings_dropped" not in Rig(cluster()).metrics("r1")


def operation(number: int, kind: Kind, value: str | None = None) -> Operation:
    return Operation(number, 0, "c1", "r1", kind, "k", value)


def test_a_session_remembers_what_it_has_read_last() -> None:
    memory = Memory(structs.replace(cluster(), versions="dotted", merge="union"))
    get, put, delete = operation(1, "get"), operation(2, "put", "w2"), operation(3, "delete")
    assert memory.context(put) is None
    assert memory.value(put) == '["w2"]'
    memory.read(get, "ok", '["w1"]', "c1")
    assert [memory.context(each) for each in (put, delete, get)] == ["c1", "c1", None]
    assert memory.value(put) == '["w1","w2"]'
    memory.read(get, "unknown", None, None)
    memory.read(put, "ok", None, "c9")
    assert memory.context(put) == "c1"
    memory.read(get, "ok", None, None)  # nothing is there any more
    assert memory.context(put) is None
    memory.read(get, "ok", '["w1"]', "c1")
    memory.forget()
    assert (memory.context(put), memory.value(put)) == (None, '["w2"]')
    plain = Memory(cluster())
    plain.read(get, "ok", "w1", "r1.1")
    assert (plain.context(put), plain.value(put)) == (None, "w2")
