"""`ci/false-alarms LO..HI`: seeds of the sound store, of all built-in scenarios and in the simulation, on all cores. A
promise that is broken there is a false alarm, or a bug of the store: either way it is a finding."""

import argparse
import sys
import time  # noqa: TID251 - the CPU time of the whole is told
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from checkers import properties
from harness.plan import Plan
from harness.promises import faults_not_applied, judge, not_whole, nothing_done, overall
from harness.report.failures import words
from harness.scenario import built_in
from harness.stages.simulation.stage import perform
from harness.suite import parse_seeds
from harness.wrong import Wrong
from harness.zoo import page
from harness.zoo.hunt import plan_of
from harness.zoo.pool import Job, crew

PART = "false alarms"
_BLOCK = 20  # seeds of one scenario in one job


class Block(NamedTuple):
    scenario: str
    seeds: list[int]


class Looked(NamedTuple):
    """`counts` of verdicts, and of promises that were made; `alarms` and `errors` are lines."""

    cpu_s: float
    counts: Counter[str]
    alarms: list[str]
    errors: list[str]


def look(block: Block) -> Looked:
    begun = time.process_time()
    counts, alarms, errors = Counter[str](), list[str](), list[str]()
    for seed in block.seeds:
        try:
            verdict, promised, broken = _judged(plan_of(block.scenario, seed, None))
        except Exception as problem:  # noqa: BLE001 - the other seeds must be run, and this one told
            errors.append(f"{block.scenario}, seed {seed}: {words(problem)}")
            continue
        counts.update({verdict: 1, "promises": promised})
        line = f"urushi run {block.scenario} --seed {seed} --stage simulation"
        alarms += [f"{name}: {line}" for name in broken]
    return Looked(time.process_time() - begun, counts, alarms, errors)


def _judged(plan: Plan) -> tuple[str, int, list[str]]:
    history = perform(plan)
    promises = judge(plan, history, {verdict.property: verdict for verdict in properties.judge(history)})
    odd = faults_not_applied(plan, history) + nothing_done(history) + not_whole(history)
    made = [promise for promise in promises if promise.outcome != "not promised"]
    return overall(promises, odd), len(made), [each.property for each in made if each.outcome == "violated"]


class Tally:
    """Seeds are looked at in blocks, each of all scenarios: what is done up to where can be told at any time."""

    def __init__(self, seeds: list[int], scenarios: list[str]) -> None:
        self.seeds = seeds
        self.scenarios = scenarios
        self.blocks = [seeds[start : start + _BLOCK] for start in range(0, len(seeds), _BLOCK)]
        self.total = Looked(0.0, Counter(), [], [])
        self._left = {block[0]: len(scenarios) for block in self.blocks}

    def add(self, block: Block, looked: Looked) -> None:
        cpu_s, counts, alarms, errors = self.total
        both = [*alarms, *looked.alarms], [*errors, *looked.errors]
        self.total = Looked(cpu_s + looked.cpu_s, counts + looked.counts, *both)
        self._left[block.seeds[0]] -= 1

    def next_seed(self) -> int | None:
        """All before it are done, in all scenarios."""
        return next((block[0] for block in self.blocks if self._left[block[0]]), None)

    def exit_code(self) -> int:
        return 1 if self.total.alarms else 4 if self.total.errors else 0

    def words(self) -> str:
        counts = self.total.counts
        seeds = sum(counts[verdict] for verdict in ("holds", "violated", "unknown"))
        which = f"{self.seeds[0]}..{self.seeds[-1]} of {len(self.scenarios)} scenarios"
        parts = [
            f"{len(self.total.alarms)} alarms in {seeds:,} simulated seeds of the sound store ({which})",
            f"{counts['promises']:,} promises looked at",
            f"{counts['unknown']} seeds inconclusive",
            *([f"{len(self.total.errors)} failed"] if self.total.errors else []),
            f"{self.total.cpu_s:,.0f} CPU s",
        ]
        return ", ".join(parts)


def look_at_all(tally: Tally, done: Callable[[Looked], None]) -> None:
    with crew() as workers:
        for seeds in tally.blocks:
            for scenario in tally.scenarios:
                workers.add(Job(scenario, look, Block(scenario, seeds)))
        for job, looked in workers.done():
            tally.add(job.order, looked)
            done(looked)


def main() -> int:
    """1: an alarm, 4: a seed could not be judged, 130: Ctrl-C."""
    parser = argparse.ArgumentParser(prog="ci/false-alarms", description=__doc__)
    parser.add_argument("seeds", nargs="?", default="1..5000", help="of each scenario, such as 1..5000")
    parser.add_argument("--scenario", action="append", choices=sorted(built_in()), help="only this one; more than once")
    parser.add_argument("--write", type=Path, help="write the last line into this page, between its marks")
    asked = parser.parse_args()
    console = Console()
    try:
        tally = Tally(parse_seeds(asked.seeds), asked.scenario or sorted(built_in()))
        if asked.write:
            page.check(asked.write, PART)
        _with_progress(console, tally)
    except Wrong as problem:
        console.print(f"wrong: {problem}", markup=False, highlight=False)
        return 2
    except KeyboardInterrupt:
        console.print(f"{tally.words()}\nstopped: go on with ci/false-alarms {tally.next_seed()}..{tally.seeds[-1]}")
        return 130
    if asked.write:
        page.write(asked.write, PART, f"{tally.words()}, {datetime.now(UTC):%Y-%m-%d}.")
    console.print(tally.words(), markup=False, highlight=False, soft_wrap=True)
    return tally.exit_code()


def _with_progress(console: Console, tally: Tally) -> None:
    """Alarms and errors are told as they come; where there is no terminal, each hundredth of the whole is too."""
    total = len(tally.blocks) * len(tally.scenarios)
    columns = BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[alarms]} alarms"), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as live:
        task = live.add_task("", total=total, alarms=0)
        count = 0

        def done(looked: Looked) -> None:
            nonlocal count
            count += 1
            for line in [*looked.alarms, *looked.errors]:
                live.console.print(line, markup=False, highlight=False, soft_wrap=True)
            live.update(task, advance=1, alarms=len(tally.total.alarms))
            if not console.is_terminal and count % -(-total // 100) == 0:
                console.print(tally.words(), markup=False, highlight=False, soft_wrap=True)

        look_at_all(tally, done)


if __name__ == "__main__":
    sys.exit(main())
