"""The life of one key as a table: a row an event in time order, a column a replica, and what happened."""

from bisect import bisect_left
from collections.abc import Iterable
from typing import NamedTuple

import msgspec
from rich.cells import cell_len

from checkers.history import AnyEvent, Change, Damage, Dump, Fault, Invoke, Life, Message, Phase, Return
from checkers.words import value
from harness.report.case import Case
from harness.report.lines import brief, pad, safe, wrapped
from harness.report.walks import heard_words

ON_MAX = 3  # faults that are named beside a row
CELL_MAX = 26
CELL_LEAST = 8
BESIDE_LEAST = 26  # columns that the last column needs to stand beside the others
ERROR_MAX = 120


Changed = set[tuple[str | None, str]]
Told = tuple[str, dict[str, str], str]


class Carrier(msgspec.Struct, frozen=True):
    """The message that brought a change."""

    id: str
    kind: str
    sender: str
    to: str
    sent_s: float
    received_s: float | None


class Row(msgspec.Struct, frozen=True):
    """`shows` has a cell for each node that the event is about; `on` are the faults that were on; `proof`: the verdict,
    or the cause that is told, rests on it."""

    seq: int
    at_s: float
    kind: str
    shows: dict[str, str]
    what: str
    on: list[str]
    proof: bool = False
    message: Carrier | None = None


def rows(case: Case, proof: Iterable[int] = ()) -> list[Row]:
    """Every event of the key, and those of faults and nodes."""
    marked = set(proof)
    changed: Changed = {(change.message, change.node) for change in case.changes}
    dumps = {dump.seq for dump in case.facts.dumps}
    found: list[Row] = []
    for event in case.facts.events:
        told = _tell(case, event, changed)
        if told is None:
            continue
        kind, shows, what = told
        on = [span.id for span in case.faults_on(event.at)]
        carrier = _carrier(case, event)
        proves = event.seq in marked or (isinstance(event, Phase) and bool(shows) and not marked.isdisjoint(dumps))
        row = Row(event.seq, event.at / 1e9, kind, shows, what, on, proves, carrier)
        if found and _same_post(found[-1], row):
            found[-1] = msgspec.structs.replace(
                found[-1], shows={**found[-1].shows, **shows}, proof=found[-1].proof or row.proof
            )
        else:
            found.append(row)
    return found


def _same_post(before: Row, row: Row) -> bool:
    """One message to several nodes, lost on each of the ways: one row."""
    return row.kind == before.kind == "lost" and row.what == before.what and row.shows.keys().isdisjoint(before.shows)


def _tell(case: Case, event: AnyEvent, changed: Changed) -> Told | None:  # noqa: PLR0911 - one for each kind of event
    match event:
        case Change() if event.key == case.key:
            return "change", {event.node: _after(case, event)}, _why(event)
        case Message() if event.key == case.key and event.kind == "store":
            return _post(case, event, changed)
        case Invoke() if event.key == case.key:
            written = f" {safe(value(event.value))}" if event.value is not None else ""
            level = f" at {event.level}" if event.level else ""
            return (
                "asked",
                {},
                f"op {event.op} {event.kind}{written}{level}: {safe(event.session)} through {event.node}",
            )
        case Return() if event.op in case.invokes:
            return "answered", {}, _outcome(case, event)
        case Damage() if event.node in case.replicas and event.key in (case.key, None) and event.what != "late":
            batch = f", commit {event.batch}" if event.batch is not None else ""
            return "disk", {event.node: event.what}, f"disk{batch}{f': {safe(event.why)}' if event.why else ''}"
        case Life() if event.at > 0:
            return "life", {event.node: event.what}, f"{event.node} {event.what}" * (event.node not in case.replicas)
        case Fault():
            span = " → ".join(event.targets) if event.kind == "one-way" else " ".join(event.targets)
            word = {"applied": "on", "healed": "off"}.get(event.phase, event.phase)
            return "fault", {}, f"{event.fault} {word}: {event.kind} {span}"
        case Phase():
            return _phase(case, event)
        case _:
            return None


