"""The outcome side by side, as a table for the terminal and as Markdown."""

from collections.abc import Iterator

from rich.table import Table

from harness.bench.agreement.performing import Outcome

TITLES = ("plan", "what", "processes", "simulation", "apart", "bound", "")
NUMBERS = range(2, 6)


def rows(outcome: Outcome) -> Iterator[tuple[str, ...]]:
    for line in outcome.lines:
        unit = f" {line.unit}" if line.unit else ""
        yield (
            line.plan, line.what, _number(line.processes) + unit, _number(line.simulation) + unit,
            _number(line.apart), _number(line.bound), _word(agrees=line.agrees()),
        )  # fmt: skip
    for each in outcome.verdicts:
        yield each.name, each.about, each.processes, each.simulation, "", "", _word(agrees=each.agrees())


def calibration(outcome: Outcome) -> str:
    network, disks = outcome.network, outcome.disks.values()
    low, high = min(disk.sync_min_ns for disk in disks), max(disk.sync_max_ns for disk in disks)
    return (
        f"Measured on processes behind {outcome.proxy}, and set in the simulator: a message takes "
        f"{network.delay_min_ns / 1e6:.2f}..{network.delay_max_ns / 1e6:.2f} ms, a commit "
        f"{low / 1e6:.2f}..{high / 1e6:.2f} ms (the range of each run for itself)."
    )


def conclusion(outcome: Outcome) -> str:
    differing = outcome.differing()
    count = len(outcome.lines) + len(outcome.verdicts)
    if not differing:
        return f"The stages agree in all {count} lines."
    return f"The stages differ in {len(differing)} of {count} lines: {'; '.join(differing)}."


def table(outcome: Outcome) -> Table:
    shown = Table(box=None, title="the two stages side by side", title_justify="left")
    for index, title in enumerate(TITLES):
        shown.add_column(title, justify="right" if index in NUMBERS else "left")
    for row in rows(outcome):
        shown.add_row(*row)
    return shown


def markdown(outcome: Outcome) -> str:
    reasons = dict.fromkeys(f"- {line.what} ({line.plan}): {line.why}." for line in outcome.lines)
    head = [f"| {' | '.join(TITLES)} |", f"|{'---|' * len(TITLES)}"]
    body = [f"| {' | '.join(row)} |" for row in rows(outcome)]
    parts = ["# The two stages side by side", calibration(outcome), "\n".join(head + body), conclusion(outcome)]
    return "\n\n".join([*parts, "Why the bounds are what they are:", "\n".join(reasons)]) + "\n"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _word(*, agrees: bool) -> str:
    return "agree" if agrees else "DIFFER"
