"""The timeline in a browser: bars are where the history says, filters count, and no name is more than text."""

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, ViewportSize

from checkers.history import Message
from harness.report.runpage.subject import Subject
from tests.harness.report import browser
from tests.harness.report.runpage.timelines import (
    HOSTILE,
    across,
    counts,
    drawn,
    fields,
    returns,
    seconds,
    shown,
    subject,
    written,
)

OK = (0x28, 0x73, 0xB3)

pytestmark = pytest.mark.xdist_group("browser")


def test_bars_stand_where_the_history_says(tabs: BrowserContext, file: Path, broken: Subject) -> None:
    """Going down from the seconds at the middle of an operation, the pointer meets it, once, and a click keeps it."""
    backs = returns(broken)
    some = [invoke for invoke in broken.facts.operations.values() if invoke.op in backs][5::120]
    with shown(tabs, file) as tab:
        for invoke in some:
            back = backs[invoke.op]
            middle = (invoke.at + back.at) / 2000
            wide = max(10_000, (back.at - invoke.at) / 200)
            tab.evaluate("([from, to]) => setWindow(from, to)", [middle - wide, middle + wide])
            y = _found_below(tab, across(tab, middle), f"op {invoke.op}:")
            tab.mouse.click(across(tab, middle), y)
            told = fields(tab)
            assert told["asked"] == seconds(invoke.at)
            assert told["answered"] == seconds(back.at)
            assert (told["outcome"], told["key"], told["through"]) == (back.outcome, invoke.key, invoke.node)
            before = across(tab, invoke.at / 1000) - 8
            tab.mouse.move(before, y)
            assert not _tip(tab).startswith(f"op {invoke.op}:")
            if back.outcome == "ok":
                assert OK in _painted(tab, across(tab, middle), y)
                assert _tip(tab) or OK not in _painted(tab, before, y)
            tab.mouse.move(across(tab, invoke.at / 1000) + 2, y)
            assert _tip(tab).startswith(f"op {invoke.op}:")


def _tip(tab: Page) -> str:
    told: str = tab.evaluate("tip.hidden ? '' : tip.querySelector('.head').textContent")
    return told


def _painted(tab: Page, x: float, y: float) -> set[tuple[int, ...]]:
    """The colours of a lane's height of pixels around a point."""
    box = tab.locator("#timeline-canvas").bounding_box()
    assert box
    drawn(tab)
    bytes_: list[int] = tab.locator("#timeline-canvas").evaluate(
        """(it, [x, y]) => {
            const pen = new OffscreenCanvas(1, 20).getContext("2d", { willReadFrequently: true });
            pen.drawImage(it, -Math.round(x), 10 - Math.round(y));
            return [...pen.getImageData(0, 0, 1, 20).data];
        }""",
        [x - box["x"], y - box["y"]],
    )
    return {tuple(bytes_[at : at + 3]) for at in range(0, len(bytes_), 4)}


def _found_below(tab: Page, x: float, start: str) -> float:
    box = tab.locator("#timeline-canvas").bounding_box()
    assert box
    for y in range(int(box["y"]) + 45, int(box["y"] + box["height"]), 9):
        tab.mouse.move(x, y)
        if _tip(tab).startswith(start):
            return y
    raise AssertionError(f"nothing below {x} starts with {start}")


def test_filters_count_what_they_show(tabs: BrowserContext, file: Path, broken: Subject) -> None:
    invokes, backs = list(broken.facts.operations.values()), returns(broken)
    client = {operation.id: operation.client for operation in broken.plan.operations}
    key = broken.broken()[0].measured.violations[0].key
    named = {
        op
        for promise in broken.broken()
        for violation in promise.measured.violations
        for event in broken.facts.events
        if event.seq in violation.events and (op := getattr(event, "op", None)) is not None
    }
    with shown(tabs, file) as tab:
        assert counts(tab) == (len(invokes),) * 3
        for name, label, wanted in (
            ("client", "c2", sum(client[each.op] == "c2" for each in invokes)),
            ("kind", "delete", sum(each.kind == "delete" for each in invokes)),
            ("outcome", "unknown", sum(each.op in backs and backs[each.op].outcome == "unknown" for each in invokes)),
        ):
            tab.locator(f"#timeline-{name}").select_option(label=label)
            assert counts(tab)[:2] == (wanted, len(invokes))
            tab.locator(f"#timeline-{name}").select_option("-1")
        tab.get_by_label("of the violation only").check()
        assert counts(tab)[0] == len(named)
        tab.get_by_label("of the violation only").uncheck()
        tab.get_by_label("its operations only").check()
        assert counts(tab)[0] == sum(each.key == key for each in invokes)
        tab.get_by_label("Key", exact=True).fill("k3")
        assert counts(tab)[0] == sum(each.key == "k3" for each in invokes)
        tab.get_by_label("Key", exact=True).fill("no such key")
        assert tab.get_by_label("Key", exact=True).get_attribute("aria-invalid") == "true"
        assert counts(tab)[0] == sum(each.key == "k3" for each in invokes)


