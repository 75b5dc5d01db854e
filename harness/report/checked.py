"""What the checks of a model say of a history that anybody recorded, as a document and as a person reads it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from checkers.calls import Call
from checkers.formats.choices import Foreign
from checkers.models import words
from checkers.verdict import Outcome, Verdict, Violation
from harness.report.lines import brief, fold, safe
from harness.report.terminal import COLOURS
from harness.run import EXIT_CODES

VIOLATIONS_SHOWN = 5  # of one property
CALLS_SHOWN = 30  # of one violation


class Proof(msgspec.Struct, frozen=True):
    """A call that proves a violation. `line` is that of its invocation; of our own files, the operation's number."""

    line: int
    process: str
    function: str
    key: str | None
    said: str
    outcome: str
    start: int
    end: int | None


class Broken(msgspec.Struct, frozen=True):
    key: str | None
    rule: str
    summary: str
    calls: list[Proof]


class Property(msgspec.Struct, frozen=True):
    verdict: Outcome
    why: str
    checked: int
    violations: list[Broken]


class Checked(msgspec.Struct, frozen=True):
    """What `urushi check FILE --json` prints. `order` is what `start` and `end` are: an index, a time, or a line."""

    file: str
    format: str
    model: str
    verdict: Outcome
    order: Literal["index", "time", "line"]
    operations: dict[str, int]
    processes: int
    keys: int
    notes: list[str]
    properties: dict[str, Property]

    def exit_code(self) -> int:
        return EXIT_CODES[self.verdict]


def report(file: str, name: str, model: str, found: Foreign, verdicts: Sequence[Verdict]) -> Checked:
    operations = {"ok": 0, "failed": 0, "unknown": 0}
    recorded = found.calls[found.first :]
    for call in recorded:
        operations[call.outcome] += 1
    outcomes = {verdict.outcome for verdict in verdicts}
    notes = list(found.notes)
    if outcomes == {"holds"} and not any(verdict.checked for verdict in verdicts):
        outcomes = {"unknown"}
        notes.append("nothing was looked at: no operation of this history says anything to these checks")
    proved = any(verdict.violations for verdict in verdicts)
    by_place: dict[int, list[Call]] = defaultdict(list)
    for call in found.calls if proved else ():
        by_place[call.place()].append(call)
    return Checked(
        file=file,
        format=name,
        model=model,
        verdict="violated" if "violated" in outcomes else "unknown" if "unknown" in outcomes else "holds",
        order=found.order,
        operations=operations,
        processes=len({call.process for call in recorded}),
        keys=len({call.key for call in found.calls if call.key is not None}),
        notes=notes,
        properties={verdict.property: _property(verdict, by_place) for verdict in verdicts},
    )


def _property(verdict: Verdict, by_place: dict[int, list[Call]]) -> Property:
    broken = [Broken(each.key, each.rule, each.summary, list(_proofs(each, by_place))) for each in verdict.violations]
    return Property(verdict.outcome, verdict.reason, verdict.checked, broken)


def _proofs(violation: Violation, by_place: dict[int, list[Call]]) -> Iterable[Proof]:
    """Those of the violation's key, where several calls have one place."""
    for place in dict.fromkeys(violation.events):
        here = by_place.get(place, [])
        of_key = [call for call in here if call.key == violation.key]
        for call in of_key or here:
            yield Proof(call.id, call.process, call.function, call.key, _said(call), call.outcome, call.start, call.end)


def _said(call: Call) -> str:
    asked = "" if call.value is None and call.function != "write" else words.value(call.value)
    told = f"→ {words.value(call.result)}" if call.outcome == "ok" and call.function in _TOLD else ""
    return " ".join(part for part in (asked, told) if part)


_TOLD = ("read", "contains", "generate", "txn")


def show(console: Console, checked: Checked) -> None:
    for name, it in checked.properties.items():
        for broken in it.violations[:VIOLATIONS_SHOWN]:
            _show_violation(console, name, broken, checked)
        if len(it.violations) > VIOLATIONS_SHOWN:
            more = len(it.violations) - VIOLATIONS_SHOWN
            console.print(
                f"and {more:,} more violations of {name}; --json has them all\n", markup=False, highlight=False
            )
    table = Table(box=None, pad_edge=False)
    for title in ("property", "verdict", "checked", "remarks"):
        table.add_column(title, overflow="fold")
    for name, it in checked.properties.items():
        remark = _remark(it)
        table.add_row(name, f"[{COLOURS[it.verdict]}]{it.verdict}[/]", f"{it.checked:,}", escape(safe(remark)))
    console.print(table)
    counts = ", ".join(f"{count:,} {outcome}" for outcome, count in checked.operations.items())
    of = f"processes: {checked.processes:,}" + (f"; keys: {checked.keys:,}" if checked.keys else "")
    lines = [f"operations: {counts}; {of}; in the order of {_ORDERS[checked.order]}", *checked.notes]
    for line in lines:
        console.print(safe(line), markup=False, highlight=False, soft_wrap=True)
    verdict = f"[{COLOURS[checked.verdict]}]{checked.verdict.upper()}[/]"
    said = f"model {checked.model}   {checked.format} {checked.file}"
    console.print(f"{verdict}   {escape(safe(said))}", highlight=False, soft_wrap=True)


def _remark(it: Property) -> str:
    """What is told of the first violation is not told twice."""
    if not it.violations:
        return it.why
    more = "" if it.why == it.violations[0].summary else f"; {it.why}"
    return f"violations: {len(it.violations):,}, see above{more}"


_ORDERS = {"index": "their index", "time": "their time", "line": "their lines: nothing else tells it"}


def _show_violation(console: Console, name: str, broken: Broken, checked: Checked) -> None:
    key = f"   key {brief(broken.key)}" if broken.key is not None else ""
    title = safe(f"{name}{key}   model {checked.model}")
    console.print(f"[{COLOURS['violated']}]VIOLATED[/]  {escape(title)}", highlight=False, soft_wrap=True)
    told = f"  {safe(broken.summary)}\n  Rule broken: {safe(broken.rule)}."
    console.print(fold(told, console.width), markup=False, highlight=False, soft_wrap=True)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    where = "op" if checked.format == "urushi" else "line"
    for title in ("", where, "process", "function", "key", "value", "outcome", "from", "to"):
        table.add_column(title, overflow="fold", justify="right" if title in (where, "from", "to") else "left")
    for call in broken.calls[:CALLS_SHOWN]:
        end = "?" if call.end is None else str(call.end)
        line = "–" if call.line < 1 else str(call.line)  # noqa: RUF001 - of what was assumed, none
        cells = [line, call.process, call.function, brief(call.key or ""), call.said, call.outcome]
        table.add_row("", *(escape(safe(cell)) for cell in (*cells, str(call.start), end)))
    console.print(table)
    if len(broken.calls) > CALLS_SHOWN:
        console.print(f"   …  ({len(broken.calls) - CALLS_SHOWN:,} more)", markup=False, highlight=False)
    console.print()