def _after(case: Case, change: Change) -> str:
    if change.new is None:
        return "purged" if change.cause == "purge" else "dropped"
    return case.shown(change.new)


def _why(change: Change) -> str:
    by = f", via {change.message}" if change.message else ""
    if change.cause in ("purge", "purgeable"):
        return f"{change.cause} ({change.origin.partition(' ')[0]}){by}"
    parts = [change.origin] if change.cause == "hinted handoff" else [change.cause, change.origin]
    return ", ".join(part for part in parts if part) + by


def _carrier(case: Case, event: AnyEvent) -> Carrier | None:
    message = case.carrier(event) if isinstance(event, Change) else event if isinstance(event, Message) else None
    if message is None:
        return None
    received = message.received / 1e9 if message.received is not None else None
    return Carrier(message.id, message.kind, message.sender, message.to, message.at / 1e9, received)


def _post(case: Case, message: Message, changed: Changed) -> Told | None:
    """Messages that should have brought something newer than what was held, and changed nothing."""
    if (message.id, message.to) in changed or message.version is None:
        return None
    copy, words = case.copy_of(message.version), f"{message.origin}, via {message.id}"
    if message.received is None:
        return "lost", {message.to: f"({case.short(copy)} lost)"}, words
    if copy is None or case.has(message.to, copy, message.seq) or message.to not in case.replicas:
        return None
    held_later = any(
        change.node == message.to and change.seq > message.seq and change.at <= message.received
        for change in case.changes
    )
    if held_later:
        return None  # another message, or another copy of this one, was faster
    return "refused", {message.to: f"({case.short(copy)} no change)"}, f"{words}, received {message.received / 1e9:.3f}"


def _outcome(case: Case, back: Return) -> str:
    took = f"{(back.at - case.invokes[back.op].at) / 1e6:.1f} ms"
    if back.outcome != "ok":
        error = f": {safe(brief(back.error, ERROR_MAX))}" if back.error else ""
        return f"op {back.op} {back.outcome} after {took}{error}"
    if case.invokes[back.op].kind == "get":
        answer = case.answer(back.op)
        copy = answer.copy if answer else None
        answers = case.used(back.op)
        on = f"; by {', '.join(heard_words(case, each) for each in answers)}" if answers else ""
        return f"op {back.op} read {case.shown(copy) if copy else 'nothing'} in {took}{on}"
    acks = case.acks(back.op)
    held = f"; held by {' '.join(acks)}" if acks else ""
    wrote = f" {case.short(case.copy_of(back.version))}" if back.version else ""
    return f"op {back.op} ok{wrote} in {took}{held}"


def _phase(case: Case, phase: Phase) -> Told | None:
    """When settled, who holds what, and since when."""
    if phase.name == "mend":
        down = f"; {' '.join(phase.down)} stay down" if phase.down else ""
        return "phase", {}, f"mend: all faults end{down}"
    if phase.name != "settled":
        return None
    pending = f": {safe(brief(phase.pending, ERROR_MAX))}" if phase.pending else ""
    dumps = {
        dump.node: dump
        for dump in case.facts.dumps
        if dump.moment == "settled" and dump.node in case.replicas and dump.seq <= phase.seq
    }
    shows = {node: case.shown(dump.copies.get(case.key)) for node, dump in dumps.items()}
    audited = dumps if case.facts.header.audited else {}
    since = [f"{node} since {_since(case, dump)}" for node, dump in audited.items()]
    return "phase", shows, f"{'not settled' if phase.pending else 'settled'}{pending}; {', '.join(since)}".rstrip("; ")


def _since(case: Case, dump: Dump) -> str:
    past = case.facts.past(dump.node, case.key, dump.seq)
    held = dump.copies.get(case.key)
    if not past:
        return "its start"
    return f"{past[-1].at / 1e9:.3f}" if past[-1].new == held else "no change of its trail"


