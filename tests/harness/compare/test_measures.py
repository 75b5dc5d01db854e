"""What is measured of a run, against plain definitions of it; and that to measure changes nothing."""

from functools import cache

import msgspec
import pytest

from checkers import files
from checkers.facts import gather
from checkers.history import (
    AnyEvent,
    Change,
    Copy,
    Fault,
    History,
    Invoke,
    Life,
    Message,
    Metrics,
    Return,
    Version,
    ordered,
)
from checkers.versions import rank
from harness.compare.measures import CAUSES, LOOK_NS, NEVER, WINDOW_NS, Measures, causes_of, measure
from harness.plan import Plan
from harness.policy import load as load_policy
from harness.policy import over
from harness.scenario import draw, load
from harness.stages.simulation import network
from harness.stages.simulation.stage import perform
from replicas.store.frames import frame
from replicas.store.messages import AnyMessage
from tests.checkers.story import Story

SEEDS = (1, 2, 3)
POLICIES = ("none", "async", "three-lines")
RUNS = [(seed, policy) for seed in SEEDS for policy in POLICIES]


@cache
def performed(seed: int, policy: str) -> tuple[Plan, History, Measures]:
    scenario = load("compare")
    workload = msgspec.structs.replace(scenario.workload, operations=150, keys=30)
    plan, _ = draw(msgspec.structs.replace(scenario, workload=workload), "compare", seed)
    plan = over(plan, load_policy(policy))
    history = perform(plan, measured=True)
    return plan, history, measure(plan, history)


@pytest.mark.parametrize(("seed", "policy"), RUNS)
def test_to_measure_changes_nothing_of_what_happens(seed: int, policy: str) -> None:
    plan, history, _ = performed(seed, policy)
    left: list[History] = []
    for each in (perform(plan), history):
        events = [msgspec.structs.replace(event) for event in each.events]
        for event in events:
            if isinstance(event, Message):
                event.bytes = msgspec.UNSET
        left.append(ordered(each.header, [event for event in events if not _is_look(event)]))
    assert files.digest(left[0]) == files.digest(left[1])
    assert b'"bytes"' not in msgspec.json.encode(left[0].events)
    assert b'"bytes"' in msgspec.json.encode(history.events)


def _is_look(event: AnyEvent) -> bool:
    return isinstance(event, Metrics) and len(event.values) == 1


def test_a_message_is_as_long_as_its_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    plan, history, _ = performed(1, "three-lines")
    lengths: list[int] = []

    def framed(message: AnyMessage) -> bytearray:
        data = frame(message)
        lengths.append(len(data))
        return data

    monkeypatch.setattr(network, "frame", framed)
    unlimited = msgspec.structs.replace(plan, network=msgspec.structs.replace(plan.network, bytes_per_s=0))
    again = perform(unlimited, measured=True)
    sizes = [event.bytes for event in again.events if isinstance(event, Message)]
    assert len(set(sizes)) > 10
    assert set(sizes) == set(lengths)
    assert all(event.bytes is not msgspec.UNSET for event in history.events if isinstance(event, Message))


@pytest.mark.parametrize(("seed", "policy"), RUNS)
def test_operations_and_messages_add_up(seed: int, policy: str) -> None:
    plan, history, it = performed(seed, policy)
    backs = {event.op: event for event in history.events if isinstance(event, Return)}
    assert it.counts["operations"] == len(plan.operations)
    reads = [backs[each.id].at - each.at_ns for each in plan.operations
             if each.kind == "get" and backs[each.id].outcome == "ok"]  # fmt: skip
    assert sorted(it.samples["reads"]) == sorted(reads)
    messages = [event for event in history.events if isinstance(event, Message)]
    assert sum(it.counts[f"messages {cause}"] for cause in CAUSES) == len(messages) == it.counts["messages"]
    assert sum(it.counts[f"bytes {cause}"] for cause in CAUSES) == it.counts["bytes"]
    assert it.counts["bytes"] == sum(each.bytes for each in messages if each.bytes is not msgspec.UNSET)


@pytest.mark.parametrize(("seed", "policy"), RUNS)
def test_a_mechanism_that_is_off_sends_nothing(seed: int, policy: str) -> None:
    _, _, it = performed(seed, policy)
    on = {cause for cause in ("read repair", "hints", "anti-entropy") if it.counts[f"messages {cause}"]}
    possible = {"none": set(), "async": {"read repair"}, "three-lines": {"read repair", "hints", "anti-entropy"}}
    assert on <= possible[policy]
    assert policy != "three-lines" or {"hints", "anti-entropy"} <= on


def test_the_cause_of_a_copy_is_that_which_the_replica_names() -> None:
    """The messages do not say it, their receivers do."""
    told = {"write": "foreground", "hinted handoff": "hints"}
    seen: set[str] = set()
    for seed in SEEDS:
        _, history, _ = performed(seed, "three-lines")
        facts = gather(history)
        causes = {message.id: cause for message, cause in zip(facts.messages, causes_of(facts), strict=True)}
        for change in facts.changes:
            if change.message in causes and change.new and not change.new.purgeable:
                seen.add(change.cause)
                assert causes[change.message] == told.get(change.cause, change.cause)
    assert seen >= {"write", "read repair", "hinted handoff", "anti-entropy"}


