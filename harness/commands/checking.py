"""Commands that judge what was recorded, here or elsewhere, and hand it on."""

import os
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from checkers import files
from checkers.formats import edn, jepsen, table
from checkers.formats.choices import Choices, Foreign, Keys, Nil
from checkers.history import OddHistory
from checkers.models.table import MODELS, ModelCheck
from checkers.verdict import Verdict, conclude
from harness import plan as plans
from harness import run as runs
from harness.commands.limits import Limits, Memory, OutOfTime, TimeLimit
from harness.commands.options import Json
from harness.report import checked, terminal
from harness.report.console import console_for, print_json
from harness.reproduce import replay as replays
from harness.wrong import Wrong, near


def check(
    what: str,
    /,
    *,
    model: str | None = None,
    properties: Annotated[list[str] | None, Parameter(name="--property", negative=())] = None,
    format: Literal["auto", table.Name] = "auto",  # noqa: A002 - it is the name of the option
    nil: Nil = "value",
    keys: Keys = "auto",
    initial: str | None = None,
    time_limit: TimeLimit = None,
    memory_limit: Memory | None = None,
    json: Json = False,
) -> int:
    """Judge a recorded run once more; with --model, judge any history as that of an object that clients share.

    Example: `urushi check history.edn --model cas-register`

    Exit codes: 0 it holds, 1 it is violated, 3 a limit was reached first.

    Parameters
    ----------
    what
        A run's id, the start of one, its folder, or `last`; with --model also a file of any of the formats.
    model
        What the object is: register, cas-register, multi-register, set, counter, unique-ids and others.
    properties
        Judge only this property of the model, such as "monotonic reads"; may be given several times.
    format
        How the file is written; auto looks at how it begins.
    nil
        What a read of nil, or null, tells: that nothing was there, or nothing at all.
    keys
        Whether values in Jepsen's formats are tuples of a key and the value proper; auto looks at what reads ask with.
    initial
        What each register holds before the first operation, such as 0; by default nothing.
    time_limit
        After this time, such as 60s or 5min, what is not judged is unknown.
    memory_limit
        How much memory may be used, such as 500MiB or 2GiB; by default most of what is free.
    """
    options = {"--format": format != "auto", "--nil": nil != "value", "--keys": keys != "auto"}
    options |= {"--initial": initial is not None, "--property": bool(properties)}
    options |= {"--time-limit": time_limit is not None, "--memory-limit": memory_limit is not None}
    if model is None:
        return _check_run(what, [name for name, given in options.items() if given], json=json)
    if model not in MODELS:
        raise Wrong("--model", f"there is no model {model!r}", near(model, list(MODELS)))
    checks = _checks(model, properties or [])
    path = _history(what)
    name: table.Name = table.detect(path) if format == "auto" else format
    told = _judge(
        path, name, model, checks, Choices(keys, nil, _initial(initial, model)), Limits(time_limit, memory_limit)
    )
    checked.show(console_for(json=json), told)
    if json:
        print_json(told)
    return told.exit_code()


def _checks(model: str, properties: list[str]) -> dict[str, ModelCheck]:
    checks = MODELS[model].checks
    for name in properties:
        if name not in checks:
            raise Wrong("--property", f"a {model} has no property {name!r}", near(name, list(checks)))
    return {name: check for name, check in checks.items() if name in properties or not properties}


def _initial(text: str | None, model: str) -> Any:
    if text is None:
        return None
    if "write" not in MODELS[model].functions:
        raise Wrong("--initial", f"a {model} is empty at first", "leave it out")
    try:
        (value,) = edn.read(text)
    except ValueError:  # BadEdn, or not one form
        raise Wrong("--initial", f"{text!r} is no value", 'write one such as 0, "a" or :b') from None
    return value


def _check_run(what: str, given: list[str], *, json: bool) -> int:
    if given or os.path.isfile(what):  # noqa: PTH113 - a name too long is none
        why = f"{given[0]} is for histories of a model" if given else f"{what} is a file, and no run"
        raise Wrong("--model", f"{why}, and no model is given", f"say what to judge it as: {', '.join(MODELS)}")
    console = console_for(json=json)
    folder = runs.find_run(what)
    plan = plans.read(folder / "plan.json")
    history = files.read(_history_of(folder))
    before = replays.stored(folder)
    proxy, drawn = (before.proxy, before.drawn) if before else (None, {})
    report = runs.assess(plan, history, folder, proxy=proxy, drawn=drawn)
    terminal.show_run(console, report)
    if json:
        print_json(report)
    return report.exit_code()


def _history_of(folder: Path) -> Path:
    path = folder / "history.jsonl"
    if not path.exists():
        remedy = f"`urushi replay {folder}/plan.json` performs its plan again"
        raise Wrong(str(folder), "the run has no history: it did not end", remedy)
    return path


def _history(what: str) -> Path:
    path = Path(what) if os.path.isfile(what) else _history_of(runs.find_run(what))  # noqa: PTH113 - a name too long is none
    try:
        path.open("rb").close()
    except OSError as problem:
        raise Wrong(str(path), f"this cannot be read: {problem.strerror}", "name a file that can be") from None
    return path


def _judge(
    path: Path, name: table.Name, model: str, checks: dict[str, ModelCheck], choices: Choices, limits: Limits
) -> checked.Checked:
    found, verdicts = Foreign([], "line", []), list[Verdict]()
    try:
        limits.require_room(path, int(path.stat().st_size * table.FORMATS[name].memory_per_byte))
        found = table.read(path, name, MODELS[model].functions, choices, limits.pause)
        verdicts = [check(found.calls, limits.out_of_budget) for check in checks.values()]
    except OutOfTime:
        why = f"the file was not read to its end: {limits.lateness()}"
        verdicts = [conclude(check, [], 0, why) for check in checks]
    except OddHistory as problem:
        raise OddHistory(f"{path}: {problem}") from None
    except MemoryError:
        raise Wrong(str(path), "there was not enough memory for it", "take a part of it, or more memory") from None
    return checked.report(str(path), name, model, found, verdicts)


def export(what: str, file: Path, /) -> int:
    """Write what clients asked in a run, and were told, as a history of Jepsen's: in EDN, for its checkers.

    Example: `urushi export 7f3a91c2 history.edn`

    Parameters
    ----------
    what
        A run's id, the start of one, its folder, or `last`.
    file
        Where to write it; a file that exists is not written over.
    """
    console = console_for(json=False)
    history = files.read(_history_of(runs.find_run(what)))
    try:
        with file.open("x", encoding="utf-8") as out:
            count = sum(out.write(f"{line}\n") > 0 for line in jepsen.lines_of(history))
    except FileExistsError:
        raise Wrong(str(file), "there is a file of this name", "write to another, or remove it first") from None
    except OSError as problem:
        raise Wrong(str(file), f"this cannot be written: {problem.strerror}", "name another place") from None
    console.print(f"wrote {count:,} lines to {file}", markup=False, highlight=False, soft_wrap=True)
    return 0
