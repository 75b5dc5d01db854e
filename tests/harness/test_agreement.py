"""That the stages agree: counts that must be the same on both, the arithmetic of the report, and that it can say no.

Verdicts of flaws on both stages are in test_matrix.py; `ci/agreement` compares times, which no test may.
"""

from collections import Counter
from collections.abc import Callable
from math import log, sqrt
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkers.history import History, Invoke, Message
from harness.bench.agreement import measure, plans
from harness.bench.agreement.__main__ import write
from harness.bench.agreement.comparisons import SUBJECTS
from harness.bench.agreement.lines import Line, Pair
from harness.bench.agreement.performing import Outcome
from harness.bench.agreement.report import conclusion, rows
from harness.bench.agreement.samples import KS_RARE, ks_critical, ks_distance, quantile
from harness.bench.agreement.verdicts import Verdicts, expectations, only_simulated
from harness.faults.kinds import Fault
from harness.plan import MS, Disk, Network, Plan
from harness.promises import MATRIX
from harness.run import perform, silent
from harness.sketch import WITHOUT_ROUNDS, Cut, Step, sketch
from harness.stages.simulation.stage import perform as simulate
from workloads.operations import Operation

MISSED = 12
SAMPLES = st.lists(st.integers(0, 20).map(float), min_size=1, max_size=30).map(sorted)


def a_plan_whose_counts_are_exact() -> Plan:
    """r3 misses the second write of each key, and then reads all of them: each read finds that, and repairs once.
    Times are far apart, so that no stall of the machine may change what meets what."""
    base = sketch(
        "counts", [Step(0, "c1", "r1", "get")], [Cut("isolate", ["r3"], 700, 1400)], 2600, policy=WITHOUT_ROUNDS
    )
    policy = msgspec.structs.replace(base.policy, purge="never")
    operations: list[Operation] = []
    for number in range(MISSED):
        key, node = f"k{number}", f"r{1 + number % 2}"
        times = [20 + 20 * number, 900 + 20 * number, 1900 + 20 * number]
        operations += [
            Operation(3 * number, times[0] * MS, "c1", node, "put", key, f"first {number}"),
            Operation(3 * number + 1, times[1] * MS, "c1", node, "put", key, f"second {number}"),
            Operation(3 * number + 2, times[2] * MS, "c2", "r3", "get", key),
        ]
    operations.sort(key=lambda each: each.at_ns)
    return msgspec.structs.replace(base, policy=policy, operations=operations)


def counts(history: History) -> Counter[tuple[str, str, str]]:
    """Messages between nodes by the operation that they were for, the kind of the operation, and their own."""
    kinds = {f"op {event.op}": event.kind for event in history.events if isinstance(event, Invoke)}
    sent = (event for event in history.events if isinstance(event, Message) and event.origin in kinds)
    return Counter((event.origin, kinds[event.origin], event.kind) for event in sent)


@pytest.mark.processes
def test_messages_by_kind_and_repairs_per_read_are_the_same_on_both_stages(tmp_path: Path) -> None:
    plan = a_plan_whose_counts_are_exact()
    real, _ = perform(plan, "processes", tmp_path / "run", "auto", silent)
    simulated = simulate(plan)
    assert counts(real) == counts(simulated)
    for history in (real, simulated):
        assert measure.succeeded(history) == len(plan.operations)
        assert measure.metric(history, "repairs_started") == measure.metric(history, "repairs_done") == MISSED
        assert measure.differences(history) == measure.metric(history, "reads") == MISSED
        by_kind = Counter((kind, sent) for _, kind, sent in counts(history).elements())
        assert by_kind["put", "store"] == 2 * 2 * MISSED, "each put goes to the two other replicas"
        assert by_kind["put", "stored"] == (2 + 1) * MISSED, "and r3 was told of the first ones only"
        assert by_kind["get", "fetch"] == by_kind["get", "fetched"] == 2 * MISSED


def late(plan: Plan, delay_ms: int, jitter_ms: int) -> Plan:
    parameters = {"delay_ns": delay_ms * MS, "jitter_ns": jitter_ms * MS}
    faults = [Fault("f1", "latency", plan.cluster.names(), 0, plan.unrest_ns, parameters)]
    return msgspec.structs.replace(plan, faults=faults)


def with_policy(plan: Plan, **changes: Any) -> Plan:
    return msgspec.structs.replace(plan, policy=msgspec.structs.replace(plan.policy, **changes))


CHANGES: dict[str, Callable[[Plan], Plan]] = {
    "none": lambda plan: plan,
    "later links": lambda plan: late(plan, 25, 8),
    "less jitter": lambda plan: late(plan, 20, 0),
    "skips-repair": lambda plan: msgspec.structs.replace(plan, flaw="skips-repair"),
    "rarer rounds": lambda plan: with_policy(plan, round_every_ns=400 * MS),
    "rarer hints": lambda plan: with_policy(plan, hint_every_ns=300 * MS),
}


def compared(subject: str, change: str) -> list[Line]:
    """The simulation in place of the processes, with all other chance; and the simulation as it drifted."""
    pairs = []
    for seed in plans.SEEDS:
        plan = plans.calibrated(SUBJECTS[subject].plan_of(seed), Network(100_000, 400_000), Disk(100_000, 900_000), {})
        other = msgspec.structs.replace(plan, seed=seed + 1000)
        pairs.append(Pair(simulate(other), simulate(CHANGES[change](plan))))
    return [line for compare in SUBJECTS[subject].comparisons for line in compare(subject, pairs)]


