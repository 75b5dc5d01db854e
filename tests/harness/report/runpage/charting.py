"""What tests ask of the charts of a run's page."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page

from harness.report.runpage import page
from harness.report.runpage.subject import Subject


def written(of: Subject, folder: Path) -> Path:
    page.write(of, folder / "run.html")
    return folder / "run.html"


def plot(tab: Page, name: str) -> Locator:
    return tab.locator(f"#{name} .plot")


def told(tab: Page, name: str) -> dict[str, str]:
    """What is read out: the time as "at", faults that are on by their names."""
    first, *rest = (plot(tab, name).get_attribute("aria-valuetext") or "").split("; ")
    return {"at": first} | {name: words for name, _, words in (each.rpartition(" ") for each in rest)}


def laid(tab: Page, name: str, what: str) -> Any:
    """What a chart has drawn."""
    return tab.evaluate(f"timeCharts.find((chart) => chart.plot.parentElement.id === '{name}').laid.{what}")


def walk(tab: Page, name: str, *keys: str) -> dict[str, str]:
    plot(tab, name).focus()
    for key in keys:
        tab.keyboard.press(key)
    return told(tab, name)


def drawn(tab: Page) -> None:
    """Wait until all charts are, those out of sight too. (The page forbids what Playwright waits with.)"""
    tab.evaluate("""() => new Promise((done) => {
      const look = () => (waiting || timeCharts.some((chart) => chart.stale) ? requestAnimationFrame(look) : done());
      look();
    })""")


def shown(tab: Page) -> tuple[float, float]:
    start, end = tab.evaluate("[shown.from, shown.to]")
    return start, end
