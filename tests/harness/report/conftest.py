"""Pages in a browser: one for each module, a tab for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, ViewportSize

from harness.compare.result import Comparison
from harness.report import comparison as pages
from tests.harness.report import browser, sample
from tests.harness.report.browser import WIDE, Open, Opened, Scheme


@pytest.fixture(scope="module")
def tabs() -> Iterator[BrowserContext]:
    with browser.chromium() as it:
        yield it


@pytest.fixture
def open_page(tabs: BrowserContext, tmp_path: Path) -> Iterator[Open]:
    opened: list[Opened] = []

    def start(comparison: Comparison | None = None, *, viewport: ViewportSize = WIDE, scheme: Scheme = "light") -> Page:
        file = tmp_path / f"{len(opened)}.html"
        pages.write(comparison or sample.comparison(), file)
        opened.append(Opened(tabs, file, viewport, scheme))
        return opened[-1].tab

    yield start
    for each in opened:
        each.tab.close()
        assert not each.said
        assert [url for url in each.asked if not url.startswith("data:")] == each.asked[:1]  # the file itself
