"""What the page of a comparison does in a browser. How it looks: test_comparison_looks.py."""

import math
import re
from itertools import combinations, pairwise

import msgspec
import pytest
from playwright.sync_api import Page

from harness.compare.result import Curve
from harness.report import comparison as pages
from tests.harness.report import sample
from tests.harness.report.browser import Open, boxes, frames, overlap
from tests.harness.report.test_comparison import HOSTILE

pytestmark = pytest.mark.xdist_group("browser")


def test_no_name_is_more_than_text(open_page: Open) -> None:
    tab = open_page(sample.comparison(HOSTILE))
    assert tab.title().startswith("Repair policies in compare")
    assert tab.locator("#legend .name").all_inner_texts() == [_shown(name) for name in HOSTILE]
    assert tab.locator("img").count() == 0
    tab.locator("#tradeoff g.point").nth(1).hover()
    assert tab.locator("#tip .head").text_content() in HOSTILE


def _shown(name: str) -> str:
    """As a browser tells the text of an element: some spaces are one, and those at the ends are none."""
    return re.sub("[ \t\n]+", " ", name).strip(" ")


def test_a_policy_is_switched_off_everywhere_at_once(open_page: Open) -> None:
    tab = open_page()
    drawn = f'.curve[data-policy="{sample.SYNC}"]'
    assert tab.locator(drawn).count() == 7  # an example, the mean, t-visibility, four distributions
    tab.get_by_role("checkbox", name=sample.SYNC, exact=True).uncheck()
    assert tab.locator(drawn).count() == 0
    assert tab.locator(f'#tradeoff text[data-policy="{sample.SYNC}"]').count() == 0
    assert tab.locator("table.figures tr:visible").get_by_text(sample.SYNC, exact=True).count() == 0
    assert tab.locator("article:visible").count() == 5
    assert tab.locator('.curve[data-policy="async"]').count() == 7
    tab.get_by_role("button", name="Show all").click()
    assert tab.locator(drawn).count() == 7
    assert tab.locator("article:visible").count() == 6


def test_all_policies_may_be_off(open_page: Open) -> None:
    tab = open_page()
    for box in tab.locator("#legend input").all():
        box.uncheck()
    assert tab.locator(".chart svg").count() == 0
    assert tab.locator(".chart .empty").count() == 8


def _column(tab: Page, heading: str) -> tuple[list[str], str | None]:
    """The policies in their order, and what the heading says of it to those who do not see the arrow."""
    head = tab.locator("table.figures th", has=tab.get_by_role("button", name=heading, exact=True))
    rows = head.locator("xpath=ancestor::table").locator("tbody tr")
    return [row.get_attribute("data-policy") or "" for row in rows.all()], head.get_attribute("aria-sort")


@pytest.mark.parametrize(
    ("figure", "better"), [("read p99", "ascending"), ("available", "descending"), ("converged p99", "ascending")]
)
def test_tables_are_sorted_the_better_end_first_then_the_other_then_as_given(
    open_page: Open, figure: str, better: str
) -> None:
    tab = open_page()
    found = {each.policy: each for each in sample.comparison().values if each.figure == figure}
    known = {name: math.inf if each.word == "never" else each.value for name, each in found.items()}
    measured = [name for name in sample.POLICIES if known[name] is not None]
    missing = [name for name in sample.POLICIES if known[name] is None]
    up = sorted(measured, key=lambda name: known[name] or 0)
    down = sorted(measured, key=lambda name: -(known[name] or 0))
    orders = {"ascending": up, "descending": down}
    worse = "descending" if better == "ascending" else "ascending"
    button = tab.get_by_role("button", name=figure, exact=True)
    button.focus()
    for expected, told in ((orders[better], better), (orders[worse], worse), (sample.POLICIES, None)):
        tab.keyboard.press("Enter")
        wanted = [*expected, *missing] if told else expected
        assert _column(tab, figure) == (wanted, told)


def test_intervals_are_shown_on_demand(open_page: Open) -> None:
    tab = open_page()
    assert tab.locator(".interval:visible").count() == 0
    tab.get_by_label("Show 95").check()
    row = tab.locator(f'table.figures tr[data-policy="{sample.SYNC}"]').first
    assert row.get_by_text("39 to 44.4").is_visible()
    assert row.get_by_text("difference +16 to +23.4").is_visible()