def nearest(all_rows: list[Row], most: int) -> list[Row]:
    """The proof, and what is nearest to it, what came before rather than what came of it."""
    if len(all_rows) <= most:
        return all_rows
    proof = [place for place, row in enumerate(all_rows) if row.proof] or [len(all_rows)]
    far = {place: min(_distance(place, each) for each in (_next(proof, place))) for place in range(len(all_rows))}
    kept = sorted(sorted(far, key=lambda place: (far[place], -place))[:most])
    return [all_rows[place] for place in kept]


def _next(proof: list[int], place: int) -> list[int]:
    """The nearest ones on both sides."""
    right = bisect_left(proof, place)
    return proof[max(0, right - 1) : right + 1]


def _distance(place: int, proof: int) -> int:
    return proof - place if place <= proof else 3 * (place - proof)


def render(case: Case, shown: list[Row], every: list[Row], width: int, *, faults: bool) -> list[str]:
    """Rows that are left out are counted where they are missing. With more replicas than there is room for columns,
    each row names its own."""
    layout = _layout(case.replicas, shown, width, faults=faults)
    titles = "".join(map(pad, case.replicas, layout.columns)) if layout.columns else "replicas"
    lines = ["   t (s)  " + pad("on", layout.on) * bool(layout.on) + titles]
    places = {row.seq: place for place, row in enumerate(every)}
    last = -1
    for row in shown:
        place = places[row.seq]
        lines += _gap(place - last - 1)
        lines += _lines(case.replicas, row, layout, width)
        last = place
    return [line.rstrip() for line in [*lines, *_gap(len(every) - last - 1)]]


class _Layout(NamedTuple):
    """`on`: of the column of faults, 0 for none; `columns` is empty if there is no room for them; `most` is the widest
    that a cell may be."""

    on: int
    columns: list[int]
    most: int

    def left(self) -> int:
        return 10 + self.on + sum(self.columns)


def _layout(nodes: list[str], shown: list[Row], width: int, *, faults: bool) -> _Layout:
    widest = max((len(_on(row)) for row in shown), default=0) if faults else 0
    on = widest + 2 if widest else 0
    most = min(CELL_MAX, (width - 10 - on) // max(1, len(nodes)) - 2)
    if most < CELL_LEAST:
        return _Layout(on, [], CELL_MAX)
    cells = [[node, *(_cell(row, node, most) for row in shown)] for node in nodes]
    return _Layout(on, [max(map(cell_len, column)) + 2 for column in cells], most)


def _gap(count: int) -> list[str]:
    return [f"       …  ({count} {'row' if count == 1 else 'rows'})"] if count else []


def _lines(nodes: list[str], row: Row, layout: _Layout, width: int) -> list[str]:
    cells = [_cell(row, node, layout.most) for node in nodes]
    start = f"{row.at_s:8.3f}  " + pad(_on(row), layout.on) * bool(layout.on)
    what = f"! {row.what}" if row.proof and not any(cells) else row.what
    if not layout.columns:
        named = [f"{node} {cell}" for node, cell in zip(nodes, cells, strict=True) if cell]
        return wrapped(start + ", ".join([*named, *([what] if what else [])]), width, len(start))
    head = start + "".join(map(pad, cells, layout.columns))
    if width - layout.left() >= BESIDE_LEAST:
        return wrapped(head + what, width, layout.left())
    short = f"{head.rstrip()}  {what}" if any(cells) else start + what
    if cell_len(short) <= width or not any(cells):
        return wrapped(short, width, len(start))
    return [head, *(wrapped(" " * (len(start) + 2) + what, width, len(start) + 2) if what else [])]


def _cell(row: Row, node: str, most: int) -> str:
    """Of a value that is too long the end is cut off, not its version."""
    text = row.shows.get(node, "")
    mark = " !" if text and row.proof else ""
    value, space, rest = text.partition(" ")
    room = most - len(mark) - len(space) - len(rest)
    return brief(f"{brief(value, max(2, room))}{space}{rest}", most - len(mark)) + mark


def _on(row: Row) -> str:
    more = f" +{len(row.on) - ON_MAX}" if len(row.on) > ON_MAX else ""
    return " ".join(row.on[:ON_MAX]) + more
