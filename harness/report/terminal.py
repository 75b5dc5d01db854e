"""Runs, suites and lists as a person reads them in a terminal; plain lines where there is none."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice

from msgspec import UNSET
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
from rich.table import Table
from rich.text import Text

from harness.plan import Plan
from harness.promises import MATRIX, reason_against
from harness.report import measures
from harness.report.lines import fold
from harness.report.lists import quantity
from harness.requirements import grace_in_words
from harness.run import FaultReport, Report, Say
from harness.suite import Finished, Result, Watch

SEEDS_LISTED = 200  # one by one
STORIES_MAX = 20
_MANY_WORDS = ("drawn", "faults (bit)", "promises (measured)")  # these columns may wrap
_NUMBER = re.compile(r"_\d+")  # of one range among many

COLOURS = {"holds": "green", "violated": "bold red", "unknown": "yellow", "failed": "bold red", "not promised": "dim"}


def show_plan(console: Console, plan: Plan, stage: str, drawn: dict[str, str]) -> None:
    """Before the run starts: all that the seed decided, and what the configuration promises."""
    console.print(f"seed {plan.seed}   scenario {plan.scenario}   stage {stage}", markup=False, highlight=False)
    if drawn:
        words = [f"{name} {value}" for name, value in drawn.items()]
        console.print(f"drawn: {', '.join(words)}", markup=False, highlight=False, style="dim")
    if plan.system is not UNSET:
        told = ", ".join(plan.system.promises) or "nothing"
        console.print(f"system {plan.system.file}   claimed: {told}", markup=False, highlight=False)
        return
    show_grace(console, plan)
    for cell in MATRIX:
        why = reason_against(cell, plan)
        said = f"[yellow]not promised[/]: {cell.property} ({escape(why)})" if why else f"promised: {cell.property}"
        console.print(said, highlight=False)


def show_grace(console: Console, plan: Plan) -> None:
    words = grace_in_words(plan)
    if words:
        console.print(words, markup=False, highlight=False)


@contextmanager
def progress(console: Console) -> Iterator[Say]:
    """On a terminal the latest line, live; elsewhere each line plainly."""
    if not console.is_terminal:
        yield lambda line: console.print(line, markup=False, highlight=False)
        return
    with console.status("starting") as status:
        yield lambda line: status.update(escape(line.strip()))


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
        self._counts = dict.fromkeys(("holds", "violated", "unknown", "failed"), 0)

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


def show_run(console: Console, report: Report, page: str | None = None) -> None:
    """`page` is the address of its page, if it has one."""
    for number, story in enumerate(report.stories):
        shown = story if number == 0 else "\n".join(story.splitlines()[:2])
        _tell_story(console, shown, page if number == 0 else None)
    if report.stories and report.folder:
        console.print(f"more of it: urushi explain {report.id}\n", markup=False, highlight=False)
    if report.faults:
        console.print(_faults(report))
    console.print(_promises(report))
    counts = report.operations
    words = f"{counts['ok']} ok, {counts['failed']} failed, {counts['unknown']} unknown"
    settled = f"; mended in {report.settled_s:.1f} s" if report.settled_s is not None else ""
    settled += f"; stayed down: {' '.join(report.down)}" if report.down else ""
    through = f"; links: {report.proxy}" if report.proxy else ""
    console.print(f"operations: {words}{settled}{through}", markup=False, highlight=False)
    if report.latency_ms:
        told = ", ".join(f"{name} {value:.1f} ms" for name, value in report.latency_ms.items())
        console.print(f"latency from the planned time: {told}", markup=False, highlight=False)
    for line in measures.lines(report.staleness, report.divergence):
        console.print(fold(line, console.width), markup=False, highlight=False, soft_wrap=True)
    if report.metrics:
        console.print(f"replicas: {_counted(report)}", markup=False, highlight=False)
    for reason in report.reasons if report.verdict == "unknown" else []:
        console.print(f"unknown because: {reason}", markup=False, highlight=False)
    console.print(f"digest {report.digest[:16]}   folder {report.folder}", markup=False, highlight=False)
    if page and not report.stories:
        console.print(f"report {page}", markup=False, highlight=False, soft_wrap=True)
    verdict = f"[{COLOURS[report.verdict]}]{report.verdict.upper()}[/]"
    console.print(f"{verdict}   run {escape(report.id)}", highlight=False)


def _tell_story(console: Console, story: str, page: str | None) -> None:
    also = f"\n  Report:     {page}" if page else ""  # whole, so that it can be clicked on
    console.print(f"{fold(story, console.width)}{also}\n", markup=False, highlight=False, soft_wrap=True)


def _counted(report: Report) -> str:
    """Over all nodes: the sums of what was counted, and of times, which do not add up, the least and the most."""
    values: dict[str, list[int]] = {}
    for counted in report.metrics.values():
        for name, value in counted.items():
            values.setdefault(_NUMBER.sub("", name), []).append(value)
    told: list[str] = []
    for name, each in values.items():
        if name.endswith("_ms"):
            told.append(f"{name[:-3].replace('_', ' ')} {min(each) / 1e3:.1f}..{max(each) / 1e3:.1f} s")
        elif sum(each):
            told.append(f"{name.replace('_', ' ')} {sum(each):,}")
    return ", ".join(told) or "nothing was counted"


def _faults(report: Report) -> Table:
    table = Table(box=None, pad_edge=False, title_justify="left")
    for title in ("fault", "kind", "targets", "from", "to", "applied", "bit", "parameters"):
        table.add_column(title, justify="right" if title in ("from", "to", "bit") else "left", overflow="fold")
    for fault in report.faults:
        applied = "yes" if fault.applied else f"[red]no[/]: {escape(fault.evidence)}"
        span = f"{fault.start_s:.2f} s", f"{fault.end_s:.2f} s"
        parameters = ", ".join(quantity(name, value) for name, value in fault.parameters.items())
        targets = " ".join(fault.targets)
        table.add_row(escape(fault.id), fault.kind, targets, *span, applied, str(fault.bit), parameters)
    return table


def _promises(report: Report) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in ("promise", "verdict", "checked", "remarks"):
        table.add_column(title, overflow="fold")
    for name, promise in report.promises.items():
        remark = promise.why if promise.verdict != "violated" else f"violations: {promise.violations}, see above"
        if promise.verdict == "not promised":
            remark = f"{promise.why}; measured: {promise.measured}"
        verdict = f"[{COLOURS[promise.verdict]}]{promise.verdict}[/]"
        table.add_row(name, verdict, str(promise.checked), escape(remark))
    return table


def show_suite(console: Console, result: Result, pages: dict[str, str]) -> None:
    """Of very many seeds the table has those that did not hold, and of very many of those the first. `pages` are the
    addresses of those that were written, by run."""
    count = len(result.reports)
    of_interest = (report for report in result.reports if count <= SEEDS_LISTED or report.verdict != "holds")
    listed = list(islice(of_interest, SEEDS_LISTED))
    if listed:
        console.print(verdict_table(listed))
        console.print()
    if count > len(listed):
        held = result.reports.counts["holds"]
        more = count - held - len(listed)
        also = f", and {more:,} that did not" if more else ""
        console.print(f"the table leaves out {held:,} seeds that held{also}\n", markup=False, highlight=False)
    if count:
        console.print(property_table(result.reports))
        console.print()
    with_stories = [report for report in listed if report.stories]
    for report in with_stories[:STORIES_MAX]:
        _tell_story(console, report.stories[0], pages.get(report.id))
    if len(with_stories) > STORIES_MAX:
        console.print("the stories of more seeds: `urushi explain` and the run\n", markup=False, highlight=False)
    for line in result.summary():
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def verdict_table(reports: list[Report]) -> Table:
    """One row a seed. Of what was drawn, only what the seeds differ in; whatever no seed has is left out."""
    rows = [_row(report, _that_differ(reports)) for report in reports]
    table = Table(box=None, pad_edge=False)
    shown = [title for title in rows[0] if any(row[title] for row in rows)]
    for title in shown:
        table.add_column(title, overflow="fold", no_wrap=title not in _MANY_WORDS)
    for row in rows:
        table.add_row(*(row[title] for title in shown))
    return table


def _row(report: Report, differ: list[str]) -> dict[str, str]:
    return {
        "seed": str(report.seed),
        "verdict": f"[{COLOURS[report.verdict]}]{report.verdict}[/]",
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
