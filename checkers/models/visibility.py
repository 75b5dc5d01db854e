"""Atomic visibility of transactions: what one has written is seen by another as a whole or not at all (read atomicity,
without the order of sessions: Bailis et al., SIGMOD 2014, as an axiom in Biswas and Enea, OOPSLA 2019).

There is an order of the transactions, with nothing before all, in which each comes after those that it read from; and
if one reads a key from a second, and anything from a third that wrote that key as well, then the third comes before the
second. Only a transaction's last write of a key can be seen; what it reads of a key that it wrote is its own affair.
A single read, write or delete is a transaction too. One of unknown outcome may be seen; one that failed may not.

Known by values alone: what several transactions have written (nothing, if any deletes it, included) is left out, and
without a violation the verdict is then unknown.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from checkers.calls import Call, OutOfBudget, in_order
from checkers.models import words
from checkers.models.orders import Edge, ring
from checkers.models.sources import BREATH, ended
from checkers.models.steps import Spent, acts, frozen, spend
from checkers.verdict import Verdict, Violation, conclude

NAME = "atomic visibility"

_TOLD_MOST = 6
_FIRST = 0  # the number of what is there before any transaction
_Content = tuple[str | None, Any]


class Txn(msgspec.Struct):
    """`reads` are of what others wrote, in the order in which they were made."""

    call: Call
    reads: list[_Content]
    writes: dict[str | None, Any]


class Seen(msgspec.Struct):
    """What a transaction read, with the number of the transaction that it is from."""

    number: int
    txn: Txn
    sources: list[tuple[str | None, int]]


def check(calls: Sequence[Call], out_of_budget: OutOfBudget) -> Verdict:
    try:
        txns = [txn for txn in map(_txn, in_order(calls)) if txn is not None]
        seen, violations, unknown = _sources(txns, out_of_budget)
        checked = sum(len(each.sources) for each in seen)
        found = ring(len(txns) + 1, lambda: _edges(txns, seen), out_of_budget)
        if found:
            violations.append(_violation(found))
        violations.sort(key=lambda violation: violation.events[-1])
        return conclude(NAME, violations, checked, unknown)
    except Spent as spent:
        return conclude(NAME, [], 0, str(spent))


def _txn(call: Call) -> Txn | None:
    """None: nothing of it is known or can be seen."""
    if call.outcome == "failed":
        return None
    reads: list[_Content] = []
    writes: dict[str | None, Any] = {}
    for function, key, value in acts(call):
        if function in ("read", "cas") and call.outcome == "ok" and key not in writes:
            reads.append((key, frozen(value[0] if function == "cas" else value)))
        if function in ("write", "delete"):
            writes[key] = None if function == "delete" else frozen(value)
        elif function == "cas":
            writes[key] = frozen(value[1])
    return Txn(call, reads, writes)


def _sources(txns: list[Txn], out_of_budget: OutOfBudget) -> tuple[list[Seen], list[Violation], str]:
    """Also what is wrong with a read by itself, and why some may not be known."""
    givers: dict[_Content, list[int]] = defaultdict(list)
    for number, txn in enumerate(txns, 1):
        for content in txn.writes.items():
            givers[content].append(number)
    seen: list[Seen] = []
    violations: list[Violation] = []
    unknown = ""
    for number, txn in enumerate(txns, 1):
        if not number & BREATH:
            spend(out_of_budget)
        sources: list[tuple[str | None, int]] = []
        for key, value in dict.fromkeys(txn.reads):
            some = [each for each in givers.get((key, value), ()) if _may_be_from(txn, txns[each - 1])]
            some += [_FIRST] if value is None else []
            if len(some) == 1:
                sources.append((key, some[0]))
            elif some:
                unknown = unknown or f"{words.of(key)}what {words.call(txn.call)} may be from several transactions"
            else:
                violations.append(_nobodys(txn, key, value))
        if sources:
            seen.append(Seen(number, txn, sources))
    return seen, violations, unknown


def _may_be_from(txn: Txn, other: Txn) -> bool:
    return other is not txn and other.call.start <= ended(txn.call)


def _edges(txns: list[Txn], seen: list[Seen]) -> Iterator[Edge]:
    for number, _ in enumerate(txns, 1):
        yield Edge(_FIRST, number, ())
    for each in seen:
        sources = dict.fromkeys(number for _, number in each.sources)
        for source in sources:
            if source != _FIRST:
                yield Edge(source, each.number, (txns[source - 1].call, each.txn.call))
        for key, second in each.sources:
            for third in sources:
                if third not in (second, _FIRST) and key in txns[third - 1].writes:
                    wrote = [txns[second - 1].call] if second != _FIRST else []
                    yield Edge(third, second, (txns[third - 1].call, *wrote, each.txn.call))


def _nobodys(txn: Txn, key: str | None, value: Any) -> Violation:
    what = f"{words.of(key)}{_told(txn.call)}, and nobody had left {words.value(value)} there"
    return Violation(key, "what is read is what a transaction has left", words.events([txn.call]), what)


def _violation(found: list[Edge]) -> Violation:
    calls = in_order({call.id: call for edge in found for call in edge.why}.values())
    what = f"no order shows each transaction as a whole: {'; '.join(map(_told, calls[:_TOLD_MOST]))}"
    return Violation(None, "what a transaction has written is seen as a whole or not at all", words.events(calls), what)


def _told(call: Call) -> str:
    """What it wrote, and what it read."""
    deeds = [f"{function} {key} {words.value(value)}" for function, key, value in acts(call)]
    return f"{call.process} {', '.join(deeds)} ({call.start}..{'?' if call.end is None else call.end})"
