"""Failures that are known: a file names them, and a suite lets them through and says so."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from harness import suite
from harness.demonstrations import PLANS
from harness.plan import check_flaw
from harness.promises import MATRIX
from harness.run import Report, Stage
from harness.scenario import built_in
from harness.systems.claims import CLAIMS
from harness.toml import parsed
from harness.wrong import Wrong, convert, near

_CAUSE = "  Cause: "


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out may be anything. `mechanism` has words that the cause in the story has, in their order, as
    `urushi campaign report` names one. `sometimes`: it may stay away, as failures on processes do."""

    promise: str
    why: str
    link: str
    scenario: str | None = None
    stage: Stage | None = None
    flaw: str | None = None
    seeds: str | None = None
    mechanism: str | None = None
    sometimes: bool = False

    def words(self) -> str:
        return f"{self.promise}: {self.why} ({self.link})"


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    known: list[Entry]


class Known(NamedTuple):
    """An entry that is about what one suite performs, with the seeds of that suite that it is about."""

    entry: Entry
    seeds: frozenset[int]

    def happened(self, report: Report) -> bool:
        promise = report.promises.get(self.entry.promise)
        if promise is None or promise.verdict != "violated":
            return False
        return self.is_of(report.seed, self.entry.promise, _cause(report.stories, self.entry.promise), report.flaw)

    def is_of(self, seed: int, broken: str, cause: str, flaw: str | None) -> bool:
        entry = self.entry
        if seed not in self.seeds or entry.promise != broken or entry.flaw not in (None, flaw):
            return False
        return entry.mechanism is None or says(cause, entry.mechanism)


def load(path: Path | None, asked: frozenset[int], scenario: str, stage: Stage) -> list[Known]:
    """Refuses an entry that names nothing that there is, also if it is not about what was asked for."""
    return [] if path is None else list(_loaded(str(path), asked, scenario, stage))


def _loaded(path: str, asked: frozenset[int], scenario: str, stage: Stage) -> Iterator[Known]:
    if not path.endswith(".toml"):
        raise Wrong("--known-failures", f"{path!r} is no TOML file", "name one that ends in .toml")
    for number, entry in enumerate(convert(parsed(path, {}, "--known-failures"), _File, path).known):
        place = f"{path}: known[{number}]"
        _check(entry, place)
        seeds = asked & frozenset(_seeds(entry.seeds, place)) if entry.seeds is not None else asked
        if entry.stage in (None, stage) and _same(entry.scenario, scenario) and seeds:
            yield Known(entry, seeds)


def let_through(known: list[Known], report: Report) -> tuple[str, ...]:
    """In words, if each promise that this run broke is a known failure; else none, also if some are."""
    if report.verdict != "violated":
        return ()
    broken = [name for name, promise in report.promises.items() if promise.verdict == "violated"]
    happened = {each.entry.promise: each.entry for each in reversed(known) if each.happened(report)}
    return tuple(happened[name].words() for name in broken) if happened.keys() >= set(broken) else ()


def says(cause: str, mechanism: str) -> bool:
    """The mechanism's words are among those of the cause, in this order: names and moments may lie between them."""
    said = iter(_tokens(cause))
    return all(word in said for word in _tokens(mechanism))


def _tokens(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _cause(stories: list[str], promise: str) -> str:
    """Some stories tell none."""
    story = next((each for each in stories if each.startswith(f"VIOLATED  {promise}   ")), "")
    return next((line.removeprefix(_CAUSE) for line in story.splitlines() if line.startswith(_CAUSE)), "")


def _check(entry: Entry, place: str) -> None:
    promises = list(dict.fromkeys([*(cell.property for cell in MATRIX), *CLAIMS]))
    if entry.promise not in promises:
        raise Wrong(f"{place}.promise", f"there is no promise {entry.promise!r}", near(entry.promise, promises))
    check_flaw(entry.flaw, f"{place}.flaw")
    if entry.mechanism is not None and not _tokens(entry.mechanism):
        raise Wrong(f"{place}.mechanism", "it has no words", "copy some of the story's cause, or leave it out")
    for name, text in (("why", entry.why), ("link", entry.link)):
        if not text.strip():
            raise Wrong(f"{place}.{name}", "it is empty", "who sees this let through has nothing else to go by")
    _check_scenario(entry.scenario, f"{place}.scenario")


def _check_scenario(name: str | None, place: str) -> None:
    if name is None:
        return
    if name.endswith(".toml"):
        if not Path(name).is_file():
            raise Wrong(place, f"there is no file {name!r}", "write its path from where the suite is started")
    elif name.startswith("demo:"):
        if name.removeprefix("demo:") not in PLANS:
            raise Wrong(place, f"there is no demonstration {name!r}", near(name.removeprefix("demo:"), list(PLANS)))
    elif name not in built_in():
        raise Wrong(place, f"there is no scenario {name!r}", near(name, list(built_in())))


def _seeds(text: str, place: str) -> list[int]:
    try:
        return suite.parse_seeds(text)
    except Wrong as problem:
        raise Wrong(f"{place}.seeds", problem.what, problem.remedy) from None


def _same(named: str | None, performed: str) -> bool:
    return named is None or Path(named) == Path(performed)
