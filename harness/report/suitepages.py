"""The pages of a suite: of the runs that did not hold, broken promises first, and not of too many."""

from pathlib import Path

from rich.console import Console
from rich.markup import escape

from harness.report import failures
from harness.report.runpage import written
from harness.suite import Result

PAGES_MAX = 20  # each takes about a second


def write(console: Console, result: Result) -> dict[str, str]:
    """Their addresses, by run. A page that cannot be written is said, and hides nothing of what the suite found."""
    pages: dict[str, str] = {}
    with console.status("writing pages"):
        for folder in _folders(result)[:PAGES_MAX]:
            try:
                pages[folder.name] = written.write(folder)
            except Exception as problem:  # noqa: BLE001 - see above
                failures.say(f"no page of run {escape(folder.name)}: {escape(failures.words(problem))}")
    return pages


def show(console: Console, result: Result, pages: dict[str, str]) -> None:
    """Those of runs that have no story to end with it, and how many there are not."""
    for report in result.reports:
        if report.id in pages and not report.stories:
            line = f"report of seed {report.seed}: {pages[report.id]}"
            console.print(line, markup=False, highlight=False, soft_wrap=True)
    failed = len(_folders(result))
    if failed > PAGES_MAX:
        what = f"{PAGES_MAX} of the {failed:,} runs that did not hold have a page; `urushi report RUN` writes any other"
        console.print(what, markup=False, highlight=False, soft_wrap=True)


def _folders(result: Result) -> list[Path]:
    failed = [
        (report.verdict != "violated", report.seed, report.folder)
        for report in result.reports
        if report.verdict != "holds" and report.folder
    ]
    return [Path(folder) for _, _, folder in sorted(failed)]
