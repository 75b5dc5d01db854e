"""The head of the page: what the run said when it ended, as a first look needs it."""

import re
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from harness.report import measures
from harness.report.lines import brief, safe
from harness.report.runpage.subject import Subject
from harness.report.story import cluster_words, policy_words
from harness.run import FaultReport, PromiseReport, Report

KEYS_NAMED_MAX = 8
_PARTS = ("Cause", "Rule broken", "Faults before it")
_TITLE = "VIOLATED  "
_NAMED = re.compile(r"\b(?:op (?P<op>[0-9]{1,19})|(?P<fault>\w+))\b")


class Piece(NamedTuple):
    """Of a line: `link` is the name of what it leads to in the page."""

    text: str
    link: str = ""


class Told(NamedTuple):
    """A story in parts: `lines` are what happened, its cause, the rule and the faults, each under its name."""

    promise: str
    lines: list[tuple[str, list[Piece]]]
    whole: list[Piece]


def section(subject: Subject) -> dict[str, Any]:
    report = subject.report
    names = Names(subject.facts.operations, [fault.id for fault in report.faults])
    stories = [_story(text, names) for text in report.stories]
    return {
        "title": _title(report, stories),
        "facts": _facts(subject),
        "stories": stories,
        "reproduce": f"urushi replay {report.id}",
        "promises": {outcome: _promises(report, outcome) for outcome in ("holds", "violated", "unknown")},
        "not_promised": _promises(report, "not promised"),
        "measured": [names.linked(line.strip(), faults=False) for line in _measured(report)],
        "bit": [_fault(each, _touched(each.bit)) for each in report.faults if each.applied and each.bit],
        "not_bit_words": f"Applied, and touched {'no operation' if report.system else 'nothing'}",
        "not_bit": [_fault(each, "") for each in report.faults if each.applied and not each.bit],
        "not_applied": [_fault(each, each.evidence) for each in report.faults if not each.applied],
    }


class Names(NamedTuple):
    """What a story may speak of that the page can show."""

    operations: Collection[int]
    faults: Collection[str]

    def linked(self, text: str, *, faults: bool = True) -> list[Piece]:
        """A table tells of faults in its rows; there a value may look like the name of one."""
        pieces: list[Piece] = []
        done = 0
        for found in _NAMED.finditer(text):
            link = self._link(found, faults=faults)
            if link:
                pieces += [Piece(text[done : found.start()]), Piece(found[0], link)]
                done = found.end()
        return [piece for piece in (*pieces, Piece(text[done:])) if piece.text]

    def _link(self, found: re.Match[str], *, faults: bool) -> str:
        if found["op"]:
            return f"op{found['op']}" if int(found["op"]) in self.operations else ""
        return f"fault-{found['fault']}" if faults and found["fault"] in self.faults else ""


def _story(text: str, names: Names) -> Told:
    """In the lines that `story.tell` writes: a title, what happened, those that have a name, a table, and the rest."""
    title, happened, *rest = text.split("\n")
    promise = title.removeprefix(_TITLE).partition("   ")[0]
    lines = [("What happened", names.linked(happened.strip()))]
    for name in _PARTS:
        start = f"  {name}: "
        if rest and rest[0].startswith(start):
            lines += [(name, names.linked(rest.pop(0).removeprefix(start)))]
    return Told(promise, lines, names.linked("\n".join(rest), faults=False))


def _title(report: Report, stories: list[Told]) -> str:
    if report.verdict == "holds":
        return "Every promise held"
    if report.verdict == "unknown":
        return "This run shows nothing either way"
    keys = report.promises[stories[0].promise].keys
    on = f", on key {safe(brief(keys[0]))}" if keys and keys[0] else ""
    return f"Broken: {stories[0].promise}{on}"


def _ended(verdict: Path) -> str:
    return f"{datetime.fromtimestamp(verdict.stat().st_mtime, UTC):%Y-%m-%d %H:%M} UTC" if verdict.exists() else ""


def _facts(subject: Subject) -> list[tuple[str, str]]:
    report, plan = subject.report, subject.plan
    facts = [
        ("run", report.id),
        ("scenario", report.scenario),
        ("seed", str(report.seed)),
        ("stage", "simulation, on virtual time" if report.stage == "simulation" else "real processes"),
        ("links", report.proxy or ""),
        ("policy", report.drawn.get("policy", "")),
        ("system", report.system or ""),
        ("repair", "" if report.system else policy_words(plan)),
        ("nodes", cluster_words(plan)),
        ("flaw", report.flaw or ""),
        ("stayed down", " ".join(report.down)),
        ("ended", _ended(subject.folder / "verdict.json")),
        ("digest", report.digest[:16]),
    ]
    return [(name, value) for name, value in facts if value]


def _promises(report: Report, outcome: str) -> list[dict[str, Any]]:
    found = {name: it for name, it in report.promises.items() if it.verdict == outcome}
    return [{"name": name, "it": it, "named": _keys(it), "count": len(it.keys)} for name, it in found.items()]


def _keys(promise: PromiseReport) -> list[str]:
    return [safe(brief(key)) for key in promise.keys[:KEYS_NAMED_MAX] if key]


def _fault(fault: FaultReport, also: str) -> dict[str, str]:
    return {"id": fault.id, "what": " ".join((fault.kind, *fault.targets)), "also": also}


def _touched(count: int) -> str:
    return "one message or operation" if count == 1 else f"{count:,} messages and operations"


def _measured(report: Report) -> Iterator[str]:
    counts = report.operations
    mended = "did not mend" if report.settled_s is None else f"mended in {report.settled_s:.1f} s"
    yield f"operations: {counts['ok']:,} ok, {counts['failed']:,} failed, {counts['unknown']:,} unknown; {mended}"
    if report.latency_ms:
        told = ", ".join(f"{name} {value:.1f} ms" for name, value in report.latency_ms.items())
        yield f"latency from the planned time: {told}"
    yield from measures.lines(report.staleness, report.divergence)
