"""How the longest orders are drawn, in a browser: points within bars, a choice by pointer and keys, values as text."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, ViewportSize, expect

from harness.report.runpage import order, page
from harness.report.runpage.subject import Subject
from tests.harness.report.browser import NARROW, WIDE, Opened, Scheme, boxes
from tests.harness.report.runpage import order_cases

pytestmark = pytest.mark.xdist_group("browser")


class Open(Protocol):
    def __call__(self, subject: Subject, *, viewport: ViewportSize = ..., scheme: Scheme = ...) -> Page: ...


@pytest.fixture
def open_run(tabs: BrowserContext, tmp_path: Path) -> Iterator[Open]:
    opened: list[Opened] = []

    def start(subject: Subject, *, viewport: ViewportSize = WIDE, scheme: Scheme = "light") -> Page:
        file = tmp_path / f"{len(opened)}.html"
        page.write(subject, file)
        opened.append(Opened(tabs, file, viewport, scheme))
        opened[-1].tab.wait_for_selector("html[data-ready=yes]", state="attached")
        return opened[-1].tab

    yield start
    for each in opened:
        each.tab.close()
        assert not each.said
        assert [url for url in each.asked if not url.startswith("data:")] == each.asked[:1]  # the file itself


def _call(tab: Page, op: int) -> Locator:
    return tab.locator(f'#order .order-call[data-op="{op}"]')


def _shown(tab: Page) -> list[int]:
    points = tab.locator("#order .order-point")
    return [int(op) for op in points.evaluate_all("all => all.map((it) => it.dataset.op)")]


@pytest.mark.parametrize("case", [order_cases.torn, order_cases.long])
def test_points_lie_within_their_bars_from_left_to_right(open_run: Open, case: Callable[[], Subject]) -> None:
    it = case()
    tab = open_run(it)
    for number, key in enumerate(order.section(it)["keys"]):
        tab.locator("#order-key").evaluate(
            "(it, number) => { it.value = number; it.dispatchEvent(new Event('change')); }", str(number)
        )
        expect(tab.locator("#order-why")).to_have_text(" ".join(key["why"]))
        ops = _shown(tab)
        points = boxes(tab.locator("#order .order-point circle"))
        middles = [(box["left"] + box["right"]) / 2 for box in points]
        assert len(ops) == sum(place >= 0 for place, _, _ in key["orders"][0])
        assert all(later - earlier >= 20 for earlier, later in pairwise(middles))
        for op, middle, point in zip(ops, middles, points, strict=True):
            bar = boxes(_call(tab, op).locator(".order-bar"))[0]
            assert bar["left"] < middle < bar["right"]
            assert bar["top"] < (point["top"] + point["bottom"]) / 2 < bar["bottom"]


def test_an_operation_under_the_pointer_has_the_longest_order_with_it(open_run: Open) -> None:
    it = order_cases.torn()
    tab = open_run(it)
    key = order.section(it)["keys"][1]
    first, other = [[key["calls"][place]["op"] for place, _, _ in steps] for steps in key["orders"]]
    misfit = key["calls"][key["misfit"]]["op"]
    tab.locator("#order-key").select_option(label="k2")
    expect(tab.locator("#order .order-call")).to_have_count(len(key["calls"]))
    assert _shown(tab) == first
    assert tab.locator("#order .order-call.left").count() == 0
    _call(tab, misfit).hover()
    assert _shown(tab) == other
    left = tab.locator("#order .order-call.left")
    assert left.evaluate_all("all => all.map((it) => Number(it.dataset.op))") == [op for op in first if op not in other]
    assert left.locator(".order-bar").evaluate("it => getComputedStyle(it).strokeDasharray") != "none"
    expect(tab.locator("#order-which")).to_contain_text(f"without op {(set(first) - set(other)).pop()}")
    expect(tab.locator("#tip")).to_contain_text("the first that does not fit")
    _call(tab, (set(first) - set(other)).pop()).hover()
    assert _shown(tab) == first
    assert tab.locator("#order-list li").count() == len(first)


def test_keys_go_from_one_to_the_next_and_into_the_timeline(open_run: Open) -> None:
    it = order_cases.long()
    tab = open_run(it)
    [key] = order.section(it)["keys"]
    ops = [call["op"] for call in key["calls"]]
    place = key["misfit"]
    assert tab.locator('#order [tabindex="0"]').get_attribute("data-op") == str(ops[place])
    _call(tab, ops[place]).focus()
    for press, op in ("ArrowLeft", ops[place - 1]), ("Home", ops[0]), ("ArrowRight", ops[1]), ("End", ops[-1]):
        tab.keyboard.press(press)
        expect(_call(tab, op)).to_be_focused()
        expect(tab.locator("#tip")).to_contain_text(f"op {op},")
    tab.keyboard.press("Home")
    tab.keyboard.press("Enter")
    assert tab.evaluate("location.hash") == f"#op{ops[0]}"
    _call(tab, ops[place]).click()
    assert tab.evaluate("location.hash") == f"#op{ops[place]}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_as_wide_as_a_narrow_window_and_shows_the_misfit(open_run: Open, scheme: Scheme) -> None:
    tab = open_run(order_cases.long(), viewport=NARROW, scheme=scheme)
    assert tab.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    [misfit] = boxes(tab.locator("#order .order-call.misfit .order-bar"))
    assert 0 <= misfit["left"] < misfit["right"] <= NARROW["width"]


def test_values_are_text(open_run: Open) -> None:
    tab = open_run(order_cases.torn())
    expect(tab.locator("#order-why")).to_contain_text("<img src=x onerror=")
    assert tab.locator("#order img").count() == 0
    _call(tab, 2).hover()
    expect(tab.locator("#tip")).to_contain_text("<img src=x onerror=")
    assert tab.locator("img").count() == 0


def test_of_a_run_that_holds_there_is_one_line(open_run: Open) -> None:
    tab = open_run(order_cases.drawn_up({"k": [(1, 2, "c1", "put", "a")]}))
    expect(tab.locator("#order-said")).to_have_text(
        "On every key the operations have an order: 1 that may have taken effect were ordered."
    )
    expect(tab.locator("#order-view")).to_be_hidden()
