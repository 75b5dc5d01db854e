"""Commands for one who was handed a run that failed."""

from harness import run as runs
from harness.commands.options import Json, ProxyOption, Whole
from harness.report import terminal
from harness.report.console import console_for, print_json
from harness.reproduce import replay as replays
from harness.wrong import Wrong


def replay(
    what: str, /, *, times: Whole = 1, stage: runs.Stage | None = None, proxy: ProxyOption = "auto", json: Json = False
) -> int:
    """Perform the plan of a run (or of a plan file) again.

    In simulation a replay is identical or it shows the first event that differs; on processes it says how many
    of the replays broke the same promise.

    Example: `urushi replay 7f3a91c2 --times 10`

    Parameters
    ----------
    what
        A run's id, the start of one, its folder, or a plan's file.
    times
        How many times.
    stage
        By default the stage of the run; for a plan file, processes.
    """
    console = console_for(json=json)
    if times < 1:
        raise Wrong("--times", f"{times} replays are none", "write 1 or more")
    result = replays.replay(what, times, stage, proxy)
    for report in result.reports:
        terminal.show_run(console, report)
    console.print(result.words(), highlight=False, markup=False)
    if json:
        print_json(result)
    return result.exit_code()