def test_a_write_that_brings_another_version_repairs() -> None:
    story = Story()
    op = story.ask("put", "x")
    for kind, version in (("store", 2), ("store", 2), ("newer", None), ("fetch", None), ("fetched", 3), ("store", 3)):
        of = Version(version, "r1") if version else None
        story.add(Message(at=story.now, id="m", born=0, sender="A", to="B", kind=kind, origin=f"op {op}", version=of))
    assert causes_of(gather(story.history())) == ["foreground"] * 2 + ["write repair"] * 4


@pytest.mark.parametrize(("seed", "policy"), RUNS)
def test_until_a_write_is_everywhere(seed: int, policy: str) -> None:
    _, history, it = performed(seed, policy)
    order = rank(history.header.tie)
    asked = {event.op: event for event in history.events if isinstance(event, Invoke)}
    changes = [event for event in history.events if isinstance(event, Change) and event.new is not None]
    waits = []
    for back in history.events:
        if isinstance(back, Return) and back.outcome == "ok" and asked[back.op].kind != "get":
            assert back.version is not None
            invoke = asked[back.op]
            copy = Copy(back.version, invoke.kind == "delete", invoke.value)
            first: list[int] = []
            for node in history.header.replicas[invoke.key]:
                held = [
                    each.at
                    for each in changes
                    if (each.node, each.key) == (node, invoke.key) and each.new and order(each.new) >= order(copy)
                ]
                first.append(min(held, default=NEVER))
            waits.append(NEVER if NEVER in first else max(0, max(first) - back.at))
    assert sorted(it.samples["everywhere"]) == sorted(waits)
    assert it.counts["writes never everywhere"] == waits.count(NEVER)


@pytest.mark.parametrize(("seed", "policy"), RUNS)
def test_keys_that_differ_when_the_last_fault_ends(seed: int, policy: str) -> None:
    plan, history, it = performed(seed, policy)
    healed = max(event.at for event in history.events if isinstance(event, Fault) and event.phase == "healed")
    assert plan.unrest_ns // 4 < healed < plan.unrest_ns * 3 // 4
    before, after = _apart(history, healed), _apart(history, history.events[-1].at)
    assert len(it.samples["converging all"]) == len(before)
    asked = {event.key for event in history.events if isinstance(event, Invoke) and event.at > healed}
    assert len(it.samples["converging cold"]) == len(before - asked)
    assert it.counts["keys never all"] == it.samples["converging all"].count(NEVER) <= len(after)
    if policy == "three-lines":
        assert not after
        assert NEVER not in it.samples["converging all"]


def _apart(history: History, at: int) -> set[str]:
    """What each node holds after all that came up to this moment; marked tombstones are the same as nothing."""
    held: dict[str, dict[str, Copy | None]] = {}
    down: set[str] = set()
    for event in history.events:
        if event.at <= at and isinstance(event, Change):
            live = event.new is not None and not event.new.purgeable
            held.setdefault(event.key, {})[event.node] = event.new if live else None
        elif event.at <= at and isinstance(event, Life):
            down = down - {event.node} if event.what == "started" else down | {event.node}
    states = {
        key: [of_key.get(node) for node in history.header.replicas[key] if node not in down]
        for key, of_key in held.items()
    }
    return {key for key, copies in states.items() if any(copy != copies[0] for copy in copies)}


@pytest.mark.parametrize("policy", POLICIES)
def test_the_curve_of_divergence(policy: str) -> None:
    _, history, it = performed(2, policy)
    assert len(it.divergent) == history.events[-1].at // LOOK_NS + 1
    for place in range(0, len(it.divergent), 5):
        assert it.divergent[place] == len(_apart(history, place * LOOK_NS))


def test_the_peak_of_repairs_is_that_of_the_fullest_window() -> None:
    _, history, it = performed(1, "three-lines")
    healed = max(event.at for event in history.events if isinstance(event, Fault) and event.phase == "healed")
    facts = gather(history)
    sent = [
        (message.at - healed, message.bytes)
        for message, cause in zip(facts.messages, causes_of(facts), strict=True)
        if message.at >= healed and cause in ("read repair", "hints", "anti-entropy")
        and message.bytes is not msgspec.UNSET
    ]  # fmt: skip
    starts = range(0, max(at for at, _ in sent) + 1, WINDOW_NS)
    fullest = max(sum(size for at, size in sent if start <= at < start + WINDOW_NS) for start in starts)
    assert it.counts["peak repair bytes/s"] == fullest * 10 > 0
    assert it.samples["in storm"]
    assert it.samples["before faults"]


def test_hints_wait_under_the_policies_that_have_them() -> None:
    assert performed(1, "three-lines")[2].counts["hints waiting at most"] > 0
    assert performed(1, "async")[2].counts["hints waiting at most"] == 0


def test_a_history_that_was_not_measured_leaves_out_what_it_lacks() -> None:
    plan, _, measured = performed(1, "async")
    bare = measure(plan, perform(plan))
    assert "bytes" not in bare.counts or not bare.counts["bytes"]
    assert "operations sized" not in bare.counts
    assert bare.samples["reads"] == measured.samples["reads"]
