"""The timeline in a browser: links, pointer and keyboard lead to its events."""

from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import BrowserContext, Page

from checkers.history import Change, Invoke, Message, Return
from harness.report.runpage.subject import Subject
from tests.harness.report.runpage.timelines import across, counts, drawn, fields, seconds, shown

pytestmark = pytest.mark.xdist_group("browser")


def test_links_lead_to_events(tabs: BrowserContext, file: Path, broken: Subject) -> None:
    change = next(event for event in broken.facts.events if isinstance(event, Change) and event.message)
    message = next(event for event in broken.facts.events if isinstance(event, Message) and event.id == change.message)
    violated = max(event for event in broken.facts.operations)
    for name, at, told in (
        (
            f"op{violated}",
            broken.facts.operations[violated].at,
            {"asked": seconds(broken.facts.operations[violated].at)},
        ),
        (
            f"change-{change.seq}",
            change.at,
            {"cause": change.cause, "origin": change.origin, "message": change.message},
        ),
        (f"message-{message.id}", message.at, {"number": message.id, "from": message.sender}),
        (f"fault-{broken.report.faults[0].id}", None, {"kind": broken.report.faults[0].kind}),
    ):
        with shown(tabs, file, quote(name, safe="")) as tab:
            found = fields(tab)
            assert {field: found[field] for field in told} == told
            window = drawn(tab)
            assert window["to"] - window["from"] < broken.facts.events[-1].at / 1000
            assert at is None or window["from"] <= at / 1000 <= window["to"]
            assert tab.locator("#timeline-canvas").evaluate("it => it === document.activeElement")


def test_an_address_that_changes_leads_on_and_picking_writes_it(
    tabs: BrowserContext, file: Path, broken: Subject
) -> None:
    first, other = [op for op, invoke in broken.facts.operations.items() if invoke.kind == "put"][5:7]
    with shown(tabs, file, f"op{first}") as tab:
        tab.evaluate("name => { location.hash = name; }", f"op{other}")
        tab.locator("#timeline-details h3", has_text=f"op {other}:").wait_for()
        before = tab.evaluate("history.length")
        tab.get_by_role("link", name="became").first.click()
        tab.locator("#timeline-details h3", has_text="became").wait_for()
        assert "#change-" in tab.url
        tab.get_by_role("link", name=f"op {other}", exact=True).first.click()
        tab.locator("#timeline-details h3", has_text=f"op {other}:").wait_for()
        followed = tab.evaluate("history.length")
        tab.locator("#timeline-canvas").press("n")
        drawn(tab)
        after = list(broken.facts.operations)
        assert tab.url.endswith(f"#op{after[after.index(other) + 1]}")
        assert tab.evaluate("history.length") == followed > before
        tab.keyboard.press("Escape")
        drawn(tab)
        assert "#" not in tab.url
        assert tab.locator("#timeline-details").is_hidden()


def test_addresses_of_nothing_are_left_alone(tabs: BrowserContext, file: Path) -> None:
    with shown(tabs, file, "%E0%A4%A") as tab:
        whole = drawn(tab)
        for name in ("op999999", "op", "change-1e3", "message-r9/1", "fault-", "elsewhere", "%FF"):
            tab.evaluate("name => { location.hash = name; }", name)
            assert drawn(tab) == whole
            assert tab.locator("#timeline-details").is_hidden()


def test_what_filters_hide_is_shown_by_a_link(tabs: BrowserContext, file: Path, broken: Subject) -> None:
    put = next(op for op, invoke in broken.facts.operations.items() if invoke.kind == "put")
    with shown(tabs, file) as tab:
        tab.locator("#timeline-kind").select_option(label="get")
        tab.evaluate("name => { location.hash = name; }", f"op{put}")
        tab.locator("#timeline-details h3", has_text=f"op {put}:").wait_for()
        shown_now, everything, _ = counts(tab)
        assert shown_now == everything


def test_the_window_is_zoomed_and_moved(tabs: BrowserContext, file: Path) -> None:
    with shown(tabs, file) as tab:
        whole = drawn(tab)
        tab.get_by_role("button", name="zoom in").click()
        half = drawn(tab)
        assert half["to"] - half["from"] == pytest.approx((whole["to"] - whole["from"]) / 2, abs=2)
        box = tab.locator("#timeline-canvas").bounding_box()
        assert box
        x, y = box["x"] + box["width"] / 2, box["y"] + 150
        _drag(tab, (x, y), (x + 100, y))
        moved = drawn(tab)
        per_pixel = (half["to"] - half["from"]) / (half["right"] - half["left"])
        assert half["from"] - moved["from"] == pytest.approx(100 * per_pixel, rel=0.02)
        aim = moved["from"] + (x - box["x"] - moved["left"]) * per_pixel
        tab.mouse.move(x, y)
        tab.keyboard.down("Control")
        tab.mouse.wheel(0, -300)
        tab.keyboard.up("Control")
        zoomed = drawn(tab)
        assert zoomed["to"] - zoomed["from"] < moved["to"] - moved["from"]
        assert across(tab, aim) == pytest.approx(x, abs=1.5)  # what was under the pointer still is
        _drag(tab, (x - 50, box["y"] + 8), (x + 50, box["y"] + 8))
        chosen = drawn(tab)
        wide = zoomed["to"] - zoomed["from"]
        assert chosen["to"] - chosen["from"] == pytest.approx(wide * 100 / (zoomed["right"] - zoomed["left"]), rel=0.03)
        tab.get_by_role("button", name="whole run", exact=True).click()
        assert drawn(tab) == whole


