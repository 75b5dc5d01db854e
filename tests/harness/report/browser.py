"""A Chromium for the tests of pages, and what they ask of it. `ci/browser` says where it comes from."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, Protocol

from playwright.sync_api import BrowserContext, Locator, Page, ViewportSize, sync_playwright

from harness.compare.result import Comparison

Scheme = Literal["light", "dark"]
WIDE, NARROW = ViewportSize(width=1280, height=900), ViewportSize(width=360, height=740)

# Without these Chromium asks its maker's hosts for things, which no test is about.
_QUIET = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_ONE_PROCESS = "--renderer-process-limit=1"


@contextmanager
def chromium() -> Iterator[BrowserContext]:
    """For a module's tests. All tabs share one process, which stays: none is left behind, or waited for, after each."""
    path = os.environ.get("URUSHI_CHROMIUM") or shutil.which("chromium")
    assert path, "there is no chromium: ci/browser installs Debian's, URUSHI_CHROMIUM names any other"
    with sync_playwright() as driver:
        sandbox = os.geteuid() != 0  # root has none
        browser = driver.chromium.launch(executable_path=path, args=[*_QUIET, _ONE_PROCESS], chromium_sandbox=sandbox)
        tabs = browser.new_context()
        tabs.set_default_timeout(10_000)
        first = tabs.new_page()
        first.goto("file:///dev/null")
        first.screenshot()
        yield tabs
        browser.close()


class Open(Protocol):
    def __call__(
        self, comparison: Comparison | None = None, *, viewport: ViewportSize = ..., scheme: Scheme = ...
    ) -> Page: ...


class Opened:
    """A page in a tab of its own, with all that it said and asked for."""

    def __init__(
        self, tabs: BrowserContext, file: Path, viewport: ViewportSize, scheme: Scheme, address: str = ""
    ) -> None:
        self.said: list[str] = []
        self.asked: list[str] = []
        self.tab = tabs.new_page()
        self.tab.set_viewport_size(viewport)
        self.tab.emulate_media(color_scheme=scheme)
        self.tab.on("console", lambda message: self.said.append(message.text))
        self.tab.on("pageerror", lambda error: self.said.append(str(error)))
        self.tab.on("request", lambda request: self.asked.append(request.url))
        self.tab.goto(file.as_uri() + address)


def frames(tab: Page, count: int = 2) -> None:
    """Waits for as many: a page draws, and answers for what moved below the pointer, in the next ones."""
    tab.evaluate(
        """count => new Promise(done => {
            const next = left => left ? requestAnimationFrame(() => next(left - 1)) : done();
            next(count);
        })""",
        count,
    )


def boxes(found: Locator) -> list[dict[str, float]]:
    found_at: list[dict[str, float]] = found.evaluate_all("all => all.map(it => it.getBoundingClientRect().toJSON())")
    return found_at


def overlap(one: dict[str, float], other: dict[str, float]) -> bool:
    beside = one["right"] <= other["left"] or other["right"] <= one["left"]
    return not (beside or one["bottom"] <= other["top"] or other["bottom"] <= one["top"])
