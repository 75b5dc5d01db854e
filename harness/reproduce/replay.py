"""A run once more: identical in simulation, a measured rate on processes."""

import os
from pathlib import Path

import msgspec

from checkers import files
from checkers.history import AnyEvent, Header, History
from harness import plan as plans
from harness.header import RULES
from harness.run import EXIT_CODES, Prefer, Report, Stage, find_run, run
from harness.wrong import Wrong


class Replay(msgspec.Struct, frozen=True):
    """`identical` is None where it cannot be expected: on processes, and if the original was performed by other rules
    of the simulator (`old_rules`). `same` counts replays that broke a promise which the original broke, on the same
    key; None: it broke none, or there is no original."""

    reports: list[Report]
    original: str | None
    identical: bool | None
    first_difference: str | None
    same: int | None
    old_rules: int | None = None

    def exit_code(self) -> int:
        if self.identical is False:
            return 4  # a simulation that does not repeat is a failure of ours
        verdicts = [report.verdict for report in self.reports]
        worst = max(verdicts, key=["holds", "unknown", "violated"].index)
        return EXIT_CODES[worst]

    def words(self) -> str:
        if self.identical is not None:
            if self.identical:
                return f"identical to run {self.original}: the digests are equal"
            return f"not identical to run {self.original}; the first event that differs:\n{self.first_difference}"
        said = [self._rules_words()] if self.old_rules is not None else []
        if self.same is not None:
            said.append(f"{self.same} of {len(self.reports)} replays broke the same promise on the same key")
        else:
            said.append(self._counts())
        return "\n".join(said)

    def _rules_words(self) -> str:
        what = f"run {self.original} was recorded by rules {self.old_rules} of the simulator; this version has {RULES}"
        return f"{what}: its plan was performed, and cannot be expected to be identical event for event"

    def _counts(self) -> str:
        counts = {name: sum(report.verdict == name for report in self.reports) for name in EXIT_CODES}
        return "replays: " + ", ".join(f"{count} {name}" for name, count in counts.items())


def replay(what: str, times: int, stage: Stage | None, proxy: Prefer) -> Replay:
    """Each replay is a run with a folder of its own."""
    if os.path.isfile(what):  # noqa: PTH113 - a name may be too long for a path, which pathlib raises for
        plan = plans.read(Path(what))
        reports = [run(plan, stage or "processes", proxy=proxy) for _ in range(times)]
        return Replay(reports, None, None, None, None)
    folder = find_run(what)
    plan = plans.read(folder / "plan.json")
    original = _report(folder)
    chosen = stage or original.stage
    reports = [run(plan, chosen, proxy=proxy) for _ in range(times)]
    if chosen == "simulation" == original.stage and original.rules == RULES:
        odd = next((report for report in reports if report.digest != original.digest), None)
        difference = None if odd is None else _difference(folder, Path(odd.folder))
        return Replay(reports, original.id, odd is None, difference, None)
    same = sum(bool(_broken(report) & _broken(original)) for report in reports) if _broken(original) else None
    old_rules = original.rules if chosen == "simulation" == original.stage else None
    return Replay(reports, original.id, None, None, same, old_rules)


def stored(folder: Path) -> Report | None:
    """What the run said when it ended; None: it did not end."""
    return _report(folder) if (folder / "verdict.json").is_file() else None


def history_of(folder: Path) -> History:
    """What the run recorded; warns with TruncatedHistory, raises BrokenHistory."""
    try:
        return files.read(folder / "history.jsonl")
    except FileNotFoundError:
        remedy = f"`urushi replay {folder}/plan.json` performs its plan again"
        raise Wrong(str(folder), "the run has no history: it did not end", remedy) from None


def _report(folder: Path) -> Report:
    path = folder / "verdict.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=Report)
    except FileNotFoundError:
        raise Wrong(str(path), "the run has no verdict: it did not end", "replay its plan.json instead") from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
        raise Wrong(str(path), f"this verdict cannot be read: {problem}", "replay its plan.json instead") from None


def _broken(report: Report) -> set[tuple[str, str]]:
    """Each broken promise with each key on which it broke."""
    broken = {name: promise for name, promise in report.promises.items() if promise.verdict == "violated"}
    return {(name, key) for name, promise in broken.items() for key in promise.keys}


def _difference(one: Path, other: Path) -> str:
    return first_difference(history_of(one), history_of(other))


def first_difference(one: History, other: History) -> str:
    """`one` was recorded, the other is new."""
    if one.header != other.header:
        return _side_by_side(one.header, other.header)
    for left, right in zip(one.events, other.events, strict=False):
        if left != right:
            return _side_by_side(left, right)
    if len(one.events) == len(other.events):
        return (
            f"  none: all {len(one.events)} events are equal, so the digest in verdict.json is not of its history.jsonl"
        )
    return f"  recorded: {len(one.events)} events\n  now:      {len(other.events)}"


def _side_by_side(left: Header | AnyEvent, right: Header | AnyEvent) -> str:
    """As the lines of their files."""
    return "\n".join(
        f"  {when} {msgspec.json.encode(each).decode()}" for when, each in (("recorded:", left), ("now:     ", right))
    )
