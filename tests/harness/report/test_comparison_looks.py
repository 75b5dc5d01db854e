"""How the page of a comparison looks in a browser: wide and narrow, light and dark, on paper, with many policies."""

import re
from itertools import combinations, pairwise

import msgspec
import pytest
from playwright.sync_api import ViewportSize, expect

from harness.compare.result import Comparison
from harness.report import comparison as pages
from tests.harness.report import sample
from tests.harness.report.browser import NARROW, WIDE, Open, Scheme, boxes, overlap

pytestmark = pytest.mark.xdist_group("browser")


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("policies", [6, 20])
def test_labels_of_the_trade_off_do_not_overlap(open_page: Open, viewport: ViewportSize, policies: int) -> None:
    """The figures of the twenty are much the same."""
    tab = open_page(_many(policies) if policies > 6 else None, viewport=viewport)
    found = boxes(tab.locator("#tradeoff .label"))
    assert len(found) >= 5
    assert not [pair for pair in combinations(found, 2) if overlap(*pair)]
    plot = boxes(tab.locator("#tradeoff svg"))[0]
    assert all(plot["left"] <= box["left"] and box["right"] <= plot["right"] for box in found)


def _many(count: int) -> Comparison:
    it = sample.comparison()
    first = it.policies[0]
    names = [first.name, *(f"policy-number-{number}" for number in range(1, count))]
    axes = [figure for figure in it.figures if figure.name in pages.PLANE]
    level = {"read p99": 20.0, "stale reads": 5.0, "bytes": 2e6}
    return msgspec.structs.replace(
        it,
        policies=[msgspec.structs.replace(first, name=name) for name in names],
        figures=axes,
        values=[
            msgspec.structs.replace(it.values[0], figure=axis.name, policy=name, value=value, low=value, high=value)
            for axis in axes
            for number, name in enumerate(names)
            for value in [level[axis.name] * (1 + 0.003 * (number * 7 % 11))]
        ],
        differences=[],
        front=names[:2],
    )


def test_marks_differ_for_as_many_policies_as_there_may_be(open_page: Open) -> None:
    tab = open_page(_many(40))
    looks = tab.locator("#legend .swatch svg").evaluate_all(
        "all => all.map(it => it.getAttribute('class') + it.innerHTML)"
    )
    assert len(set(looks)) == 40


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
def test_nothing_sticks_out_or_is_tiny(open_page: Open, viewport: ViewportSize) -> None:
    tab = open_page(viewport=viewport)
    assert tab.evaluate("document.documentElement.scrollWidth") == viewport["width"]
    sizes = tab.evaluate(
        """[...document.querySelectorAll('main *, header *')]
        .filter(it => it.textContent.trim() && it.checkVisibility())
        .map(it => parseFloat(getComputedStyle(it).fontSize) * (it.ownerSVGElement ? it.getScreenCTM().a : 1))"""
    )
    assert min(sizes) > 11
    for chart in tab.locator(".chart").all():
        ticks = boxes(chart.locator("text.tick"))
        assert not [pair for pair in combinations(ticks, 2) if overlap(*pair)]
    charts = boxes(tab.locator(".chart svg"))
    for text in boxes(tab.locator(".chart svg text")):
        assert any(
            chart["left"] - 1 <= text["left"] and text["right"] <= chart["right"] + 1 for chart in charts
        )  # no label is clipped


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_follows_the_scheme_of_the_system(open_page: Open, scheme: Scheme) -> None:
    tab = open_page(scheme=scheme)
    ground, text = tab.evaluate("(it => [it.backgroundColor, it.color])(getComputedStyle(document.body))")
    bright = [sum(map(int, re.findall(r"\d+", colour))) for colour in (ground, text)]
    assert (bright[0] > bright[1]) == (scheme == "light")
    tab.emulate_media(media="print")
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_on_paper_nothing_is_folded_away(open_page: Open) -> None:
    tab = open_page()
    tab.get_by_label("Show 95").check()
    assert tab.locator("dl.meanings:visible").count() == 0
    tab.emulate_media(media="print")
    expect(tab.locator("dl.meanings:visible")).to_have_count(4)
    assert tab.locator("#intervals").is_hidden()
    assert tab.locator("#tradeoff svg").get_attribute("viewBox") == "0 0 680 480"
    tab.set_viewport_size({"width": 680, "height": 900})  # a sheet of A4 between its margins
    assert tab.evaluate("document.documentElement.scrollWidth") == 680
    tab.emulate_media(media="screen")
    expect(tab.locator("dl.meanings:visible")).to_have_count(0)


def test_headings_labels_and_tables_are_in_order(open_page: Open) -> None:
    tab = open_page()
    levels = [int(name[1]) for name in tab.locator("h1, h2, h3").evaluate_all("all => all.map(it => it.tagName)")]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert tab.locator("th:not([scope])").count() == 0
    assert tab.locator("table:not(:has(caption))").count() == 0
    unnamed = tab.locator("input, select, button").evaluate_all(
        "all => all.filter(it => !(it.labels?.length || it.textContent.trim())).length"
    )
    assert unnamed == 0
    ids = tab.locator("[id]").evaluate_all("all => all.map(it => it.id)")
    assert len(ids) == len(set(ids))
