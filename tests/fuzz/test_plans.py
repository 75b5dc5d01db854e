"""Plans with something wrong in them: refused with place, what and remedy, or performed to a verdict."""

import json
import tempfile
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from harness.demonstrations import PLANS
from harness.faults.table import KINDS
from harness.plan import MS, Plan, check, read
from harness.run import EXIT_CODES, run
from harness.scenario import draw, load
from harness.wrong import Wrong
from replicas.store.flaws import FLAWS
from tests.fuzz.effort import cases, no_hang, told
from tests.fuzz.spoil import damaged, spoilt
from tests.harness.plans import SECOND, small_plan

WORDS = ["r1", "r2", "r9", "ONE", "ALL", "THREE", *KINDS, *FLAWS, 1, 3, 5, MS, SECOND, 30 * SECOND]
DUMPS_NS = 3 * SECOND  # what the readings of the mend phase may take beside the looks


@cache
def documents() -> list[Any]:
    """By hand, drawn, and one of each demonstration, short enough to be performed in a moment."""
    drawn = [draw(load("default"), "default", seed)[0] for seed in (1, 2, 3)]
    short = [msgspec.structs.replace(plan, operations=plan.operations[:15]) for plan in drawn]
    plans = [small_plan(), *short, *(PLANS[name](name) for name in sorted(PLANS))]
    return [msgspec.json.decode(msgspec.json.encode(plan)) for plan in plans]


def is_small(plan: Plan) -> bool:
    """What is left out is not wrong, only long: all of it is performed round by round."""
    policy, cluster = plan.policy, plan.cluster
    looks_ns = 4 * plan.mend_rounds_max * policy.round_every_ns
    quickest_ns = min(policy.round_every_ns, policy.hint_every_ns if policy.hints == "handoff" else SECOND)
    parameters = [number for fault in plan.faults for number in fault.parameters.values() if number]
    beats_ns = min(parameters, default=MS)
    virtual_ns = plan.unrest_ns + (1 + len(plan.operations)) * plan.client_timeout_ns + looks_ns
    return virtual_ns / quickest_ns * len(cluster.nodes) ** 2 < 30_000 and plan.unrest_ns / beats_ns < 10**9


def ends_by_ns(plan: Plan) -> int:
    """The latest end of a run in virtual time: clients ask one thing after the other, and looks are a round apart."""
    waiting_ns = (1 + len(plan.operations)) * plan.client_timeout_ns
    looks_ns = 2 * (4 * plan.mend_rounds_max + 3) * plan.policy.round_every_ns
    return plan.unrest_ns + waiting_ns + looks_ns + DUMPS_NS


def refused(path: Path) -> Wrong | Plan:
    try:
        return read(path)
    except Wrong as wrong:
        assert wrong.place.startswith(str(path))
        assert wrong.what
        assert wrong.remedy
        return wrong


def test_a_spoilt_plan_is_refused_or_ends_with_a_verdict() -> None:
    seen: Counter[str] = Counter()

    @cases(250)
    @given(st.sampled_from(documents()).flatmap(lambda document: spoilt(document, WORDS)))
    def judge(document: Any) -> None:
        with tempfile.TemporaryDirectory() as name, no_hang():
            path = Path(name) / "plan.json"
            path.write_text(json.dumps(document))
            plan = refused(path)
            if isinstance(plan, Wrong):
                seen["refused"] += 1
                return
            check(plan, "once more")
            seen["taken"] += 1
            if is_small(plan):
                seen[perform(plan, Path(name))] += 1

    judge()
    told("plans", seen)
    assert min(seen["refused"], seen["holds"]) > 10


def perform(plan: Plan, folder: Path) -> str:
    report = run(plan, "simulation", runs=folder)
    assert report.verdict in EXIT_CODES
    assert plan.flaw or report.verdict != "violated", "a false alarm, or a store that breaks its word"
    events = (Path(report.folder) / "history.jsonl").read_bytes().splitlines()
    assert msgspec.json.decode(events[-1])["at"] <= ends_by_ns(plan)
    return report.verdict


@cases(300, share=0.2)
@given(damaged(st.sampled_from(documents()).map(lambda document: json.dumps(document).encode())))
def test_a_damaged_file_is_refused_or_a_plan(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as name, no_hang():
        path = Path(name) / "plan.json"
        path.write_bytes(data)
        refused(path)


@cases(50, share=0.02)
@given(st.sampled_from([b"[", b'{"seed":', b'{"format": 1, "x": [', b'{"format": [']), st.integers(1, 200_000))
def test_a_file_nested_without_end_is_refused(start: bytes, depth: int) -> None:
    with tempfile.TemporaryDirectory() as name, no_hang():
        path = Path(name) / "plan.json"
        path.write_bytes(start + b"[" * depth)
        assert isinstance(refused(path), Wrong)
