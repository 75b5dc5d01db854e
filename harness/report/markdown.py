"""A suite as Markdown, for the summary of a build: what became of the seeds, what broke and how to see it again, and
what was covered. Bounded, since GitHub drops a summary of more than 1 MiB, in which there may be several suites."""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from harness.report.artefacts import Copied
from harness.report.heads import head, headline
from harness.report.lines import brief
from harness.result import Result, shortened, write_seeds
from harness.run import Report
from harness.suite import Order

BROKEN_SHOWN = 20
TEXT_MAX = 500


def text(order: Order, result: Result, copied: Copied) -> str:
    """Ends with an empty line, so that another may follow."""
    parts = [f"## urushi {_line(headline(order, result))}", _table(order, result)]
    parts += [*_broken(order, result, copied), *_others(result, copied), *_covered(order, result)]
    return "\n\n".join(parts) + "\n\n"


def _table(order: Order, result: Result) -> str:
    counts = result.reports.counts
    row = {
        "scenario": _line(order.scenario),
        "stage": order.stage,
        "seeds": len(order.seeds),
        "held": counts["holds"],
        "broken": counts["violated"] - len(result.known),
        "known": len(result.known),
        "inconclusive": counts["unknown"],
        "failed": len(result.errors),
        "not run": len(result.not_run),
    }
    return _rows([list(row), list(row.values())])


def _broken(order: Order, result: Result, copied: Copied) -> list[str]:
    many = result.reports.counts["violated"] - len(result.known)
    if not many:
        return []
    news = (report for report in result.reports if report.verdict == "violated" and report.seed not in result.known)
    parts = ["### Broken"]
    for report in islice(news, BROKEN_SHOWN):
        parts += [_title(report, copied), fenced(head(report.stories[0])), fenced(order.again(report.seed))]
    more = many - BROKEN_SHOWN
    return [*parts, f"and {more:,} more: see the log of the step"] if more > 0 else parts


def _title(report: Report, copied: Copied) -> str:
    broken = [name for name, promise in report.promises.items() if promise.verdict == "violated"]
    where = copied.runs.get(report.id)
    kept = f"artefact `{where}`" if where else f"run `{report.id}`, not among the artefacts"
    return f"**seed {report.seed}**: {', '.join(broken)} ({kept})"


def _others(result: Result, copied: Copied) -> list[str]:
    chapters: tuple[tuple[str, Callable[[], list[str]]], ...] = (
        ("Known failures that are fixed", lambda: result.fixed),
        ("Known failures", lambda: [*result.let_through(), *result.untold]),
        ("Failed", result.failed),
        ("Inconclusive", result.inconclusive),
        ("Not run", result.left_out),
        ("Artefacts", lambda: copied.words),
    )
    return [f"### {title}\n\n{_list(lines)}" for title, told in chapters if (lines := told())]


def _covered(order: Order, result: Result) -> list[str]:
    """Faults by kind, promises by outcome: what no seed had stands in no row."""
    faults: dict[str, list[int]] = {}
    promises: dict[str, dict[str, int]] = {}
    operations = 0
    for report in result.reports:
        operations += sum(report.operations.values())
        kinds = {fault.kind for fault in report.faults}
        for kind in kinds:
            of_kind = [fault for fault in report.faults if fault.kind == kind]
            row = faults.setdefault(kind, [0, 0, 0])
            faults[kind] = [row[0] + 1, row[1] + len(of_kind), row[2] + sum(fault.bit for fault in of_kind)]
        for name, promise in report.promises.items():
            of_name = promises.setdefault(name, dict.fromkeys(("holds", "violated", "unknown", "not promised"), 0))
            of_name[promise.verdict] += 1
    titles = ["promise", "held", "broken", "unknown", "not promised"]
    parts = [f"### Covered\n\nseeds {brief(write_seeds(order.seeds), TEXT_MAX)}; {operations:,} operations"]
    parts += [_rows([titles, *([name, *counts.values()] for name, counts in promises.items())])] if promises else []
    rows = [[kind, *counts] for kind, counts in sorted(faults.items())]
    return [*parts, _rows([["fault", "seeds", "times", "touched"], *rows])] if rows else parts


def _rows(rows: Iterable[Sequence[object]]) -> str:
    titles, *others = rows
    cells = ([f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row] for row in others)
    head, *body = (f"| {' | '.join(row)} |" for row in ([*map(str, titles)], *cells))
    return "\n".join([head, f"|{'---|' * len(titles)}", *body])


def _list(lines: list[str]) -> str:
    return "\n".join(f"- {_line(line.strip())}" for line in shortened(lines))


def _line(told: str) -> str:
    """What comes from outside must end neither its line nor its cell, and be no tag."""
    one = brief(" ".join(told.split()), TEXT_MAX)
    return one.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|")


def fenced(block: str) -> str:
    """With a fence that nothing in it can end."""
    fence = "```"
    while fence in block:
        fence += "`"
    return f"{fence}text\n{block}\n{fence}"
