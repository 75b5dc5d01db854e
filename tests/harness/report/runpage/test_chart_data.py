"""What the sections of charts tell of a run, against sums over its events."""

from collections import Counter
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest

from checkers.history import Change, Invoke, Message, Metrics, Return
from harness.compare.measures import causes_of
from harness.report.runpage import divergence, performance
from harness.report.runpage.subject import Subject
from harness.samples import Sample, write
from tests.harness.report.runpage.runs import sampled, simulated


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    return simulated(tmp_path_factory.mktemp("run"))


def value_at(curve: dict[str, Any], us: int) -> int:
    times = list(accumulate(curve["at"]))
    found: int = [peak for at, peak in zip(times, curve["peak"], strict=True) if at <= us][-1]
    return found


def test_the_summary_is_what_the_terminal_says(run: Subject) -> None:
    summary, measured = divergence.section(run)["summary"], run.report.divergence
    assert measured
    assert summary["differed"] == measured.differed > 0
    assert summary["worst"] == measured.worst_key
    assert summary["longest"] == measured.longest_ns // 1000
    assert summary["keys"] == len(run.facts.header.replicas)


def test_messages_are_counted_once_each_by_what_set_them_off(run: Subject) -> None:
    counts = divergence.section(run)["messages"]["counts"]
    assert {cause: sum(bins) for cause, bins in counts.items() if sum(bins)} == Counter(causes_of(run.facts))
    wide = divergence.section(run)["messages"]["wide"]
    sent = [event.at for event in run.facts.events if isinstance(event, Message)]
    for place in (0, 100, 250, 499):
        within = sum(place * wide * 1000 <= at < (place + 1) * wide * 1000 for at in sent)
        assert sum(bins[place] for bins in counts.values()) == within


def test_replicas_without_an_audit_tell_nothing_of_what_they_hold(run: Subject) -> None:
    header = run.facts.header
    header.audited = False
    try:
        found = divergence.section(run)
    finally:
        header.audited = True
    assert found["summary"] is None
    assert "total" not in found
    assert sum(map(sum, found["messages"]["counts"].values()))


def test_hints_are_as_samples_have_them_else_as_metrics_else_nobody_looked(run: Subject, tmp_path: Path) -> None:
    assert divergence.section(run)["hints"] == []  # metrics are taken once, at the end
    looked = simulated(tmp_path, measured=True)
    by_metrics = {each["node"]: each["curve"] for each in divergence.section(looked)["hints"]}
    for event in looked.facts.events:
        if isinstance(event, Metrics) and event.at < looked.facts.events[-1].at:
            assert value_at(by_metrics[event.node], event.at // 1000) == event.values["hints_waiting"]
    sampled(tmp_path, looked.facts.header.nodes)
    by_samples = {each["node"]: each["curve"] for each in divergence.section(looked)["hints"]}
    assert [value_at(curve, 1_050_000) for curve in by_samples.values()] == [0, 10, 20, 30]


def test_quantiles_are_by_nearest_rank_from_when_an_operation_was_due(run: Subject) -> None:
    due = {operation.id: operation.at_ns for operation in run.plan.operations}
    invokes = {event.op: event for event in run.facts.events if isinstance(event, Invoke)}
    returns = [event for event in run.facts.events if isinstance(event, Return)]
    told = performance.quantiles(run)
    assert {(each["kind"], each["node"]) for each in told} >= {("", ""), ("get", ""), ("", "r1"), ("put", "r2")}
    for each in told:
        of = [
            back
            for back in returns
            if each["kind"] in ("", invokes[back.op].kind) and each["node"] in ("", invokes[back.op].node)
        ]
        took = sorted((back.at - due[back.op]) // 1000 for back in of if back.outcome == "ok")
        assert each["ok"] == len(took)
        assert each["failed"] == sum(back.outcome == "failed" for back in of)
        *ranked, worst = each["took"]
        assert worst == max(took, default=None)
        for percent, value in zip((50, 95, 99), ranked, strict=True):
            assert (value is None) == (len(took) < 100 / (100 - percent))
            if value is None:
                continue
            assert sum(other <= value for other in took) * 100 >= percent * len(took)
            assert sum(other < value for other in took) * 100 < percent * len(took)


def test_cpu_is_a_share_of_a_core_between_samples_and_a_start_begins_anew() -> None:
    def sample(tick: int, ms: int | None) -> Sample:
        return Sample(tick * 10**8, "r1", None if ms is None else ms * 10**6, None)

    taken = [sample(0, 5), sample(1, 30), sample(2, 130), sample(3, None), sample(4, 10), sample(5, 20), sample(6, 40)]
    spent = performance.cpu(taken, [45 * 10**7])
    tenths = [(at // 10**8, share) for at, share in spent]
    assert tenths == [(0, 25), (1, 100), (2, None), (3, None), (4, None), (5, 20), (6, None)]
    assert performance.cpu([sample(0, 50), sample(1, 20)], []) == [(0, None), (10**8, None)]


def test_two_samples_in_one_tick_of_the_clock_make_no_peak() -> None:
    taken = [Sample(at * 10**6, "r1", cpu * 10**6, None) for at, cpu in ((0, 0), (200, 20), (204, 24), (400, 40))]
    assert performance.cpu(taken, []) == [(0, 10), (200 * 10**6, 10), (400 * 10**6, None)]


def test_what_was_not_sampled_is_not_told(run: Subject, tmp_path: Path) -> None:
    assert performance.section(run)["cpu"] == performance.section(run)["memory"] == []
    sampled(tmp_path, run.facts.header.nodes)
    found = performance.section(run._replace(folder=tmp_path))
    assert [value_at(each["curve"], 999_999) for each in found["cpu"]] == [25, 12, 6, 3]
    assert [value_at(each["curve"], 0) for each in found["memory"]] == [51200, 52224, 53248, 54272]
    write([Sample(0, "r1")], tmp_path)
    assert performance.section(run._replace(folder=tmp_path))["memory"] == []


def test_no_change_by_repair_is_without_an_ink(run: Subject) -> None:
    source = Path(performance.__file__).parents[1] / "pages/run/charts-sections.js"
    inks = source.read_text("utf-8").partition("CAUSE_INKS = {")[2].partition("}")[0]
    causes = set(Change.__annotations__["cause"].__args__) - {"write"}
    assert not [cause for cause in causes if f'"{cause}"' not in inks]
