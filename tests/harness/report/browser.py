"""A Chromium for the tests of pages. `ci/browser` says where it comes from."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import BrowserContext, sync_playwright

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
