"""The charts of a run's page in a browser: what they draw, tell and do."""

import re
from collections.abc import Callable, Iterator
from itertools import accumulate, combinations, pairwise
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page

from checkers import divergence
from checkers.history import Invoke, Return
from harness.report.runpage.subject import Subject
from tests.harness.report.browser import NARROW, WIDE, Opened, Scheme, boxes
from tests.harness.report.runpage.charting import drawn, laid, plot, shown, told, walk, written
from tests.harness.report.runpage.runs import HOSTILE, plan, renamed, sampled, simulated, subject

pytestmark = pytest.mark.xdist_group("browser")
OpenRun = Callable[..., Page]
CHARTS = ("apart", "pairs", "behind", "repairs", "messages", "hints", "tombstones", "latency", "rate", "cpu", "memory")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    """All that can be measured is there."""
    folder = tmp_path_factory.mktemp("run")
    found = simulated(folder, measured=True)
    sampled(folder, found.facts.header.nodes)
    return found


@pytest.fixture(scope="module")
def file(run: Subject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(run, tmp_path_factory.mktemp("page"))


@pytest.fixture
def open_run(tabs: BrowserContext) -> Iterator[OpenRun]:
    opened: list[Opened] = []

    def start(file: Path, *, narrow: bool = False, scheme: Scheme = "light") -> Page:
        opened.append(Opened(tabs, file, NARROW if narrow else WIDE, scheme))
        opened[-1].tab.wait_for_selector("html[data-ready=yes]", state="attached")
        return opened[-1].tab

    yield start
    for each in opened:
        each.tab.close()
        assert not each.said
        assert [url for url in each.asked if not url.startswith(("data:", "blob:"))] == each.asked[:1]


def test_every_chart_draws_what_was_measured(run: Subject, file: Path, open_run: OpenRun) -> None:
    tab = open_run(file)
    for name in CHARTS:
        assert tab.locator(f"#{name} :is(svg path, .heat1)").count() > 0
    assert tab.locator(".chart .empty").count() == 0
    assert tab.locator(".chart .fault-name").count() == 0
    for name in CHARTS:
        assert tab.locator(f"#{name} rect.fault").count() == len(run.plan.faults)


def test_keys_out_of_agreement_are_those_of_the_checker(run: Subject, file: Path, open_run: OpenRun) -> None:
    tab = open_run(file)
    stretches = [each for of_key in divergence.stretches(run.facts).values() for each in of_key]
    seen = set()
    walk(tab, "apart", "Home")
    for _ in range(25):
        tab.keyboard.press("ArrowRight")
        count = told(tab, "apart")["keys out of agreement"]
        at = round(1000 * tab.evaluate("timeCharts.find((chart) => chart.plot === document.activeElement).at"))
        assert int(count) == sum(stretch.start <= at < stretch.end for stretch in stretches)
        seen.add(count)
    assert len(seen) > 2


def test_the_tip_tells_what_is_under_the_pointer_and_the_faults_that_are_on(file: Path, open_run: OpenRun) -> None:
    tab = open_run(file)
    plot(tab, "apart").hover()
    assert tab.locator("#tip .reading .name").all_inner_texts() == ["keys out of agreement"]
    number = told(tab, "apart")["keys out of agreement"]
    assert tab.locator("#tip .reading b").inner_text() == number
    middle = tab.evaluate("timeCharts[0].at")
    on = tab.evaluate("(at) => faultsOn(at).map(faultName)", middle)
    assert [name for name in on if name in tab.locator("#tip").inner_text()] == on
    tab.mouse.move(2, 2)
    assert tab.locator("#tip").is_hidden()


def test_all_charts_show_the_stretch_that_was_dragged_over(run: Subject, file: Path, open_run: OpenRun) -> None:
    tab = open_run(file)
    whole = shown(tab)
    plot(tab, "apart").scroll_into_view_if_needed()
    (box,) = boxes(plot(tab, "apart"))
    left, right = (box["left"] + 62 + part * (box["width"] - 72) for part in (0.25, 0.5))
    tab.mouse.move(right, box["top"] + 40)
    tab.mouse.down()
    tab.mouse.move(left, box["top"] + 50, steps=3)
    assert tab.locator("#apart .choice").count() == 1
    tab.mouse.up()
    drawn(tab)
    assert shown(tab) == pytest.approx((whole[1] / 4, whole[1] / 2), rel=0.01)
    assert tab.evaluate("timeCharts.every((chart) => chart.x.low === shown.from && chart.x.high === shown.to)")
    assert not tab.get_by_role("button", name="Show the whole run").first.is_disabled()
    plot(tab, "rate").dblclick()
    drawn(tab)
    assert shown(tab) == whole
    assert walk(tab, "cpu", "Home")["at"] == "0.00 s"


def test_keys_zoom_and_a_stretch_that_another_section_shows_is_drawn(file: Path, open_run: OpenRun) -> None:
    tab = open_run(file)
    end = shown(tab)[1]
    walk(tab, "tombstones", "Home", "+")
    drawn(tab)
    assert shown(tab) == pytest.approx((0, end / 2))
    walk(tab, "tombstones", "-", "-")
    drawn(tab)
    assert shown(tab) == (0, end)
    tab.evaluate("show({ from: 1e6, to: 1.5e6 })")
    drawn(tab)
    assert tab.evaluate("timeCharts.every((chart) => chart.x.high === 1.5e6)")
    assert walk(tab, "rate", "Home")["at"].startswith("1.000 s to")


def test_percentiles_are_those_of_the_window_of_the_kind_and_node(run: Subject, file: Path, open_run: OpenRun) -> None:
    tab = open_run(file)
    due = {operation.id: operation.at_ns for operation in run.plan.operations}
    invokes = {event.op: event for event in run.facts.events if isinstance(event, Invoke)}
    returns = [event for event in run.facts.events if isinstance(event, Return)]
    for kind, node in ((None, None), ("put", None), ("get", "r2")):
        tab.locator("#latency-kind").select_option(kind or "all kinds")
        tab.locator("#latency-node").select_option(node or "all nodes")
        drawn(tab)
        for window in laid(tab, "latency", "windows"):
            took = sorted(
                back.at // 1000 - due[back.op] // 1000
                for back in returns
                if back.outcome == "ok"
                and window["from"] <= due[back.op] // 1000 < window["until"]
                and kind in (None, invokes[back.op].kind)
                and node in (None, invokes[back.op].node)
            )
            assert window["count"] == len(took)
            for percent in (50, 95, 99):
                enough = len(took) * (100 - percent) >= 100
                expected = took[-(-len(took) * percent // 100) - 1] if enough else None
                assert window[f"p{percent}"] == (None if expected is None else pytest.approx(expected, abs=2))


def test_operations_are_counted_by_outcome_where_they_ended(run: Subject, file: Path, open_run: OpenRun) -> None:
    tab = open_run(file)
    ok, failed, unknown = (sum(counts) for counts in laid(tab, "rate", "counts.map((each) => [...each])"))
    assert {"ok": ok, "failed": failed, "unknown": unknown} == {"failed": 0, "unknown": 0} | run.report.operations
    tab.locator("#rate-legend").get_by_label("ok", exact=True).uncheck()
    drawn(tab)
    assert laid(tab, "rate", "counts[0].reduce((a, b) => a + b)") == 0
    assert "ok" not in walk(tab, "rate", "Home")


def test_repairs_are_counted_by_cause_and_switched_by_the_legend(run: Subject, file: Path, open_run: OpenRun) -> None:
    tab = open_run(file)
    for box in tab.locator("#repairs-legend input").all():
        box.check()
    drawn(tab)
    names = tab.locator("#repairs-legend .name").all_inner_texts()
    counts = laid(tab, "repairs", "counts.map((each) => [...each])")
    told_by_cause = {name: sum(of_name) for name, of_name in zip(names, counts, strict=True)}
    found = [change.cause for change in run.facts.changes if change.cause != "write"]
    assert told_by_cause == {cause: found.count(cause) for cause in found}
    assert tab.locator("#repairs path.stack").count() == len(names)
    tab.locator("#repairs-legend input").first.uncheck()
    drawn(tab)
    assert tab.locator("#repairs path.stack").count() == len(names) - 1


def test_pairs_are_rows_that_a_legend_switches(file: Path, open_run: OpenRun) -> None:
    tab = open_run(file)
    pairs = [f"{one} and {other}" for one, other in combinations(["r1", "r2", "r3", "r4"], 2)]
    assert tab.locator("#pairs .chart-row").all_text_contents() == pairs
    tab.locator("#pairs-legend").get_by_label(pairs[0]).uncheck()
    drawn(tab)
    assert tab.locator("#pairs .chart-row").all_text_contents() == pairs[1:]


def test_shades_keep_the_average_and_their_legend_has_the_numbers(run: Subject, file: Path, open_run: OpenRun) -> None:
    tab = open_run(file)
    curves = [each["curve"] for each in tab.evaluate("run.divergence.behind")]
    found = zip(curves, laid(tab, "behind", "cells.map((each) => [...each])"), strict=True)
    end = shown(tab)[1]
    for curve, cells in found:
        times = [*accumulate(curve["at"]), end]
        area = sum(value * (until - at) for (at, until), value in zip(pairwise(times), curve["peak"], strict=True))
        assert sum(cells) * end / len(cells) == pytest.approx(area)
    bounds = tab.evaluate("[1, 3, 7, 26, 480].map(heatBounds)")
    assert bounds == [[0.1, 0.2, 0.5, 1], [0.2, 0.5, 1, 2], [0.5, 1, 2, 5], [2, 5, 10, 20], [20, 50, 100, 200]]
    steps = tab.evaluate("[0, 0.4, 0.5, 1.9, 5, 7].map((value) => heatStep([0.5, 1, 2, 5], value))")
    assert steps == [0, 1, 2, 3, 5, 5]
    legend = tab.locator("#behind-legend").inner_text().replace("\n", "")
    assert re.fullmatch("0below [\\d.]+(.+ to .+){3}[\\d.]+ and moredown", legend)


def test_faults_are_named_on_demand(run: Subject, file: Path, open_run: OpenRun) -> None:
    tab = open_run(file)
    tab.get_by_label("name the faults").first.check()
    assert tab.get_by_label("name the faults").last.is_checked()
    drawn(tab)
    names = tab.locator("#apart .fault-name").all_text_contents()
    assert {name.split()[0] for name in names} == {fault.kind for fault in run.plan.faults}


def test_a_hundred_thousand_points_share_cells(run: Subject, file: Path, open_run: OpenRun) -> None:
    tab = open_run(file)
    found = tab.evaluate("""() => {
      const count = 100_000, of = { count };
      for (const name of ["id", "kind", "node", "key", "outcome"]) of[name] = new Float64Array(count);
      of.planned = of.at = Float64Array.from({ length: count }, (_, row) => (row * run.timeline.end) / count);
      of.took = Float64Array.from({ length: count }, (_, row) => 1000 * (1 + ((row * 7919) % 100_003) / 100));
      run.timeline.operations = of;
      const chart = timeCharts.find((each) => each.plot.parentElement.id === "latency");
      drawTimeChart(chart);
      const paths = [...chart.svg.querySelectorAll(".points")];
      const marks = paths.map((path) => path.getAttribute("d").split("M").length - 1);
      return { answered: chart.laid.found.ok.length, marks: marks.reduce((a, b) => a + b), cells: 63 * chart.width };
    }""")
    assert found["answered"] == 100_000
    assert 5_000 < found["marks"] < found["cells"]


def test_names_are_text(run: Subject, open_run: OpenRun, tmp_path: Path) -> None:
    names = {"r1": HOSTILE, (run.report.divergence and run.report.divergence.worst_key) or "": f"{HOSTILE}k"}
    odd = renamed(run.facts, names)
    tab = open_run(written(subject(plan(), odd, tmp_path), tmp_path))
    assert tab.locator("img").count() == 0
    assert f"{HOSTILE}k" in (tab.locator("#divergence-summary").text_content() or "")
    assert tab.locator("#pairs-legend .name").first.text_content() == f"{HOSTILE} and r2"
    plot(tab, "behind").hover()
    assert tab.locator("#tip .reading .name").first.text_content() == HOSTILE


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_charts_fit_into_a_narrow_window(file: Path, open_run: OpenRun, scheme: Scheme) -> None:
    tab = open_run(file, narrow=True, scheme=scheme)
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360
    for box in boxes(tab.locator(".chart svg")):
        assert 0 <= box["left"] <= box["right"] <= 360
    ticks = boxes(tab.locator("#latency text.tick"))
    assert all(tick["left"] >= -1 and tick["right"] <= 361 for tick in ticks)


def test_what_was_not_measured_is_said(run: Subject, open_run: OpenRun, tmp_path: Path) -> None:
    bare = run._replace(folder=tmp_path, facts=simulated(tmp_path).facts)
    bare.facts.header.audited = False
    tab = open_run(written(bare, tmp_path))
    said = dict(
        zip(CHARTS, (" ".join(tab.locator(f"#{name} .empty").all_inner_texts()) for name in CHARTS), strict=True)
    )
    unheld = {name for name, words in said.items() if "no changes of their own" in words}
    assert unheld == {"apart", "pairs", "behind", "tombstones"}
    assert "was not measured" in said["hints"]
    assert said["cpu"] == said["memory"] == "A simulated run has no processes: there is nothing to measure."


def test_what_broke_is_marked_where_it_was_seen(open_run: OpenRun, tmp_path: Path) -> None:
    broken = simulated(tmp_path, 1, flaw="decides-on-one")
    tab = open_run(written(broken, tmp_path))
    assert broken.report.verdict == "violated"
    times = {each["at"] for each in tab.evaluate("run.timeline.violations")}
    assert 0 < tab.locator("#apart .broken").count() <= len(times)
    tab.evaluate("(first) => show({ from: 0, to: first / 2 })", min(times))
    drawn(tab)
    assert tab.locator(".broken").count() == 0
