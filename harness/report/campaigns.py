"""Campaigns as a person reads them: how far one is, which causes it found, and what its faults never met."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic  # noqa: TID251 - elsewhere than on a terminal, a line is told every while

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.campaign import ranges
from harness.campaign.coverage import ANY, MECHANISMS, PHASES
from harness.campaign.forgiven import Forgiven
from harness.campaign.order import run_command
from harness.campaign.perform import Progress, Stopped, Watch
from harness.campaign.results import Results
from harness.faults.table import KINDS
from harness.levers import STAGE_LEVERS
from harness.report.terminal import COLOURS

CAUSES_SHOWN = 20
SHAPES_SHOWN = 5  # of one cause
FAILED_SHOWN = 10
_TELL_S = 30.0


class Kept(msgspec.Struct, frozen=True):
    """`events` until it fails; `run` is the folder's id, if there is one."""

    seed: int
    events: int
    command: str
    run: str | None


class Group(msgspec.Struct, frozen=True):
    promise: str
    mechanism: str
    shape: str
    seeds: int
    fastest: list[Kept]


class Told(msgspec.Struct, frozen=True):
    """What `--json` prints. `coverage` counts seeds by kind of fault, phase and mechanism. `let_through` counts those
    that broke nothing but what is `known`, each with how many of them it was in."""

    file: str
    order: dict[str, str]
    done: int
    total: int
    verdicts: dict[str, int]
    cpu_s: float
    groups: list[Group]
    failed: list[tuple[int, str]]
    unknown: list[tuple[int, str]]
    coverage: dict[str, dict[str, dict[str, int]]]
    stopped: Stopped | None
    let_through: int
    known: dict[str, int]

    def exit_code(self) -> int:
        codes = {"violated": 1, "failed": 4, "unknown": 3}
        counts = {**self.verdicts, "violated": self.verdicts["violated"] - self.let_through}
        return next((code for verdict, code in codes.items() if counts.get(verdict)), 0)


def told(results: Results, stopped: Stopped | None, forgiven: Forgiven) -> Told:
    order, counts = results.order(), results.counts()
    coverage: dict[str, dict[str, dict[str, int]]] = {}
    for kind, phase, mechanism, seeds in results.rows("SELECT * FROM coverage"):
        coverage.setdefault(kind, {}).setdefault(phase, {})[mechanism] = seeds
    [(cpu_s,)] = results.rows("SELECT total(cpu_s) FROM seeds")
    return Told(
        file=str(results.path),
        order=order,
        done=sum(counts.values()),
        total=ranges.count(ranges.parse(order["seeds"])),
        verdicts={name: counts[name] for name in ("holds", "violated", "unknown", "failed")},
        cpu_s=cpu_s,
        groups=_groups(results, order),
        failed=_why(results, "failed"),
        unknown=_why(results, "unknown"),
        coverage=coverage,
        stopped=stopped,
        let_through=forgiven.seeds,
        known=forgiven.entries,
    )


def _groups(results: Results, order: dict[str, str]) -> list[Group]:
    stored = results.runs()
    fastest: dict[tuple[str, str, str], list[Kept]] = {}
    query = "SELECT promise, mechanism, shape, seed, to_fail FROM kept ORDER BY place"
    for *group, seed, events in results.rows(query):
        promise, mechanism, shape = group
        kept = Kept(seed, events, run_command(order, seed), stored.get(seed))
        fastest.setdefault((promise, mechanism, shape), []).append(kept)
    query = "SELECT promise, mechanism, shape, seeds FROM groups ORDER BY seeds DESC, promise, mechanism, shape"
    groups: list[tuple[str, str, str, int]] = results.rows(query)
    return [Group(*group, fastest[group[:3]]) for group in groups]


def _why(results: Results, verdict: str) -> list[tuple[int, str]]:
    query = "SELECT seed, why FROM seeds WHERE verdict = ? ORDER BY seed LIMIT ?"
    return results.rows(query, verdict, FAILED_SHOWN)


@contextmanager
def progress(console: Console) -> Iterator[Watch]:
    """On a terminal one live line; elsewhere one now and then, and whenever there is another group."""
    if console.is_terminal:
        with console.status("beginning") as status:
            yield lambda progress: status.update(_line(progress))
        return
    said_at, done, groups = 0.0, 0, 0

    def say(progress: Progress) -> None:
        nonlocal said_at, done, groups
        now = monotonic()
        over = progress.done == progress.total != done
        if now - said_at >= _TELL_S or progress.groups != groups or over:
            said_at, done, groups = now, progress.done, progress.groups
            console.print(_line(progress), highlight=False, soft_wrap=True)

    yield say


