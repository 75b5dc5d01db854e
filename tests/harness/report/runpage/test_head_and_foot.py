"""The head and the foot of a run's page in a browser: copying, links, folds, screens, paper; and the list of runs."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest
from playwright.sync_api import BrowserContext, Page

from harness.report.runpage import written
from harness.report.view.server import serving
from harness.run import Report
from tests.harness.report import runs
from tests.harness.report.browser import NARROW, WIDE, Opened, Scheme

pytestmark = pytest.mark.xdist_group("browser")

READY = "html[data-ready=yes]"


class Show(Protocol):
    def __call__(self, report: Report) -> Page: ...


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Report]:
    """Each with its page."""
    folder = tmp_path_factory.mktemp("made")
    reports = {make.__name__: make(folder) for make in (runs.broken, runs.holding, runs.unknown, runs.hostile)}
    for report in reports.values():
        written.write(Path(report.folder))
    return reports


@pytest.fixture
def show(tabs: BrowserContext) -> Iterator[Show]:
    opened: list[Opened] = []

    def start(report: Report) -> Page:
        opened.append(Opened(tabs, Path(report.folder) / written.PAGE, WIDE, "light"))
        opened[-1].tab.wait_for_selector(READY, state="attached")
        return opened[-1].tab

    yield start
    for each in opened:
        each.tab.close()
        assert not each.said
        assert [url for url in each.asked if not url.startswith("data:")] == each.asked[:1]  # the file itself


@pytest.mark.parametrize("which", ["broken", "holding", "unknown", "hostile"])
def test_no_screen_is_too_narrow(which: str, show: Show, made: dict[str, Report]) -> None:
    """Wide tables scroll by themselves, by keyboard as well; the page does not."""
    tab = show(made[which])
    assert tab.locator("img").count() == 0
    tab.evaluate("document.querySelectorAll('details').forEach((it) => { it.open = true; })")
    for viewport in (WIDE, NARROW):
        tab.set_viewport_size(viewport)
        assert tab.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
        out_of_reach = tab.evaluate(
            "[...document.querySelectorAll('#verdict *, #plan *')].filter((it) => it.scrollWidth > it.clientWidth + 1"
            " && getComputedStyle(it).overflowX === 'auto' && it.tabIndex < 0).length"
        )
        assert out_of_reach == 0


def test_the_line_is_copied(show: Show, made: dict[str, Report]) -> None:
    tab = show(made["broken"])
    tab.evaluate("() => { navigator.clipboard.writeText = async (text) => { window.written = text; }; }")
    tab.get_by_role("button", name="Copy").press("Enter")
    tab.get_by_role("status").get_by_text("copied", exact=True).wait_for()
    assert tab.evaluate("window.written") == f"urushi replay {made['broken'].id}"


def test_without_a_clipboard_it_is_copied_by_its_selection(show: Show, made: dict[str, Report]) -> None:
    tab = show(made["broken"])
    tab.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new DOMException('no')); }")
    tab.evaluate("addEventListener('copy', () => { window.written = String(getSelection()); })")
    tab.get_by_role("button", name="Copy").click()
    tab.get_by_role("status").get_by_text("copied", exact=True).wait_for()
    assert tab.evaluate("window.written") == f"urushi replay {made['broken'].id}"


def test_where_nothing_can_be_copied_it_is_selected_and_that_is_said(show: Show, made: dict[str, Report]) -> None:
    tab = show(made["broken"])
    tab.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    tab.evaluate("() => { document.execCommand = () => false; }")
    tab.get_by_role("button", name="Copy").click()
    tab.get_by_text("selected: copy it with Ctrl+C").wait_for()
    assert tab.evaluate("String(getSelection())") == f"urushi replay {made['broken'].id}"


def test_links_of_the_story_go_to_its_operations_and_faults(show: Show, made: dict[str, Report]) -> None:
    tab = show(made["broken"])
    tab.locator(".story a", has_text="op 2").first.click()
    assert tab.evaluate("location.hash") == "#op2"
    tab.locator(".story a", has_text="f1").first.press("Enter")
    assert tab.evaluate("location.hash") == "#fault-f1"


def test_the_contents_lead_to_every_other_section(show: Show, made: dict[str, Report]) -> None:
    tab = show(made["holding"])
    sections = tab.locator("main > section[id]").evaluate_all("all => all.map((it) => it.id)")
    links = tab.locator("#contents a").evaluate_all("all => all.map((it) => it.hash.slice(1))")
    assert links == [name for name in sections if name != "verdict"]
    assert "plan" in links


def test_folds_open_by_keyboard(show: Show, made: dict[str, Report]) -> None:
    tab = show(made["broken"])
    table = tab.locator("pre.whole").first
    assert not table.is_visible()
    tab.locator("summary", has_text="The whole story").press("Enter")
    assert table.is_visible()
    assert "(✝ v2 lost) !" in table.inner_text()
    assert not tab.locator("article.broken").first.is_visible()
    tab.locator("#also > summary").press("Enter")
    assert tab.locator("article.broken").first.is_visible()


@pytest.mark.parametrize("which", ["broken", "holding", "unknown"])
def test_the_verdict_can_be_read(which: str, show: Show, made: dict[str, Report]) -> None:
    """By the contrast that WCAG asks of text."""
    tab = show(made[which])
    schemes: tuple[Scheme, ...] = ("light", "dark")
    for scheme in schemes:
        tab.emulate_media(color_scheme=scheme)
        colours = tab.locator("#verdict .badge").evaluate(
            "it => [getComputedStyle(it).color, getComputedStyle(document.body).backgroundColor]"
        )
        assert _contrast(*colours) >= 4.5


def _contrast(one: str, other: str) -> float:
    light, dark = sorted(map(_luminance, (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(part) / 255 for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_paper_has_what_is_folded_and_no_buttons(show: Show, made: dict[str, Report]) -> None:
    tab = show(made["broken"])
    tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    tab.emulate_media(media="print")
    assert not tab.locator("#copy").is_visible()
    assert tab.locator("pre.whole").first.is_visible()
    assert tab.locator("pre.whole").first.evaluate("it => getComputedStyle(it).maxHeight") == "none"


def test_the_list_is_filtered_by_words_of_any_column(tabs: BrowserContext, made: dict[str, Report]) -> None:
    folder = Path(made["broken"].folder).parent
    with serving(folder, 0) as site:
        thread = threading.Thread(target=site.serve_forever, args=(0.01,))
        thread.start()
        tab = tabs.new_page()
        said: list[str] = []
        tab.on("console", lambda message: said.append(message.text))
        tab.goto(site.address)
        count, rows = tab.locator("#count"), tab.locator("#runs tbody tr:visible")
        whole = rows.count()
        assert count.inner_text() == str(whole)
        tab.get_by_label("Filter").fill("HOLDS five")
        assert rows.count() == 1
        assert count.inner_text() == f"1 of {whole}"
        tab.get_by_label("Filter").fill("no such run")
        assert (rows.count(), tab.locator("#none").is_visible()) == (0, True)
        tab.get_by_label("Filter").fill(made["broken"].id)
        tab.get_by_role("link", name=made["broken"].id).click()
        tab.wait_for_selector(READY, state="attached")
        assert tab.locator("#h-verdict").inner_text() == "Broken: purge soundness, on key k3"
        tab.get_by_role("link", name="plan.json").click()
        assert '"scenario"' in tab.locator("body").inner_text()
        tab.close()
        site.shutdown()
        thread.join()
    assert not said
