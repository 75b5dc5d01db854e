"""How many failures of flawed replicas on processes `urushi pin` takes to the simulation: ci/pins has the whole.

Without a folder it makes them: each demonstration of a flaw, and random seeds of scenarios with a flaw. With one it
pins the failed runs that are there."""

import contextlib
import sys
from collections import Counter

from rich.console import Console
from rich.table import Table

from harness import suite
from harness.commands.options import drawer
from harness.promises import MATRIX
from harness.report.console import console_for
from harness.reproduce.pin import Pin, pin
from harness.reproduce.replay import stored
from harness.run import RUNS, Report
from harness.scratch import scratch
from harness.wrong import Wrong

BUDGET_S = 120.0
LEAST_SHARE = 0.6
AIM_SHARE = 0.9
SEEDS: tuple[tuple[str, str, str], ...] = (
    ("default", "repairs-by-arrival", "101..104"),
    ("default", "purges-unconfirmed", "101..104"),
    ("default", "purges-after-quorum", "105..108"),
    ("default", "commits-later", "105..108"),
    ("default", "hashes-keys-only", "101..106"),
    ("default", "acknowledges-on-send", "101..103"),
    ("default", "decides-on-one", "101..102"),
    ("default", "mixes-copies", "101..102"),
    ("default", "hides-repairs", "101"),
    ("default", "stops-rounds", "101..102"),
    ("hot-reads", "skips-repair", "101..108"),
    ("handoff", "hints-by-arrival", "101..102"),
    ("handoff", "keeps-old-hints", "101..106"),
    ("handoff", "purges-after-quorum", "101..103"),
    ("handoff", "commits-later", "101..102"),
    ("trickle", "never-refills", "101..104"),
    ("trickle", "purges-unconfirmed", "101..102"),
    ("transport", "repairs-any-other", "101..102"),
    ("partitions", "repairs-by-arrival", "101..102"),
    ("churn", "decides-on-one", "101"),
    ("large-values", "mixes-copies", "101"),
    ("grace", "purges-early", "101..104"),
    ("grace", "repairs-any-other", "101..102"),
)


def fail_on_processes(console: Console) -> None:
    """Leaves the folders of the runs that failed."""
    wanted = [(f"demo:{flaw}", flaw, "1") for cell in MATRIX for flaw in cell.flaws]
    for scenario, flaw, seeds in [*wanted, *SEEDS]:
        order = suite.Order(scenario, suite.parse_seeds(seeds), drawer(scenario, flaw), "processes", "auto", "failures")
        try:
            suite.check(order, None)
        except Wrong:
            console.print(f"{scenario}: not possible on processes", markup=False)
            continue
        result = suite.perform(order, lambda _finished, _left_s: None)
        failed = sum(report.verdict == "violated" for report in result.reports)
        console.print(f"{scenario} {flaw} {seeds}: {failed} of {len(order.seeds)} failed", markup=False)


def measure(console: Console) -> float:
    """The share of failures that were pinned, in a table with all of them."""
    pins: list[tuple[Report, Pin]] = []
    for path in sorted(RUNS.glob("*/verdict.json")):
        report = stored(path.parent)
        if report is not None and report.stage == "processes" and report.verdict == "violated":
            found = pin(report.id, BUDGET_S, lambda _progress: None)
            console.print(f"{report.scenario} {report.flaw} {report.seed}: {found.words()[0]}", markup=False)
            pins.append((report, found))
    if not pins:
        return 0.0
    console.print(_table(pins))
    exact = [found for _, found in pins if found.link is not None and found.link.likeness == "same key"]
    steps = Counter(found.link.step for found in exact if found.link is not None)
    share = len(exact) / len(pins)
    console.print(f"pinned on the same key: {len(exact)} of {len(pins)} ({100 * share:.0f} %)", markup=False)
    console.print(f"by step: {', '.join(f'{step} {count}' for step, count in steps.items())}", markup=False)
    return share


def _table(pins: list[tuple[Report, Pin]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in ("scenario", "flaw", "seed", "promise", "key", "pinned", "found by", "tries", "s"):
        table.add_column(title, justify="right" if title in ("seed", "tries", "s") else "left")
    for report, found in sorted(pins, key=lambda each: (each[0].flaw or "", each[0].scenario, each[0].seed)):
        link = found.link
        table.add_row(
            report.scenario, report.flaw, str(report.seed), found.property, found.key or "",
            link.likeness if link else "no", link.step if link else "", str(sum(found.tries.values())),
            f"{found.took_s:.1f}",
        )  # fmt: skip
    return table


def main(words: list[str]) -> int:
    console = console_for(json=False)
    with scratch("pins") as made, contextlib.chdir(words[0] if words else made):
        if not words:
            fail_on_processes(console)
        share = measure(console)
    console.print(f"required: {100 * LEAST_SHARE:.0f} %; the aim: {100 * AIM_SHARE:.0f} %", markup=False)
    return 0 if share >= LEAST_SHARE else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
