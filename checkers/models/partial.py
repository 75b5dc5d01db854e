"""The orders of some calls of one register: each legal, and each a beginning of what time allows.

Such an order has, with a call, all calls that returned before it began. A search with memory tries the orders in which
- a read is taken as soon as what it saw is there;
- a write that no read waits for is taken right before the next that one waits for, where nobody sees it;
- of writes of the same, the one that returns first is taken first;
- a write of unknown outcome is taken only for an open read that waits for it.
Every other order has one among these with the same calls, or more.
"""

from collections import defaultdict
from collections.abc import Container, Iterable, Sequence
from math import inf
from operator import invert
from typing import Any, NamedTuple

from checkers.calls import Call, OutOfBudget, in_order
from checkers.models.steps import Spent, frozen, spend

_STRIDE = 0xFF


class Node(NamedTuple):
    """Where an order has come to. Calls are numbered by their starts: all below `floor` are taken, and of those from
    there on the ones with a bit in `bits`. `used` are the writes of unknown outcome that it needed."""

    floor: int
    bits: int
    used: int
    held: Any

    def size(self) -> int:
        """Without those of unknown outcome."""
        return self.floor + self.bits.bit_count()

    def has(self, number: int) -> bool:
        return number < self.floor or bool(self.bits >> (number - self.floor) & 1)

    def take(self, number: int) -> "Node":
        floor, bits = self.floor, self.bits | 1 << (number - self.floor)
        while bits & 1:
            floor, bits = floor + 1, bits >> 1
        return Node(floor, bits, self.used, self.held)


_Way = tuple[int, ...]  # numbers of calls in their order; ~number for those of unknown outcome


class Last(NamedTuple):
    """An order that nothing can be added to, and the first return that is not in it."""

    node: Node
    way: _Way  # since the node of `came` under the same name
    came: Node
    stuck: float


class Orders:
    """`calls` have taken effect, or may have; of those that returned before `must` none is left out."""

    def __init__(self, calls: Sequence[Call], must: float) -> None:
        ordered = in_order(calls)
        self.known = [call for call in ordered if call.end is not None]
        self.maybe = [call for call in ordered if call.end is None and call.function != "read"]
        self.lasts: list[Last] = []
        self._must = must
        self._values = [frozen(value(call)) for call in self.known]
        self._starts = [call.start for call in self.known]
        self._ends = [inf if call.end is None else call.end for call in self.known]
        self._reads = [call.function == "read" for call in self.known]
        self._offered = [frozen(value(call)) for call in self.maybe]
        self._readers: dict[Any, list[int]] = defaultdict(list)
        self._givers: dict[Any, list[int]] = defaultdict(list)
        for number, it in enumerate(self._values):
            (self._readers if self._reads[number] else self._givers)[it].append(number)
        self._came: dict[Node, tuple[Node | None, _Way]] = {}

    def search(self, out_of_budget: OutOfBudget) -> str:
        """Why it was given up; nothing if all were tried."""
        node, way = self._settle(Node(0, 0, 0, None))
        self._came[node] = None, way
        stack, work = [node], 0
        try:
            while stack:
                work += 1
                if not work & _STRIDE:
                    spend(out_of_budget)
                node = stack.pop()
                for _, after, way in sorted(self._moves(node), key=lambda each: -each[0]):
                    if after not in self._came:
                        self._came[after] = node, way
                        stack.append(after)
        except Spent as why:
            return str(why)
        return ""

    def has(self, last: Last, call: Call) -> bool:
        return last.node.has(self.known.index(call))

    def steps(self, last: Last) -> list[tuple[Call, Any]]:
        """Each call, and what is there after it."""
        ways, node = [last.way], last.came
        while True:
            before, way = self._came[node]
            ways.append(way)
            if before is None:
                break
            node = before
        steps: list[tuple[Call, Any]] = []
        held: Any = None
        for number in (number for way in reversed(ways) for number in way):
            call = self.known[number] if number >= 0 else self.maybe[~number]
            held = held if call.function == "read" else value(call)
            steps.append((call, held))
        return steps

    def _moves(self, node: Node) -> list[tuple[float, Node, _Way]]:
        """To each write that a read waits for, with what is due soonest; none: the order ends here."""
        hidden, way = self._hide(node)
        opened = self._open(hidden)
        due = min((self._ends[number] for number in opened), default=inf)
        wanted = self._soonest(number for number in opened if self._reads[number])
        writes = self._soonest(number for number in opened if not self._reads[number])
        taken = [hidden.take(number)._replace(held=it) for it, number in writes.items()]
        offers = self._offers(hidden, due, wanted.keys())
        used = [hidden._replace(held=it, used=hidden.used | 1 << number) for it, number in offers.items()]
        if not taken and not used and due >= self._must:
            self.lasts.append(Last(hidden, way, node, due))
        moves = []
        for after, number in zip([*taken, *used], [*writes.values(), *map(invert, offers.values())], strict=True):
            if not self._is_lost(node.held, after):
                settled, reads = self._settle(after)
                first = wanted.get(after.held, number)
                moves.append((self._ends[first], settled, (*way, number, *reads)))
        return moves

    def _soonest(self, numbers: Iterable[int]) -> dict[Any, int]:
        """Of each value the call that returns first."""
        found: dict[Any, int] = {}
        for number in numbers:
            it = self._values[number]
            if it not in found or self._ends[number] < self._ends[found[it]]:
                found[it] = number
        return found

    def _offers(self, node: Node, due: float, wanted: Container[Any]) -> dict[Any, int]:
        found: dict[Any, int] = {}
        for number, call in enumerate(self.maybe):
            if call.start > due:
                break
            if self._offered[number] in wanted and not node.used >> number & 1:
                found.setdefault(self._offered[number], number)
        return found

    def _open(self, node: Node) -> list[int]:
        """What is not taken and may come next, as far as time goes."""
        floor, bits = node.floor, node.bits
        found, due, number, most = [], inf, floor, len(self.known)
        while number < most and self._starts[number] <= due:
            if not bits >> (number - floor) & 1:
                found.append(number)
                due = min(due, self._ends[number])
            number += 1
        return found

    def _settle(self, node: Node) -> tuple[Node, _Way]:
        """With all reads that see what is there."""
        way: list[int] = []
        while True:
            opened = self._open(node)
            seen = [number for number in opened if self._reads[number] and self._values[number] == node.held]
            if not seen:
                return node, tuple(way)
            for number in seen:
                node = node.take(number)
            way += seen

    def _hide(self, node: Node) -> tuple[Node, _Way]:
        """With all writes that nobody waits for."""
        way: list[int] = []
        while True:
            opened = self._open(node)
            unseen = [number for number in opened if not self._reads[number] and not self._is_wanted(number, node)]
            if not unseen:
                return node, tuple(way)
            for number in unseen:
                node = node.take(number)
            way += unseen

    def _is_wanted(self, write: int, node: Node) -> bool:
        return any(not node.has(number) for number in reversed(self._readers[self._values[write]]))

    def _is_lost(self, it: Any, node: Node) -> bool:
        """Whether nothing brings it back, although a read that must not be left out waits for it."""
        if node.held == it or not any(
            self._ends[number] < self._must and not node.has(number) for number in self._readers[it]
        ):
            return False
        spare = (number for number, offered in enumerate(self._offered) if offered == it)
        return all(map(node.has, self._givers[it])) and all(node.used >> number & 1 for number in spare)


def value(call: Call) -> Any:
    return call.result if call.function == "read" else call.value if call.function == "write" else None
