"""What a run means for its test, and what is told of one that fails."""

import shlex
from pathlib import Path

import msgspec
import pytest
from xxhash import xxh3_64_hexdigest

from harness import plan as plans
from harness.plan import Plan
from harness.report.lines import fold
from harness.reproduce import shrink as shrinks
from harness.run import RUNS
from harness.testing.options import Settings
from harness.testing.runs import Run
from harness.wrong import Wrong

SHRINK_BUDGET_S = 30.0
WIDTH = 110  # as that of a story's table
PLACE = "Reproduce:"
_WORDS = {"holds": "HOLDS", "violated": "VIOLATED", "unknown": "INCONCLUSIVE"}


def judge(run: Run, settings: Settings, again: str) -> None:
    """A run that tells nothing fails as well: what becomes of that is for the plugin to say."""
    if run.verdict != "holds":
        pytest.fail(told(run, settings, again), pytrace=False)


def told(run: Run, settings: Settings, again: str) -> str:
    """The story, or the reasons why there is none, and the lines that perform it again."""
    reasons = [f"  {reason}" for reason in run.report.reasons]
    story = _folded(run.story) if run.story else "\n".join([f"{_WORDS[run.verdict]}  run {run.report.id}", *reasons])
    more = _shrunk(run, settings) if settings.shrink and run.verdict == "violated" else []
    return "\n".join([story, *more, *lines(again, run.folder)])


def _folded(story: str) -> str:
    """Without its last line, the command for a run in the usual folder, which this one may not be in."""
    head, _, last = story.rpartition("\n")
    return fold(head if last.lstrip().startswith(PLACE) else story, WIDTH)


def lines(again: str, folder: Path) -> list[str]:
    return [f"  {PLACE}  {again}", f"  {'or':>{len(PLACE)}}  urushi replay {name_of(folder)}"]


def name_of(folder: Path) -> str:
    """As `urushi` finds it from here."""
    return folder.name if folder.parent == Path.cwd() / RUNS else _from_here(folder)


def _from_here(path: Path) -> str:
    here = Path.cwd()
    return shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))


def keep_plan(plan: Plan, out: Path) -> str:
    """Under a name that the same plan has again."""
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"plan-{xxh3_64_hexdigest(msgspec.json.encode(plan))}.json"
    plans.write(plan, path)
    return _from_here(path)


def _shrunk(run: Run, settings: Settings) -> list[str]:
    order = shrinks.Order(budget_s=SHRINK_BUDGET_S, runs=settings.out)
    try:
        found = shrinks.shrink(str(run.folder), order, lambda *_: None)
    except Wrong as problem:  # on processes it may not happen again
        return [f"  Not shrunk: {problem}"]
    if found.stopped == "Ctrl-C":
        raise KeyboardInterrupt
    story = [_folded(found.report.stories[0])] if found.report.stories else []
    smallest = f"  Smallest:   urushi replay {name_of(Path(found.report.folder))}"
    return ["", f"{found.words()} {found.proof()}", *story, smallest, ""]