@pytest.mark.parametrize("subject", SUBJECTS)
def test_other_chance_is_no_difference(subject: str) -> None:
    lines = compared(subject, "none")
    assert [line for line in lines if not line.agrees()] == []
    assert all(line.why and line.bound >= 0 for line in lines)


DRIFTS = [
    ("slow links", "later links", ["latency of reads, p50", "latency of writes, distribution (mean; KS distance)"]),
    ("slow links", "less jitter", ["latency of reads, distribution (mean; KS distance)"]),
    ("hot keys", "skips-repair", ["repairs per read"]),
    ("stale reads", "skips-repair", ["repairs per read"]),
    ("rounds", "rarer rounds", ["a missed copy comes after the cut", "rounds a second"]),
    ("hints", "rarer hints", ["a missed copy comes after the cut"]),
]


@pytest.mark.parametrize(("subject", "change", "found"), DRIFTS)
def test_a_simulator_that_drifts_is_found_out(subject: str, change: str, found: list[str]) -> None:
    lines = {line.what: line for line in compared(subject, change)}
    assert [lines[what] for what in found if lines[what].agrees()] == []


@given(SAMPLES, SAMPLES)
def test_the_distance_of_two_samples_against_brute_force(one: list[float], other: list[float]) -> None:
    def share(sample: list[float], most: float) -> float:
        return len([each for each in sample if each <= most]) / len(sample)

    assert ks_distance(one, other) == max(abs(share(one, x) - share(other, x)) for x in range(-1, 22))
    assert ks_distance(one, other) == ks_distance(other, one) <= 1
    assert ks_distance(one, one) == 0
    apart = [each + 100 for each in other]
    assert ks_distance(one, apart) == 1


def test_the_critical_distance_is_that_of_the_tables() -> None:
    """c = √(-ln(p/2) / 2), which is 1.949 for p = 0.001: two samples of 100 may be 0.276 apart."""
    assert pytest.approx(sqrt(-log(0.001 / 2) / 2), abs=0.001) == KS_RARE
    assert ks_critical(100, 100) == pytest.approx(0.2756, abs=0.0005)


@given(SAMPLES, st.sampled_from([0.5, 0.9, 0.99]))
def test_quantiles_by_nearest_rank(sample: list[float], share: float) -> None:
    found = quantile(sample, share)
    assert sum(each <= found for each in sample) >= share * len(sample)
    assert sum(each >= found for each in sample) >= len(sample) - int(share * len(sample))


def test_calibration_finds_the_delays_that_were_set() -> None:
    """The median of what was measured is that of what the simulator draws."""
    plan = plans.calibrated(plans.calm(1), Network(300_000, 900_000), Disk(400_000, 1_000_000), {"r1": -5 * MS})
    history = simulate(plan)
    network, disk = measure.network_of([history]), measure.disk_of(history)
    assert measure.starts_of(history) == {"r1": -5 * MS}
    assert (network.delay_min_ns + network.delay_max_ns) / 2 == pytest.approx(600_000, rel=0.15)
    assert (disk.sync_min_ns + disk.sync_max_ns) / 2 == pytest.approx(700_000, rel=0.15)
    assert 300_000 <= network.delay_min_ns < 600_000
    assert 400_000 <= disk.sync_min_ns < 700_000


def test_faults_that_came_late_come_as_late_again() -> None:
    """Half of the lateness, since links are told one after the other; and never after unrest."""
    plan = plans.rounds(1)
    shown = plans.as_late(plan, {fault.id: (40 * MS, 60 * MS) for fault in plan.faults})
    lateness = measure.lateness_of(plan, simulate(shown))
    *others, last = [fault.id for fault in plan.faults]
    assert lateness == {**dict.fromkeys(others, (20 * MS, 30 * MS)), last: (20 * MS, 0)}


def test_every_flaw_and_near_miss_that_both_stages_can_perform_is_compared() -> None:
    named = {name for cell in MATRIX for name in (*cell.flaws, *cell.near_misses)}
    assert expectations().keys() == {name for name in named if not only_simulated(name)}
    assert len(expectations()) >= 30


def test_the_report_names_what_differs(tmp_path: Path) -> None:
    lines = [
        Line("calm", "rounds", "1/s", 5.0, 5.1, 0.1, 0.2, "so"),
        Line("calm", "hints", "", 5.0, 9.0, 4.0, 2.0, "so"),
    ]
    verdicts = [
        Verdicts("skips-repair", "monotonic reads", "violated", "violated", "violated"),
        Verdicts("repairs-all", "monotonic reads", "holds", "violated", "violated"),
        Verdicts("takes-equal", "no version regression", "holds", "holds", "unknown"),
    ]
    outcome = Outcome("the stand-in", Network(), {"calm/1": Disk()}, lines, verdicts)
    assert outcome.differing() == ["calm: hints", "flaw or near miss repairs-all", "flaw or near miss takes-equal"]
    assert [row[-1] for row in rows(outcome)] == ["agree", "DIFFER", "agree", "DIFFER", "DIFFER"]
    assert "differ in 3 of 5" in conclusion(outcome)
    write(outcome, tmp_path / "report.md")
    write(outcome, tmp_path / "report.json")
    assert "| calm | hints | 5 | 9 | 4 | 2 | DIFFER |" in (tmp_path / "report.md").read_text()
    assert msgspec.json.decode((tmp_path / "report.json").read_bytes(), type=Outcome) == outcome
