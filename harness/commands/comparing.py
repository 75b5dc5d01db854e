"""The command that chooses between policies."""

from pathlib import Path

from harness import policy as policies
from harness import run as runs
from harness import suite
from harness.commands.options import Json, ProxyOption, StageOption, Whole, drawer
from harness.report import comparing
from harness.report.console import console_for, print_json

SCENARIOS: dict[runs.Stage, str] = {"simulation": "compare", "processes": "compare-processes"}


def compare(
    *policy: str,
    scenario: str | None = None,
    seeds: str = "1..200",
    stage: StageOption = "simulation",
    baseline: str | None = None,
    jobs: Whole | None = None,
    proxy: ProxyOption = "auto",
    csv: Path | None = None,
    html: Path | None = None,
    json: Json = False,
) -> int:
    """Put policies side by side over the same plans: what each costs and buys, and what cannot be told.

    Differences are from a baseline, in pairs, with 95 % intervals that hold for all figures at once. In simulation the
    same command prints the same table, to the digit.

    Example: `urushi compare none async three-lines --seeds 1..200`

    Exit codes: 0 no promise was broken, 1 one was, 3 a seed could not be run.

    Parameters
    ----------
    policy
        Names (`urushi list policies`) or TOML files, two or more.
    scenario
        From which each seed draws its plan; a policy is put over it. By default `compare`, and on processes
        `compare-processes`, which is the same without a limit on what links carry.
    seeds
        A range such as 1..200, or single seeds such as 3,7,12.
    baseline
        With which the others are compared; by default the first.
    jobs
        How many seeds go side by side; by default as many as this machine has cores.
    csv
        Write the figures to this file: one row a figure and policy.
    html
        Write a page with the table and its plots to this file; it opens without a network.
    """
    from harness.compare import perform, summary  # noqa: PLC0415 - NumPy is for this command alone

    console = console_for(json=json)
    named = [policies.load(name) for name in policy]
    first = baseline or (policy[0] if policy else "")
    drawn = scenario or SCENARIOS[stage]
    order = perform.Order(drawn, suite.parse_seeds(seeds), drawer(drawn, None), named, first, stage, proxy)
    with console.status("drawing plans"):
        perform.check(order, jobs)
    for path in (csv, html):
        if path:
            comparing.open_for(path)
    with comparing.progress(console, order) as watch:
        outcome = perform.perform(order, watch, jobs)
    if outcome.stopped and not outcome.measured:
        raise KeyboardInterrupt
    with console.status("resampling"):
        comparison = summary.compare(order, outcome)
    comparing.show(console, comparison)
    if csv:
        comparing.write_csv(comparison, csv)
    if html:
        from harness.report import comparison as page  # type: ignore[attr-defined, unused-ignore]  # noqa: PLC0415 - see above

        page.write(comparison, html)
    if json:
        print_json(comparison)
    if outcome.stopped:
        raise KeyboardInterrupt
    broken = any(subject.broken for subject in comparison.policies)
    return 1 if broken else 3 if comparison.errors else 0