def test_marks_of_the_trade_off_tell_their_figures_to_pointer_and_keyboard(open_page: Open) -> None:
    tab = open_page()
    tab.set_viewport_size({"width": 1280, "height": 500})  # so that the page has to scroll to a mark
    told = "async: read p99 23.4 ms (22 to 25); stale reads 5.1 % (4.79 to 5.46); bytes 2.79 MB (2.62 to 2.99)"
    mark = tab.get_by_role("img", name=told, exact=True)
    mark.hover()
    assert tab.locator("#tip").inner_text().split("\n") == re.split("[:;] ", told)
    tab.keyboard.press("Escape")
    assert tab.locator("#tip").is_hidden()
    seen = set()
    tab.get_by_role("button", name="Show all").focus()
    tab.locator("#recommendation a").last.focus()
    for _ in range(5):
        tab.keyboard.press("Tab")
        frames(tab, 3)  # in which what has scrolled leaves, and comes below, the pointer that lies still
        assert tab.locator("#tip").is_visible()
        seen.add(tab.locator("#tip .head").inner_text())
        (tip,), (mark_box,) = boxes(tab.locator("#tip")), boxes(tab.locator("#tradeoff g.point:focus"))
        assert tip["top"] >= 0
        assert tip["bottom"] <= 500
        assert abs(tip["top"] - mark_box["top"]) < 200
        tab.locator("#tradeoff g.point:focus").hover()  # the next mark may scroll this one away
    assert seen == set(sample.POLICIES[:-1])


def test_curves_are_read_out_along_the_arrow_keys(open_page: Open) -> None:
    tab = open_page()
    plot = tab.get_by_role("slider", name=re.compile("the mean over all seeds"))
    tab.locator("#seed").focus()
    plot.focus()
    tab.keyboard.press("End")
    assert tab.locator("#tip .head").inner_text() == "12 s"
    read = dict(zip(*(tab.locator(f"#tip .row {part}").all_inner_texts() for part in (".name", "b")), strict=True))
    ends = {name: curve.y[-1] for name, curve in sample.comparison().divergent.items()}
    assert {name: float(value) for name, value in read.items()} == pytest.approx(ends, rel=0.006)
    assert plot.get_attribute("aria-valuenow") == "100"
    assert f"{sample.NONE} {read[sample.NONE]}" in (plot.get_attribute("aria-valuetext") or "")
    tab.keyboard.press("Home")
    assert tab.locator("#tip .head").inner_text() == "0 s"
    for _ in range(3):
        tab.keyboard.press("ArrowRight")
    assert tab.locator("#tip .head").inner_text() == "0.72 s"
    tab.keyboard.press("Escape")
    assert tab.locator("#tip").is_hidden()


def test_the_pointer_reads_a_curve_where_it_is(open_page: Open) -> None:
    tab = open_page()
    tab.locator("#visibility svg").hover()  # its middle
    number, unit = tab.locator("#tip .head").inner_text().split()
    assert unit == "ms"
    names, values = (tab.locator(f"#tip .row {part}").all_inner_texts() for part in (".name", "b"))
    assert set(names) == set(sample.POLICIES[:-1])
    for name, value in zip(names, values, strict=True):
        curve = sample.comparison().visibility[name]
        assert float(value.removesuffix(" %")) == pytest.approx(100 * _between(curve, float(number)), abs=0.2)


def _between(curve: Curve, x: float) -> float:
    """On the straight line between the points around it; after the last it stays."""
    for (x0, y0), (x1, y1) in pairwise(zip(curve.x, curve.y, strict=True)):
        if x0 <= x <= x1:
            return y0 + (y1 - y0) * (x - x0) / (x1 - x0)
    return curve.y[-1]


def test_a_seed_is_chosen_and_its_faults_are_bands(open_page: Open) -> None:
    tab = open_page()
    for seed, faults in ((17, 4), (42, 9), (199, 0)):
        tab.get_by_label("How many keys differed, in seed").select_option(str(seed))
        assert tab.locator("#example .band").count() == faults
        assert tab.locator("#faults tbody tr").count() == faults
        lanes = boxes(tab.locator("#example .lane"))
        assert not [pair for pair in combinations(lanes, 2) if overlap(*pair)]
    assert tab.locator("#example .curve").count() == 6


def test_script_and_tables_say_a_number_alike(open_page: Open) -> None:
    numbers = [0, 0.00123, 0.1234, 1, 4.126, 12.34, 99.96, 123.6, 9_999.2, 48_123, -7.53, 1_234_567]
    tab = open_page()
    assert tab.evaluate("all => all.map(say)", numbers) == [pages._say(number, (1.0, "")) for number in numbers]


def test_a_comparison_without_curves_examples_or_advice_says_so(open_page: Open) -> None:
    bare = msgspec.structs.replace(
        sample.comparison(), figures=[], values=[], differences=[], examples=[], recommendation=[], divergent={},
        visibility={}, reads_ms={}, writes_ms={}, stale_ms={}, everywhere_ms={},
    )  # fmt: skip
    tab = open_page(bare)
    assert tab.locator(".chart .empty").all_inner_texts() == [
        "The figures for this plot were not measured.",
        *["Nothing was measured."] * 6,
    ]
    assert tab.get_by_text("No recommendation was made.").is_visible()
