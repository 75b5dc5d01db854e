"""Subjects whose linearizability is judged: runs of the simulation, and histories drawn up by hand."""

from collections.abc import Collection
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from msgspec.structs import replace

from checkers import linear
from checkers.facts import gather
from checkers.history import FORMAT, AnyEvent, Header, Invoke, Return, ordered
from harness.demonstrations import PLANS
from harness.plan import Plan
from harness.promises import Promise
from harness.report.runpage import subject
from harness.report.runpage.subject import Subject
from harness.run import run

SECOND = 1_000_000_000
HTML = '<img src=x onerror="document.title=1">'


@cache
def performed(name: str) -> Subject:
    with TemporaryDirectory() as folder:
        runs = Path(folder)
        report = run(PLANS[name](name), "simulation", runs=runs)
        return subject.read(runs / report.id, report)


Told = tuple[int, int | None, str, str, Any]
"""Start, end, client, what was asked for (get, put or delete), and the value that was put or read."""


def drawn_up(keys: dict[str, list[Told]], *, merge: Any = "last", below: Collection[int] = ()) -> Subject:
    """Its promises are linearizability alone. Times are in seconds; operations are numbered by their starts, and those
    of `below` were answered below their level."""
    it = performed("skips-repair")
    told = [(start, end, key, *rest) for key, calls in keys.items() for start, end, *rest in calls]
    events: list[tuple[int, AnyEvent]] = []
    for op, (start, end, key, client, kind, value) in enumerate(sorted(told), 1):
        put, seen = (value, None) if kind == "put" else (None, value)
        asked = Invoke(at=start * SECOND, op=op, session=client, node="r1", kind=kind, key=key, value=put)
        events.append((start, asked))
        if end is not None:
            back = Return(at=end * SECOND, op=op, session=client, outcome="ok", value=seen)
            events.append((end, replace(back, level_met="one") if op in below else back))
    header = Header(FORMAT, "simulation", 1, "incarnation", ["r1"], {key: ["r1"] for key in keys}, merge=merge)
    facts = gather(ordered(header, [event for _, event in sorted(events, key=lambda each: each[0])]))
    verdict = linear.check(facts)
    plan: Plan = replace(it.plan, operations=[])
    return it._replace(plan=plan, facts=facts, promises=[Promise(linear.NAME, verdict.outcome, "", verdict)])


def torn() -> Subject:
    """On k2 two readers saw two writes in opposite orders; what each saw has an order without the other."""
    return drawn_up(
        {
            "k": [(1, 2, "c1", "put", HTML), (3, 4, "c2", "get", HTML), (5, 6, "c2", "get", None)],
            "k2": [
                (10, 30, "c1", "put", "a"),
                (11, 31, "c2", "put", "b"),
                (12, 19, "c3", "get", "a"),
                (14, 20, "c4", "get", "b"),
                (21, 25, "c4", "get", "a"),
                (22, 24, "c3", "get", "b"),
                (23, None, "c5", "put", "late"),
            ],
            "k3": [(40, 41, "c1", "put", "fine"), (42, 43, "c2", "get", "fine")],
        }
    )


def long() -> Subject:
    """A value comes back that was replaced long before, beside a delete and a write of which nobody heard."""
    calls: list[Told] = [(1, 2, "c1", "put", "old"), (3, 4, "c1", "put", "new"), (5, None, "c2", "put", "unheard")]
    calls += [(10 + 4 * number, 12 + 4 * number, f"c{3 + number % 3}", "get", "new") for number in range(50)]
    calls += [(300, 310, "c3", "get", "unheard"), (302, 306, "c10", "delete", None), (320, 330, "c4", "get", "old")]
    return drawn_up({"k": calls})
