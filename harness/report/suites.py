"""Suites as a person reads them in a terminal; plain lines where there is none."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
from rich.table import Table
from rich.text import Text

from harness.report.terminal import COLOURS, tell_story
from harness.result import Finished, Result
from harness.run import FaultReport, Report
from harness.suite import Watch

SEEDS_LISTED = 200  # one by one
STORIES_MAX = 20
_MANY_WORDS = ("drawn", "faults (bit)", "promises (measured)")  # these columns may wrap


class _TimeLeft(ProgressColumn):
    """The estimate was made when the last seed was over; it counts down until the next one is."""

    def render(self, task: Task) -> Text:
        if task.fields["left_s"] is None:
            return Text("")
        passed_s = (task.elapsed or 0.0) - task.fields["estimated_at"]
        return Text(f"about {_span(max(task.fields['left_s'] - passed_s, 0.0))} left")


@contextmanager
def suite_progress(console: Console, total: int) -> Iterator[Watch]:
    """On a terminal one live line, and above it the seeds that did not hold; elsewhere a line for each seed, or, of
    very many, for those that did not hold and for each hundredth of them all."""
    tally = _Tally(total)
    if not console.is_terminal:
        yield lambda finished, left_s: tally.tell(console, finished, left_s)
        return
    counted = TextColumn("{task.fields[counted]}")
    with Progress(BarColumn(), MofNCompleteColumn(), counted, _TimeLeft(), console=console, transient=True) as live:
        task = live.add_task("", total=total, counted="", left_s=None, estimated_at=0.0)

        def watch(finished: Finished, left_s: float) -> None:
            tally.count(finished)
            if tally.is_news(finished):
                _tell_seed(live.console, finished, "")
            elapsed_s = live.tasks[0].elapsed or 0.0
            live.update(task, advance=1, counted=tally.words(), left_s=left_s, estimated_at=elapsed_s)

        yield watch


class _Tally:
    """What has become of the seeds so far, and which are worth a line of their own."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._counts = dict.fromkeys(("holds", "violated", "known", "unknown", "failed"), 0)

    def count(self, finished: Finished) -> None:
        self._counts[finished.verdict()] += 1

    def is_news(self, finished: Finished) -> bool:
        """When a worker dies, all seeds that are left fail: it is enough to see some of them."""
        verdict = finished.verdict()
        return verdict != "holds" and (self._total <= SEEDS_LISTED or self._counts[verdict] <= SEEDS_LISTED)

    def words(self) -> str:
        return ", ".join(f"[{COLOURS[name]}]{count:,} {name}[/]" for name, count in self._counts.items() if count)

    def tell(self, console: Console, finished: Finished, left_s: float) -> None:
        self.count(finished)
        left = f"   about {_span(left_s)} left"
        if self._total <= SEEDS_LISTED:
            _tell_seed(console, finished, left)
            return
        if self.is_news(finished):
            _tell_seed(console, finished, "")
        over = sum(self._counts.values())
        if over % -(-self._total // 100) == 0:
            console.print(f"{over:,} of {self._total:,} seeds: {self.words()}{left}", highlight=False, soft_wrap=True)


def _tell_seed(console: Console, finished: Finished, also: str) -> None:
    outcome, verdict = finished.outcome, f"[{COLOURS[finished.verdict()]}]{finished.verdict()}[/]"
    said = f": {outcome}" if isinstance(outcome, str) else f"   run {outcome.id}" if outcome.folder else ""
    console.print(f"seed {finished.seed}: {verdict}{escape(said)}{also}", highlight=False, soft_wrap=True)


def _span(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def show_suite(console: Console, result: Result, pages: dict[str, str]) -> None:
    """Of very many seeds the table has those that did not hold, and of very many of those the first. `pages` are the
    addresses of those that were written, by run."""
    count = len(result.reports)
    of_interest = (report for report in result.reports if count <= SEEDS_LISTED or report.verdict != "holds")
    listed = list(islice(of_interest, SEEDS_LISTED))
    if listed:
        console.print(verdict_table(listed, result.known))
        console.print()
    if count > len(listed):
        held = result.reports.counts["holds"]
        more = count - held - len(listed)
        also = f", and {more:,} that did not" if more else ""
        console.print(f"the table leaves out {held:,} seeds that held{also}\n", markup=False, highlight=False)
    if count:
        console.print(property_table(result.reports))
        console.print()
    with_stories = [report for report in listed if report.stories and report.seed not in result.known]
    for report in with_stories[:STORIES_MAX]:
        tell_story(console, report.stories[0], pages.get(report.id))
    if len(with_stories) > STORIES_MAX:
        console.print("the stories of more seeds: `urushi explain` and the run\n", markup=False, highlight=False)
    for line in result.summary():
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def verdict_table(reports: list[Report], known: Collection[int] = ()) -> Table:
    """One row a seed. Of what was drawn, only what the seeds differ in; whatever no seed has is left out. `known` are
    seeds that are let through."""
    rows = [
        _row(report, _that_differ(reports), "known" if report.seed in known else report.verdict) for report in reports
    ]
    table = Table(box=None, pad_edge=False)
    shown = [title for title in rows[0] if any(row[title] for row in rows)]
    for title in shown:
        table.add_column(title, overflow="fold", no_wrap=title not in _MANY_WORDS)
    for row in rows:
        table.add_row(*(row[title] for title in shown))
    return table


def _row(report: Report, differ: list[str], verdict: str) -> dict[str, str]:
    return {
        "seed": str(report.seed),
        "verdict": f"[{COLOURS[verdict]}]{verdict}[/]",
        "run": report.id if report.folder else "not kept",
        "drawn": escape(", ".join(_draw_words(name, report.drawn[name]) for name in differ if name in report.drawn)),
        "faults (bit)": escape(_kinds(report)),
        "ok/failed/\nunknown": "/".join(str(report.operations[name]) for name in ("ok", "failed", "unknown")),
        "mended": f"{report.settled_s:.1f} s" if report.settled_s is not None else "no",
        "left\ndown": " ".join(report.down),
        "promises (measured)": escape(_kept(report)),
    }


def _that_differ(reports: list[Report]) -> list[str]:
    """The cluster, and of policy and workload what is a word: their numbers would fill the table."""
    values: dict[str, set[str]] = {}
    for report in reports:
        for name, value in report.drawn.items():
            room = name.partition(".")[0]
            if room == "cluster" or (room in ("policy", "workload") and not value[:1].isdigit()):
                values.setdefault(name, set()).add(value)
    return [name for name, different in values.items() if len(different) > 1]


def _draw_words(name: str, value: str) -> str:
    what = name.partition(".")[2].replace("_", " ")
    if value == "none":
        return f"no {what}"
    return f"{what} {value}" if name.startswith("cluster.") else value


def _kinds(report: Report) -> str:
    """Each kind, how often, and how much all of them bit."""
    kinds: dict[str, list[FaultReport]] = {}
    for fault in report.faults:
        kinds.setdefault(fault.kind, []).append(fault)
    told: list[str] = []
    for kind, faults in kinds.items():
        times = f"×{len(faults)}" if len(faults) > 1 else ""  # noqa: RUF001 - the sign is meant
        told.append(f"{kind}{times}({sum(fault.bit for fault in faults)})")
    return " ".join(told) or "none"


def _kept(report: Report) -> str:
    """How many promises held, then what did not; the reasons are told below the table."""
    outcomes = [promise.verdict for promise in report.promises.values() if promise.verdict != "not promised"]
    told = [f"{outcomes.count('holds')} of {len(outcomes)} hold"]
    for outcome in ("violated", "unknown", "not promised"):
        names = [
            f"{name} ({each.measured})" if outcome == "not promised" else name
            for name, each in report.promises.items()
            if each.verdict == outcome
        ]
        if names:
            told.append(f"{outcome}: {', '.join(names)}")
    not_applied = [fault.id for fault in report.faults if not fault.applied]
    if not_applied:
        told.append(f"not applied: {' '.join(not_applied)}")
    return "; ".join(told)


def property_table(reports: Iterable[Report]) -> Table:
    """What became of each property over all seeds: as a promise, and measured where it was not promised."""
    counts: dict[str, Counter[tuple[str, str]]] = {}
    for report in reports:
        for name, promise in report.promises.items():
            measured = promise.measured if promise.verdict == "not promised" else ""
            counts.setdefault(name, Counter())[promise.verdict, measured] += 1
    columns = [(outcome, "") for outcome in ("holds", "violated", "unknown")]
    columns += [("not promised", outcome) for outcome in ("holds", "violated", "unknown")]
    table = Table(box=None, pad_edge=False)
    table.add_column("property")
    for outcome, measured in columns:
        title = f"{outcome},\nmeasured: {measured}" if measured else f"promised:\n{outcome}"
        table.add_column(title, justify="right")
    for name, of_property in counts.items():
        table.add_row(name, *(str(of_property[column] or "·") for column in columns))
    return table