def _line(progress: Progress) -> str:
    counts = [f"[{COLOURS[name]}]{count:,} {name}[/]" for name, count in progress.counts.items() if count]
    parts = [f"{progress.done:,} of {progress.total:,} seeds", ", ".join(counts) or "none yet"]
    parts += [_count(progress.groups, "group")] if progress.groups else []
    parts += [f"{progress.rate:.1f} seeds/s"] if progress.rate else []
    parts += [f"about {_span(progress.left_s)} left"] if progress.left_s else []
    return "   ".join(parts)


def _span(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


def show(console: Console, told: Told) -> None:
    causes = _causes(told.groups)
    for number, groups in enumerate(causes[:CAUSES_SHOWN], 1):
        _show_cause(console, number, groups)
    if len(causes) > CAUSES_SHOWN:
        more = f"and {len(causes) - CAUSES_SHOWN:,} more causes: the table `groups` of the file has them\n"
        console.print(more, markup=False, highlight=False)
    if told.coverage:
        began = "seeds in which a fault began or ended during"
        console.print(_coverage(told, began, {phase: (phase, ANY) for phase in PHASES}))
        worked = "seeds in which, after it began, replicas were repaired by"
        console.print(_coverage(told, worked, {mechanism: (ANY, mechanism) for mechanism in MECHANISMS}))
        console.print(_blind(told), markup=False, highlight=False, soft_wrap=True)
    for verdict, found in (("failed", told.failed), ("unknown", told.unknown)):
        for seed, why in found:
            console.print(f"seed {seed}: {verdict}: {why}", markup=False, highlight=False, soft_wrap=True)
    for words, count in told.known.items():
        line = f"let through: {_count(count, 'seed')}: {words}"
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    known = {"violated": f" ({told.let_through:,} let through)"} if told.let_through else {}
    counts = ", ".join(f"{count:,} {name}{known.get(name, '')}" for name, count in told.verdicts.items())
    stopped = f"stopped by {told.stopped}; the same command goes on\n" if told.stopped else ""
    summary = f"{stopped}{told.done:,} of {told.total:,} seeds: {counts}; groups: {len(told.groups)}"
    console.print(f"{summary}; CPU {_span(told.cpu_s)}   {told.file}", markup=False, highlight=False, soft_wrap=True)


def _causes(groups: list[Group]) -> list[list[Group]]:
    """The groups of one promise and one mechanism differ in their shapes alone. The most frequent cause comes first."""
    causes: dict[tuple[str, str], list[Group]] = {}
    for group in groups:
        causes.setdefault((group.promise, group.mechanism), []).append(group)
    return sorted(causes.values(), key=lambda found: -sum(group.seeds for group in found))


def _show_cause(console: Console, number: int, groups: list[Group]) -> None:
    seeds = _count(sum(group.seeds for group in groups), "seed")
    title = f"{number}. [{COLOURS['violated']}]{escape(groups[0].promise)}[/]   {seeds}"
    console.print(title, highlight=False, soft_wrap=True)
    lines = [f"   {groups[0].mechanism}"]
    for group in groups[:SHAPES_SHOWN]:
        shape = f"smallest plan: {group.shape}" if group.shape else "no plan was shrunk"
        lines.append(f"   {shape} ({_count(group.seeds, 'seed')})")
        for kept in group.fastest:
            folder = f"   (run {kept.run})" if kept.run else ""
            lines.append(f"      fails after {kept.events:,} events: {kept.command}{folder}")
    if len(groups) > SHAPES_SHOWN:
        lines.append(f"   and {_count(len(groups) - SHAPES_SHOWN, 'smallest plan')} of another shape")
    console.print("\n".join(lines) + "\n", markup=False, highlight=False, soft_wrap=True)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _coverage(told: Told, title: str, columns: dict[str, tuple[str, str]]) -> Table:
    table = Table(box=None, pad_edge=False, title=title, title_justify="left")
    table.add_column("fault")
    for name in columns:
        table.add_column(name, justify="right")
    for kind in _kinds(told):
        met = told.coverage.get(kind, {})
        counts = [met.get(phase, {}).get(mechanism, 0) for phase, mechanism in columns.values()]
        table.add_row(kind, *(f"{count:,}" if count else "·" for count in counts))
    return table


def _kinds(told: Told) -> list[str]:
    """All that the stage can perform, whether or not the scenario draws them."""
    levers = set(STAGE_LEVERS[told.order["stage"]])
    return [name for name, kind in KINDS.items() if name in told.coverage or levers >= set(kind.levers)]


def _blind(told: Told) -> str:
    kinds = _kinds(told)
    never = [kind for kind in kinds if kind not in told.coverage]
    cells = len(kinds) * len(PHASES) * len(MECHANISMS)
    met = sum(bool(told.coverage.get(kind, {}).get(phase, {}).get(mechanism)) for kind in kinds
              for phase in PHASES for mechanism in MECHANISMS)  # fmt: skip
    said = f"never drawn: {', '.join(never)}\n" if never else ""
    return f"{said}{met:,} of {cells:,} combinations of fault, phase and mechanism were met\n"
