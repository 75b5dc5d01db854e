"""The commands of a campaign: begin one or go on with it, and tell what it has found so far."""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from harness import fresh, suite
from harness.campaign import cluster, ranges
from harness.campaign import order as orders
from harness.campaign.cores import Cores
from harness.campaign.forgiven import forgiven
from harness.campaign.perform import perform
from harness.campaign.results import reading, writing
from harness.campaign.tasks import Crew
from harness.commands.options import (
    FlawOption,
    Json,
    KnownOption,
    PolicyOption,
    ProxyOption,
    StageOption,
    SystemOption,
    Whole,
    drawer,
)
from harness.report import campaigns as reporting
from harness.report.console import console_for, print_json
from harness.wrong import Wrong

campaign = App(name="campaign", help_format="markdown")


@campaign.default
def begin(
    *,
    seeds: str,
    scenario: str = "default",
    stage: StageOption = "simulation",
    policy: PolicyOption = None,
    system: SystemOption = None,
    flaw: FlawOption = None,
    proxy: ProxyOption = "auto",
    known_failures: KnownOption = None,
    hours: float | None = None,
    jobs: Whole | None = None,
    cluster_: Annotated[str | None, Parameter(name="--cluster")] = None,
    out: Path | None = None,
    json: Json = False,
) -> int:
    """Perform very many seeds into one SQLite file, and group what fails by its cause.

    The same command goes on where it stopped, whatever stopped it: no seed is lost or run twice.

    Example: `urushi campaign --seeds 1..100000 --hours 8`

    Exit codes: 0 all that ran held or is known, 1 a promise was broken, 3 something was inconclusive, 4 a seed failed.

    Parameters
    ----------
    seeds
        A range such as 1..100000, or several such as 1..500,1000..2000, or commit:HASH:25, 25 of a commit.
    scenario
        A built-in name (`urushi list scenarios`) or a TOML file.
    hours
        Stop after so many hours, such as 8 or 0.5.
    jobs
        How many runs go side by side; by default as many as this machine has cores.
    cluster_
        The address of a Dask scheduler, whose workers perform the seeds.
    out
        The file; by default one in .urushi/campaigns, the same for the same order.
    """
    console = console_for(json=json)
    _require(hours, jobs, cluster_)
    asked = ranges.parse(fresh.plain(seeds))
    plan_of = drawer(scenario, flaw, policy, system)
    order = orders.Order(asked, scenario, policy, system, flaw, stage, proxy, plan_of)
    with console.status("drawing plans"):
        plans = orders.check(order)
    path = out or orders.file_of(order)
    words = {**order.words(), "plans": plans, "urushi": orders.identity()}
    with _crew(order, jobs, cluster_) as crew, writing(path, words) as results:
        forgiven(results, known_failures)  # what is wrong with that file is said before hours have gone by
        console.print(f"campaign {path}", markup=False, highlight=False, soft_wrap=True)
        with reporting.progress(console) as watch:
            stopped = perform(order, results, crew, watch, hours and hours * 3600)
        told = reporting.told(results, stopped, forgiven(results, known_failures))
        reporting.show(console, told)
    if json:
        print_json(told)
    if stopped == "Ctrl-C":
        raise KeyboardInterrupt
    return told.exit_code()


def _require(hours: float | None, jobs: int | None, address: str | None) -> None:
    if hours is not None and not hours > 0:
        raise Wrong("--hours", f"{hours:g} is no time", "write some, such as 8 or 0.5")
    if jobs is not None and address is not None:
        raise Wrong("--jobs", "a cluster takes as many as its workers have threads", "leave --jobs or --cluster out")
    if jobs is not None and not 1 <= jobs <= suite.JOBS_MAX:
        raise Wrong("--jobs", f"{jobs} runs cannot go side by side", f"1 to {suite.JOBS_MAX} are possible")


def _crew(order: orders.Order, jobs: int | None, address: str | None) -> AbstractContextManager[Crew]:
    if address is not None:
        return cluster.connected(address, order.stage)
    return nullcontext(Cores(jobs, order.stage))


@campaign.command
def report(file: Path | None = None, /, *, known_failures: KnownOption = None, json: Json = False) -> int:
    """Tell what a campaign has found so far, also while it goes on.

    Example: `urushi campaign report`

    Parameters
    ----------
    file
        By default the campaign in .urushi/campaigns that was written to last.
    """
    with reading(file or orders.latest()) as results:
        told = reporting.told(results, None, forgiven(results, known_failures))
    reporting.show(console_for(json=json), told)
    if json:
        print_json(told)
    return told.exit_code()
