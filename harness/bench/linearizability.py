"""What it costs to decide linearizability: long histories of registers whose writes have values of their own, and short
ones with compare-and-set and few values, where the problem is exponential and a limit must be honoured.

Clients ask one register for one call after another, and each takes effect at a moment between its start and its end.
Some crash: then the call takes effect a good while later, or never, and another client takes the place.
"""

import time  # noqa: TID251 - this measures
from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from itertools import product
from random import Random
from typing import Any

import msgspec

from checkers.calls import Call, Function, in_order
from checkers.models import linearizable
from checkers.verdict import Verdict
from workloads.keys import below

SIZES = (10_000, 100_000, 1_000_000)
CLIENTS = (5, 50)
VALUES = 5
SEEDS = 20
LIMIT_S = 60.0
SHORT_LIMIT_S = 10.0


class Mix(msgspec.Struct, frozen=True):
    """How many of a hundred calls are of each function, and how many crash."""

    parts: dict[Function, int]
    values: int | None = None  # None: each write has a value of its own
    crashes: int = 0


REGISTERS = {
    "registers": Mix({"read": 50, "write": 50}),
    "registers with deletes": Mix({"read": 50, "write": 40, "delete": 10}),
}
CAS = (
    Mix({"read": 40, "write": 30, "cas": 30}, VALUES),
    Mix({"read": 40, "write": 30, "cas": 30}, VALUES, crashes=5),
)


class Judged(msgspec.Struct, frozen=True):
    """Seconds of CPU, each of one history; and how many of them were violated, and unknown within the limit."""

    seconds: list[float]
    violated: int
    unknown: int


def judge_long() -> Iterator[tuple[str, int, float]]:
    """What, how many calls, and how long it took."""
    for (name, mix), clients, size in product(REGISTERS.items(), CLIENTS, SIZES):
        seconds, verdict = _timed(history_of(size, clients, mix, f"{size}"), LIMIT_S)
        yield f"{name}, {clients} clients: {verdict.outcome}", size, seconds


def judge_short() -> Iterator[tuple[str, Judged]]:
    """Half of them are valid; in the others one read in twenty was told another value, which may fit as well."""
    for size, clients in product((30, 100, 300, 1000), (3, 10, 30)):
        found = []
        for mix, wrong, seed in product(CAS, (False, True), range(SEEDS)):
            calls = history_of(size, clients, mix, f"{seed}")
            found.append(_timed(_misled(calls, f"{seed}") if wrong else calls, SHORT_LIMIT_S))
        outcomes = [verdict.outcome for _, verdict in found]
        judged = Judged([seconds for seconds, _ in found], outcomes.count("violated"), outcomes.count("unknown"))
        yield f"{size:,} calls, {clients} clients", judged


def history_of(size: int, clients: int, mix: Mix, seed: str) -> list[Call]:
    """A register in virtual time. Whatever happens next is in the heap: a client asks, or a call takes effect."""
    random = Random(f"{seed}/{size}/{clients}")
    asked: list[Call] = []
    told: dict[int, Any] = {}  # what reads saw
    refused: set[int] = set()
    state: Any = None
    heap: list[tuple[int, int, int | None]] = [(below(random, 100), client, None) for client in range(clients)]
    heapify(heap)
    while heap:
        now, client, number = heappop(heap)
        if number is None:
            if len(asked) == size:
                continue
            call = _asked(random, mix, len(asked), client, now)
            asked.append(call)
            end = now + 1 + below(random, 100)
            if call.end is not None:
                heappush(heap, (now + below(random, call.end - now + 1), client, call.id))
                end = call.end
            elif below(random, 2):
                heappush(heap, (now + below(random, 1000), client, call.id))
            heappush(heap, (end + 1 + below(random, 20), client + clients * (call.end is None), None))
            continue
        call = asked[number]
        if call.function == "read":
            told[number] = state
        elif call.function == "cas" and state != call.value[0]:
            refused.add(number)
        else:
            state = call.value[1] if call.function == "cas" else call.value
    return in_order(_returned(call, told, refused) for call in asked)


def _asked(random: Random, mix: Mix, number: int, client: int, now: int) -> Call:
    functions = [function for function, part in mix.parts.items() for _ in range(part)]
    function = functions[below(random, len(functions))]
    value: Any = None
    if function == "write":
        value = number if mix.values is None else below(random, mix.values)
    elif function == "cas" and mix.values is not None:
        value = (below(random, mix.values), below(random, mix.values))
    if below(random, 100) < mix.crashes:
        return Call(number, f"c{client}", function, "k", value, None, "unknown", now, None)
    return Call(number, f"c{client}", function, "k", value, None, "ok", now, now + 1 + below(random, 100))


def _returned(call: Call, told: dict[int, Any], refused: set[int]) -> Call:
    if call.end is None:
        return call
    if call.id in refused:
        return msgspec.structs.replace(call, outcome="failed")
    return msgspec.structs.replace(call, result=told.get(call.id)) if call.function == "read" else call


def _misled(calls: list[Call], seed: str) -> list[Call]:
    random = Random(f"{seed}/misled")
    return [
        msgspec.structs.replace(call, result=(call.result + 1 + below(random, VALUES - 1)) % VALUES)
        if call.result is not None and below(random, 20) == 0
        else call
        for call in calls
    ]


def _timed(calls: list[Call], limit_s: float) -> tuple[float, Verdict]:
    start = time.process_time()

    def out_of_budget() -> str | None:
        return "the limit is over" if time.process_time() - start > limit_s else None

    verdict = linearizable.check(calls, out_of_budget)
    return time.process_time() - start, verdict
