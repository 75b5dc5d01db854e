"""What faults met, counted once more by looking at everything with everything."""

from collections import Counter
from itertools import product
from pathlib import Path

from checkers.history import Change, Fault, History, Invoke, Life, Message, Return
from harness.campaign.coverage import ANY, MECHANISMS, Cell, cells, met
from harness.reproduce.trial import trial
from harness.scenario import draw, load
from tests.harness.campaign.conftest import FLAW
from tests.harness.campaign.files import query


def recount(history: History) -> set[Cell]:
    """By the words of the guide: each fault, at both of its ends, against each event."""
    faults = {each.fault: each for each in history.events if isinstance(each, Fault) and each.phase == "applied"}
    healed = {each.fault: each.at for each in history.events if isinstance(each, Fault) and each.phase == "healed"}
    last = max(event.at for event in history.events)
    ends = {each.op: each.at for each in history.events if isinstance(each, Return)}
    found: set[Cell] = set()
    for name, fault in faults.items():
        phases: set[str] = set()
        for edge, event in product((fault.at, healed.get(name, last)), history.events):
            phases |= under_way(event, edge, history, ends)
        for other in faults.values():
            until = healed.get(other.fault, last)
            if other is not fault and any(other.at <= edge <= until for edge in (fault.at, healed.get(name, last))):
                phases.add("another fault")
        work = {
            "purge" if event.cause == "purgeable" else event.cause
            for event in history.events
            if isinstance(event, Change) and event.at >= fault.at
        }
        mechanisms = work & set(MECHANISMS)
        for phase, mechanism in product({*(phases or {"none of these"}), ANY}, {*mechanisms, ANY}):
            found.add((fault.kind, phase, mechanism))
    return found


def under_way(event: object, edge: int, history: History, ends: dict[int, int]) -> set[str]:
    if isinstance(event, Invoke):
        under = event.at <= edge <= ends.get(event.op, edge)
        return {"a read" if event.kind == "get" else "a write"} if under else set()
    if isinstance(event, Message) and event.at <= edge <= (event.received or event.at):
        origins = {"hint for": "hint replay", "round ": "anti-entropy", "purge ": "a purge"}
        return {phase for start, phase in origins.items() if event.origin.startswith(start)}
    if isinstance(event, Life) and event.what == "started":
        brought = [
            each.at
            for each in history.events
            if isinstance(each, Change)
            and each.cause == "bootstrap"
            and (each.node, each.incarnation) == (event.node, event.incarnation)
        ]
        return {"a bootstrap"} if brought and event.at <= edge <= max(brought) else set()
    return set()


def test_what_a_campaign_says_it_covered(whole: Path) -> None:
    counted = Counter[Cell]()
    for seed in range(1, 13):
        counted.update(recount(trial(draw(load("default"), "default", seed, FLAW)[0]).history))
    rows = query(whole, "SELECT kind, phase, mechanism, seeds FROM coverage")
    assert {(kind, phase, mechanism): seeds for kind, phase, mechanism, seeds in rows} == dict(counted)


def test_where_disks_are_wiped_bootstraps_are_met() -> None:
    found: set[Cell] = set()
    for seed in range(1, 6):
        history = trial(draw(load("wipes"), "wipes", seed)[0]).history
        assert cells(met(history)) == recount(history)
        found |= recount(history)
    assert any(phase == "a bootstrap" for _, phase, _ in found)
    assert ("wipe", ANY, "bootstrap") in found
