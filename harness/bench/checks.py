"""What it costs to judge a long history: every property over a million invocations and returns, and the audit trail of
ten replicas beside them. The history is made by hand, of a store that does all right; it lives in a process of its own,
whose peak memory is said."""

import resource
import subprocess
import sys
import time  # noqa: TID251 - this measures
from collections import Counter, deque
from collections.abc import Callable, Iterator
from random import Random
from typing import Literal

import msgspec

from checkers import availability, bounds
from checkers.availability import Terms
from checkers.bounds import Limits
from checkers.facts import Facts, gather
from checkers.history import (
    FORMAT,
    AnyEvent,
    Cause,
    Change,
    Copy,
    Dump,
    Header,
    History,
    Invoke,
    Life,
    Phase,
    Return,
    Version,
    ordered,
)
from checkers.properties import PROPERTIES
from checkers.verdict import Verdict
from workloads.keys import below
from workloads.operations import Kind

MS = 1_000_000
KINDS: tuple[Kind, ...] = ("get", "get", "get", "put", "put", "delete")
MOMENTS: tuple[Literal["settled", "one round later"], ...] = ("settled", "one round later")
NODES = [f"r{number}" for number in range(1, 11)]
COPIES = 3
CLIENTS = 50
LENGTHS = (10_000, 100_000, 1_000_000)  # invocations and returns


class Judged(msgspec.Struct, frozen=True):
    """Seconds of CPU, by property; `gathered_s` is what they share."""

    events: int
    gathered_s: float
    checks_s: dict[str, float]
    outcomes: dict[str, str]
    peak_mib: float

    def whole_s(self) -> float:
        return self.gathered_s + sum(self.checks_s.values())


def history_of(events: int) -> History:
    """As many invocations and returns; each write is on three replicas when it is acknowledged. Clients take turns,
    so that half of the calls are under way while others are."""
    keys = [f"k{number}" for number in range(max(1, events // 1000))]
    placed = {key: [NODES[(number + step) % len(NODES)] for step in range(COPIES)] for number, key in enumerate(keys)}
    header = Header(FORMAT, "simulation", 1, "incarnation", NODES, placed)
    return ordered(header, list(_events(events // 2, keys, placed)))


def _events(calls: int, keys: list[str], placed: dict[str, list[str]]) -> Iterator[AnyEvent]:
    random = Random("bench/checks")
    held: dict[str, Copy] = {}
    under_way: deque[tuple[Invoke, Copy | None]] = deque()
    writing: Counter[str] = Counter()
    for node in NODES:
        yield Life(at=0, node=node, incarnation=f"{node}.1", what="started")
    for op in range(1, calls + 1):
        now, key = op * MS, keys[below(random, len(keys))]
        if len(under_way) >= CLIENTS // 2:
            writing[under_way[0][0].key] -= under_way[0][0].kind != "get"
            yield _answer(now, *under_way.popleft())
        grave = held.get(key)
        if grave is not None and grave.dead and not writing[key]:
            yield from _purged(now, key, held.pop(key), placed[key])
        kind = KINDS[below(random, len(KINDS))]
        value = f"w{op}" if kind == "put" else None
        invoke = Invoke(at=now, op=op, session=f"c{op % CLIENTS}", node=placed[key][0], kind=kind, key=key, value=value)
        yield invoke
        if kind != "get":
            copy = Copy(Version(now, f"{invoke.node}.1"), kind == "delete", value)
            yield from _written(invoke, held.get(key), copy, placed[key])
            held[key] = copy
            writing[key] += 1
        under_way.append((invoke, held.get(key)))
    yield from (_answer(calls * MS, *each) for each in under_way)
    for key in [key for key in keys if key in held and held[key].dead]:
        yield from _purged(calls * MS, key, held.pop(key), placed[key])
    yield from _end(calls * MS, held, placed)


def _written(invoke: Invoke, old: Copy | None, new: Copy, names: list[str]) -> Iterator[Change]:
    for name in names:
        yield Change(
            at=invoke.at, node=name, incarnation=f"{name}.1", batch=invoke.op, key=invoke.key, old=old, new=new,
            cause="write", message=f"{invoke.node}/{invoke.op}", origin=f"op {invoke.op}",
        )  # fmt: skip


def _end(now: int, held: dict[str, Copy], placed: dict[str, list[str]]) -> Iterator[AnyEvent]:
    yield Phase(at=now, name="mend")
    yield Phase(at=now, name="settled")
    for moment in MOMENTS:
        for node in NODES:
            copies = {key: copy for key, copy in held.items() if node in placed[key]}
            yield Dump(at=now, node=node, incarnation=f"{node}.1", moment=moment, copies=copies)
    yield Phase(at=now, name="end")


def _purged(now: int, key: str, grave: Copy, names: list[str]) -> Iterator[Change]:
    marked = Copy(grave.version, dead=True, value=None, purgeable=True)
    steps: list[tuple[Copy, Copy | None, Cause]] = [(grave, marked, "purgeable"), (marked, None, "purge")]
    for old, new, cause in steps:
        for name in names:
            yield Change(at=now, node=name, incarnation=f"{name}.1", batch=now, key=key, old=old, new=new, cause=cause)


def _answer(now: int, invoke: Invoke, copy: Copy | None) -> Return:
    version = copy.version if copy else None
    read = invoke.kind == "get" and copy is not None
    return Return(
        at=now, op=invoke.op, session=invoke.session, outcome="ok", value=copy.value if read and copy else None,
        version=version, dead=copy.dead if copy and invoke.kind != "put" else False,
    )  # fmt: skip


def measure(events: int) -> Judged:
    """In a process of its own."""
    command = [sys.executable, "-m", "harness.bench.checks", str(events)]
    out = subprocess.run(command, check=True, capture_output=True).stdout
    return msgspec.json.decode(out, type=Judged)


def _measured(events: int) -> Judged:
    history = history_of(events)
    begun = time.process_time()
    facts = gather(history)
    gathered = time.process_time() - begun
    checks: dict[str, float] = {}
    outcomes: dict[str, str] = {}
    for name, check in _checks(facts).items():
        begun = time.process_time()
        outcomes[name] = check(facts).outcome
        checks[name] = time.process_time() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Judged(len(history.events), gathered, checks, outcomes, peak)


def _checks(facts: Facts) -> dict[str, Callable[[Facts], Verdict]]:
    terms = Terms(dict.fromkeys(facts.operations, 2), [], 1_000 * MS)
    limits = Limits(repair_bytes_per_s=10_000, copy_bytes=64, hints_max=100)
    return {
        **PROPERTIES,
        availability.NAME: lambda facts: availability.check(facts, terms),
        bounds.NAME: lambda facts: bounds.check(facts, limits),
    }


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(_measured(int(sys.argv[1]))))