def test_a_fault_filters_what_was_open_while_it_was_on(tabs: BrowserContext, file: Path, broken: Subject) -> None:
    backs, fault = returns(broken), broken.report.faults[0]
    start, end = fault.start_s * 1e9, fault.end_s * 1e9
    during = [
        invoke
        for invoke in broken.facts.operations.values()
        if invoke.at < end and (invoke.op not in backs or backs[invoke.op].at >= start)
    ]
    with shown(tabs, file) as tab:
        tab.locator("#timeline-fault").select_option(label=f"{fault.id} {fault.kind} {' '.join(fault.targets)}")
        assert abs(counts(tab)[0] - len(during)) <= 1  # reports round to the millisecond
        assert 0 < counts(tab)[0] < counts(tab)[1]


def test_messages_are_drawn_on_demand(tabs: BrowserContext, file: Path, broken: Subject) -> None:
    messages = [event for event in broken.facts.events if isinstance(event, Message)]
    op = next(op for op in broken.facts.operations if sum(each.origin == f"op {op}" for each in messages) > 2)
    key = broken.facts.operations[op].key
    with shown(tabs, file, f"op{op}") as tab:
        assert drawn(tab)["messages"] == 0
        tab.get_by_role("button", name="whole run", exact=True).click()
        tab.locator("#timeline-canvas").press("m")
        assert drawn(tab)["messages"] == sum(each.key == key for each in messages)
        tab.locator("#timeline-canvas").press("m")
        assert drawn(tab)["messages"] == sum(each.origin == f"op {op}" for each in messages)
        tab.locator("#timeline-canvas").press("m")
        assert drawn(tab)["messages"] == 0


def test_keys_and_values_are_text(tabs: BrowserContext, tmp_path: Path) -> None:
    run = subject(tmp_path, mark=HOSTILE)
    backs = returns(run)
    read = next(op for op, each in run.facts.operations.items() if each.kind == "get" and backs[op].value)
    with shown(tabs, written(run, tmp_path / "run.html"), f"op{read}") as tab:
        assert fields(tab)["key"] == run.facts.operations[read].key
        assert fields(tab)["key"].endswith(HOSTILE)
        assert fields(tab)["read"] == backs[read].value
        assert tab.locator("#timeline-key").input_value() == run.facts.operations[read].key
        assert tab.locator("img, section script").count() == 0


MANY = """() => {
  const count = 100_000, wide = run.timeline.end / count * 8;
  const it = Object.fromEntries(Object.keys(run.timeline.operations).map(name => [name, new Float64Array(count)]));
  for (let row = 0; row < count; row += 1) {
    it.id[row] = row; it.client[row] = row % run.timeline.clients.length; it.outcome[row] = row % 97 ? 0 : row % 3;
    it.at[row] = it.planned[row] = row * run.timeline.end / count; it.took[row] = wide / 2;
    for (const name of ["value", "error", "version", "level", "back"]) it[name][row] = -1;
  }
  run.timeline.operations = { ...it, count };
  gatherTimeline(); applyFilters(); board.width = 0; wholeWindow();
}"""


def test_no_more_is_drawn_of_many_than_there_are_columns(tabs: BrowserContext, file: Path) -> None:
    with shown(tabs, file) as tab:
        tab.evaluate(MANY)
        lanes = tab.evaluate("timelineData.lanes.reduce((sum, lane) => sum + lane.length, board.nodes.length)")
        for _ in range(7):
            told = drawn(tab)
            assert counts(tab)[:2] == (100_000, 100_000)
            assert 0 < told["rectangles"] <= 2 * lanes * (told["right"] - told["left"])
            tab.evaluate("zoomWindow(1 / 4)")
        assert 0 < counts(tab)[2] < 100


@pytest.mark.parametrize(("viewport", "scheme"), [(browser.WIDE, "light"), (browser.NARROW, "dark")])
def test_it_fits_and_stands_on_the_ground_of_its_scheme(
    tabs: BrowserContext, file: Path, viewport: ViewportSize, scheme: browser.Scheme
) -> None:
    with shown(tabs, file, "op140", viewport, scheme) as tab:
        drawn(tab)
        tab.locator("#timeline-help").click()
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert tab.evaluate("board.colours.ground") == {"light": "#ffffff", "dark": "#15181c"}[scheme]
        sharp = tab.locator("#timeline-canvas").evaluate(
            "it => it.width === Math.round(it.clientWidth * devicePixelRatio)"
        )
        assert sharp


def test_on_paper_there_is_nothing_to_press_and_no_figure_is_cut(tabs: BrowserContext, file: Path) -> None:
    with shown(tabs, file) as tab:
        assert tab.locator("#timeline form").is_visible()
        tab.emulate_media(media="print")
        pressed = tab.locator("button:visible, #timeline form:visible").evaluate_all(
            "all => all.map(it => it.outerHTML)"
        )
        assert not pressed
        breaks = tab.locator("figure, canvas").evaluate_all("all => all.map(it => getComputedStyle(it).breakInside)")
        assert set(breaks) == {"avoid"}