def _drag(tab: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    tab.mouse.move(*start)
    tab.mouse.down()
    tab.mouse.move(*end, steps=3)
    tab.mouse.up()


def test_a_wheel_alone_scrolls_the_page(tabs: BrowserContext, file: Path) -> None:
    with shown(tabs, file, "op20") as tab:
        before = drawn(tab)
        tab.evaluate("scrollTo(0, 0)")
        tab.set_viewport_size({"width": 1280, "height": 500})
        tab.locator("#timeline-canvas").hover(position={"x": 300, "y": 60})
        tab.mouse.wheel(0, 120)
        tab.wait_for_timeout(200)  # it scrolls softly
        assert tab.evaluate("scrollY") > 0
        after = drawn(tab)
        assert (after["from"], after["to"]) == (before["from"], before["to"])


def test_the_strip_moves_the_window_and_chooses_one(tabs: BrowserContext, file: Path) -> None:
    with shown(tabs, file) as tab:
        whole = drawn(tab)
        box = tab.locator("#timeline-overview").bounding_box()
        assert box
        y = box["y"] + 20
        _drag(tab, (box["x"] + box["width"] * 0.25, y), (box["x"] + box["width"] * 0.5, y))
        chosen = drawn(tab)
        assert chosen["from"] == pytest.approx(whole["to"] * 0.25, rel=0.02)
        assert chosen["to"] == pytest.approx(whole["to"] * 0.5, rel=0.02)
        _drag(tab, (box["x"] + box["width"] * 0.4, y), (box["x"] + box["width"] * 0.6, y))
        moved = drawn(tab)
        assert moved["from"] == pytest.approx(whole["to"] * 0.45, rel=0.02)
        assert moved["to"] - moved["from"] == pytest.approx(chosen["to"] - chosen["from"], abs=2)


def test_the_keyboard_does_all_of_it(tabs: BrowserContext, file: Path, broken: Subject) -> None:
    ids = list(broken.facts.operations)
    with shown(tabs, file) as tab:
        canvas = tab.locator("#timeline-canvas")
        canvas.focus()
        assert canvas.evaluate("it => getComputedStyle(it).outlineStyle") != "none"
        live = tab.locator("#timeline-picked")
        for key, op in (("n", ids[0]), ("n", ids[1]), ("n", ids[2]), ("p", ids[1])):
            canvas.press(key)
            drawn(tab)
            assert live.inner_text().startswith(f"picked op {op}:")
        whole = drawn(tab)
        canvas.press("+")
        canvas.press("+")
        near = drawn(tab)
        assert near["to"] - near["from"] == pytest.approx((whole["to"] - whole["from"]) / 4, abs=2)
        canvas.press("ArrowRight")
        assert drawn(tab)["from"] - near["from"] == pytest.approx((near["to"] - near["from"]) / 8, abs=2)
        canvas.press("0")
        assert drawn(tab)["to"] == whole["to"]
        canvas.press("?")
        assert tab.locator("#timeline-keys-told").is_visible()
        canvas.press("/")
        assert tab.locator("#timeline-key").evaluate("it => it === document.activeElement")


def test_events_of_the_violation_are_gone_through(tabs: BrowserContext, file: Path, broken: Subject) -> None:
    ops = {
        event.op
        for promise in broken.broken()
        for violation in promise.measured.violations
        for event in broken.facts.events
        if event.seq in violation.events and isinstance(event, Invoke | Return)
    }
    ordered = sorted(ops, key=lambda op: broken.facts.operations[op].at)
    with shown(tabs, file) as tab:
        for op in [*ordered, ordered[0]]:
            tab.locator("#timeline-canvas").press("v")
            drawn(tab)
            assert tab.url.endswith(f"#op{op}")
            assert tab.locator("#timeline-details.bad").get_by_text("Violates").is_visible()
        tab.get_by_role("button", name="previous event of the violation").click()
        drawn(tab)
        assert tab.url.endswith(f"#op{ordered[-1]}")
