"""Available with a quorum: an operation succeeds if its coordinator is there and can reach enough replicas of its key.
What a fault might affect, it excuses.

What may keep something from working is `troubles`, as whoever made them knows them; and a node that is down.
"""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from checkers import words
from checkers.facts import Facts, gather
from checkers.history import History, Invoke, Life, Return
from checkers.verdict import Verdict, Violation, conclude

NAME = "available with a quorum"
CLIENTS = "clients"  # the other end of the link between a node and its clients

Link = tuple[str, str]  # from, to


class Trouble(msgspec.Struct, frozen=True):
    """Nodes and one-way links on which nobody can count, from `start` to `end`; None: never again."""

    start: int
    end: int | None
    nodes: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()


class Share(NamedTuple):
    replicas: tuple[str, ...]
    needed: int


class Terms(msgspec.Struct, frozen=True):
    """`needed` says of each operation that must succeed how many replicas it takes, and `shares`, of those that want
    certain ones, how many of which instead. For `margin_ns` after something was in trouble it may not work yet."""

    needed: dict[int, int]
    troubles: list[Trouble]
    margin_ns: int
    shares: dict[int, list[Share]] = {}

    def suffice(self, op: int, reached: list[str]) -> bool:
        if op in self.shares:
            return all(sum(node in reached for node in each.replicas) >= each.needed for each in self.shares[op])
        return len(reached) >= self.needed[op]


class _Bad(NamedTuple):
    nodes: frozenset[str]
    links: frozenset[Link]


def check(history: History, terms: Terms) -> Verdict:
    """`checked` counts the operations that succeeded or should have."""
    facts = gather(history)
    troubles = [*terms.troubles, *_downs(facts.lives, terms.margin_ns)]
    used = _Used()
    violations: list[Violation] = []
    excused: Counter[str] = Counter()
    succeeded = 0
    for event in facts.events:
        if not isinstance(event, Return) or event.op not in facts.operations:
            continue
        invoke = facts.operations[event.op]
        since = used.since(invoke)
        if event.outcome == "ok":
            succeeded += 1
            used.note(invoke, event)
        elif event.op in terms.needed:
            reached, excuse = _reached(facts, invoke, event, troubles, since)
            if excuse or not terms.suffice(event.op, reached):
                excused[excuse or "no quorum"] += 1
            else:
                violations.append(_refused(invoke, event, reached, terms.needed[event.op]))
    verdict = conclude(NAME, violations, succeeded + len(violations))
    if violations or not excused:
        return verdict
    told = ", ".join(f"{count} ({why})" for why, count in sorted(excused.items()))
    return msgspec.structs.replace(verdict, reason=f"excused by faults: {told}")


class _Used:
    """When a session last had a word from a node: what befell their connection since then may show only now."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, str], int] = {}

    def since(self, invoke: Invoke) -> int:
        return self._last.get((invoke.session, invoke.node), invoke.at)

    def note(self, invoke: Invoke, back: Return) -> None:
        self._last[invoke.session, invoke.node] = back.at


def _downs(lives: list[Life], margin_ns: int) -> Iterator[Trouble]:
    """Whoever it was that ended them. One that has lost its disk may not have joined again."""
    ended: dict[str, Life] = {}
    for life in lives:
        if life.what != "started":
            ended[life.node] = life
        elif life.node in ended:
            end = ended.pop(life.node)
            until = life.at + margin_ns if end.what != "wiped" else None
            yield Trouble(end.at, until, (life.node,))
    for life in ended.values():
        yield Trouble(life.at, None, (life.node,))


def _reached(
    facts: Facts, invoke: Invoke, back: Return, troubles: list[Trouble], since: int
) -> tuple[list[str], str | None]:
    """The replicas on which the coordinator could count all the time; or why none would have done."""
    node = invoke.node
    at_hand, door = _bad(troubles, invoke.at, back.at), _bad(troubles, since, back.at)
    if node in door.nodes:
        return [], "coordinator"
    if (CLIENTS, node) in door.links or (node, CLIENTS) in door.links:
        return [], "its clients"
    replicas = facts.replicas(invoke.key)
    reached = [
        each
        for each in replicas
        if each == node
        or (each not in at_hand.nodes and (node, each) not in at_hand.links and (each, node) not in at_hand.links)
    ]
    return reached, None


def _bad(troubles: list[Trouble], start: int, end: int) -> _Bad:
    on = [each for each in troubles if each.start <= end and (each.end is None or start <= each.end)]
    return _Bad(
        frozenset(node for each in on for node in each.nodes), frozenset(link for each in on for link in each.links)
    )


def _refused(invoke: Invoke, back: Return, reached: list[str], needed: int) -> Violation:
    outcome = "failed" if back.outcome == "failed" else "had no answer"
    error = f" ({back.error})" if back.error else ""
    summary = (
        f"key {invoke.key}: op {invoke.op} ({invoke.session} through {invoke.node}), a {invoke.kind} of"
        f" {words.seconds(invoke.at)}, {outcome} at {words.seconds(back.at)}{error}, and {invoke.node} could reach"
        f" {' '.join(reached)}, where {needed} would do"
    )
    return Violation(invoke.key, "an operation succeeds if a quorum can be reached", [invoke.seq, back.seq], summary)
