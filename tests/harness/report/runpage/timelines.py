"""Runs of which a timeline is drawn, in pages that were opened."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from playwright.sync_api import BrowserContext, Page, ViewportSize

from checkers.history import Return
from harness.report.runpage import page
from harness.report.runpage.subject import Subject, read
from harness.run import run
from harness.scenario import draw, load
from tests.harness.report.browser import WIDE, Opened, Scheme, frames

HOSTILE = "</script><img src=x onerror=alert(1)>&amp;"


def subject(runs: Path, seed: int = 3, flaw: str | None = "decides-on-one", mark: str = "") -> Subject:
    """With the flaw and seed 3, two reads break promises. `mark` is added to each key and value."""
    plan, drawn = draw(load("default"), "default", seed, flaw)
    marked = [
        msgspec.structs.replace(each, key=each.key + mark, value=each.value and each.value + mark)
        for each in plan.operations
    ]
    report = run(msgspec.structs.replace(plan, operations=marked), "simulation", runs=runs, drawn=drawn)
    return read(Path(report.folder), report)


@contextmanager
def shown(
    tabs: BrowserContext,
    file: Path,
    address: str = "",
    viewport: ViewportSize = WIDE,
    scheme: Scheme = "light",
) -> Iterator[Page]:
    """Asserts at the end that the page said nothing and asked for nothing."""
    opened = Opened(tabs, file, viewport, scheme, f"#{address}" if address else "")
    opened.tab.wait_for_selector("html[data-ready=yes]", state="attached")
    opened.tab.wait_for_selector("#timeline-canvas[data-to]")
    opened.tab.evaluate("document.getElementById('timeline').scrollIntoView()")
    try:
        yield opened.tab
    finally:
        opened.tab.close()
    assert not opened.said
    assert len([url for url in opened.asked if not url.startswith("data:")]) == 1  # the file itself


def written(of: Subject, file: Path) -> Path:
    page.write(of, file)
    return file


def drawn(tab: Page) -> dict[str, int]:
    """What the canvas tells of its last frame, after the frames that are due."""
    frames(tab)
    told: dict[str, str] = tab.locator("#timeline-canvas").evaluate("it => ({...it.dataset})")
    return {name: int(value) for name, value in told.items()}


def counts(tab: Page) -> tuple[int, int, int]:
    """Shown, of all, in this stretch."""
    drawn(tab)
    words = tab.locator("#timeline-count").inner_text().replace(",", "").split()
    return int(words[0]), int(words[2]), int(words[4])


def across(tab: Page, us: float) -> float:
    """Where a time stands in the window of the browser."""
    told, box = drawn(tab), tab.locator("#timeline-canvas").bounding_box()
    assert box
    part = (us - told["from"]) / (told["to"] - told["from"])
    return box["x"] + told["left"] + part * (told["right"] - told["left"])


def fields(tab: Page, within: str = "#timeline-details") -> dict[str, str]:
    """Names and texts, after the frames that are due."""
    frames(tab)
    pairs: list[tuple[str, str]] = tab.locator(f"{within} .timeline-fields dt").evaluate_all(
        "all => all.map(it => [it.textContent, it.nextSibling.textContent])"
    )
    return dict(pairs)


def column(data: dict[str, Any], name: str) -> list[int]:
    """As the page reads it."""
    numbers: list[int] = data[name]
    if name not in data["rising"]:
        return numbers
    total, found = 0, []
    for step in numbers:
        total += step
        found.append(total)
    return found


def seconds(ns: int) -> str:
    us = ns // 1000
    return f"{us / 1e6:.{6 if us % 1000 else 3}f} s"


def returns(of: Subject) -> dict[int, Return]:
    return {event.op: event for event in of.facts.events if isinstance(event, Return)}
