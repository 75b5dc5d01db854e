"""What the timeline is given is what the history says."""

from pathlib import Path
from typing import Any

import pytest

from checkers.history import Change, Invoke, Return
from harness.report.case import Case
from harness.report.runpage import timeline
from harness.report.runpage.subject import Subject
from tests.harness.report.runpage.timelines import column, subject


@pytest.fixture(scope="module")
def data(broken: Subject) -> dict[str, Any]:
    return timeline.section(broken)


def test_each_operation_is_a_row(broken: Subject, data: dict[str, Any]) -> None:
    backs = {event.op: event for event in broken.facts.events if isinstance(event, Return)}
    told = {operation.id: operation for operation in broken.plan.operations}
    invokes = [event for event in broken.facts.events if isinstance(event, Invoke)]
    rows = data["operations"]
    assert column(rows, "id") == [invoke.op for invoke in invokes]
    assert column(rows, "at") == [invoke.at // 1000 for invoke in invokes]
    assert column(rows, "planned") == [told[invoke.op].at_ns // 1000 for invoke in invokes]
    assert [data["clients"][each] for each in rows["client"]] == [told[invoke.op].client for invoke in invokes]
    took = [back.at // 1000 - invoke.at // 1000 if (back := backs.get(invoke.op)) else -1 for invoke in invokes]
    assert rows["took"] == took
    outcomes = [back.outcome if (back := backs.get(invoke.op)) else "open" for invoke in invokes]
    assert [data["outcomes"][each] for each in rows["outcome"]] == outcomes
    assert {"ok", "unknown"} <= set(outcomes)


def test_each_change_is_a_row(broken: Subject, data: dict[str, Any]) -> None:
    changes = [event for event in broken.facts.events if isinstance(event, Change)]
    rows = data["changes"]
    assert column(rows, "seq") == [change.seq for change in changes]
    states = [0 if it is None else 3 if it.purgeable else 2 if it.dead else 1 for it in (each.new for each in changes)]
    assert rows["state"] == states
    assert set(states) == {0, 1, 2, 3}
    versions = [each.new and [str(each.new.version.time), each.new.version.by] for each in changes]
    assert [None if each < 0 else data["versions"][each] for each in rows["version"]] == versions


def test_versions_are_numbered_as_in_stories(broken: Subject, data: dict[str, Any]) -> None:
    for key, numbering in zip(data["keys"], data["numbering"], strict=True):
        told = Case(broken.plan, broken.facts, key).names
        names = {(str(version.time), version.by): name for version, name in told.items()}
        assert names == {tuple(data["versions"][each]): f"v{place}" for place, each in enumerate(numbering, 1)}
    assert max(map(len, data["numbering"])) > 20


def test_clients_stand_in_the_order_of_their_numbers(data: dict[str, Any]) -> None:
    assert data["clients"] == [f"c{number}" for number in range(1, len(data["clients"]) + 1)]


def test_who_is_paused_is_told_apart_from_who_is_down(tmp_path: Path) -> None:
    seen: dict[str, list[tuple[list[str], list[str]]]] = {}
    for seed in range(1, 5):
        for fault in timeline.section(subject(tmp_path, seed, None))["faults"]:
            seen.setdefault(fault["kind"], []).append((fault["nodes"], fault["paused"]))
    assert {"pause", "kill"} <= set(seen)
    assert all(nodes == paused != [] for kind in ("pause", "slow") for nodes, paused in seen.get(kind, []))
    assert all(paused == [] for kind in set(seen) - {"pause", "slow"} for _, paused in seen[kind])
