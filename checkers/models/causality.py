"""What comes causally before what, among the reads and writes of registers: as clocks, made on one way through them.

Processes are chains, and so is each write of unknown outcome, which no call follows in its process. A clock has for
each chain how much of it is known, and so says all that comes before a call.
"""

from bisect import bisect_right
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping

import msgspec

from checkers.calls import Call, OutOfBudget
from checkers.models.sources import BREATH, Source
from checkers.models.steps import spend

Clock = list[int]  # by chain; chains that it is too short for are unknown to it


class Place(msgspec.Struct, frozen=True, gc=False):
    """Of a write. The clock leaves out its own chain, of which all up to `index` is known."""

    chain: int
    index: int
    clock: Clock

    def knows(self, chain: int, index: int) -> bool:
        if chain == self.chain:
            return index <= self.index
        return chain < len(self.clock) and self.clock[chain] >= index


class Process(msgspec.Struct):
    chain: int
    calls: deque[Call]
    clock: Clock
    count: int = 0

    def reach(self, chain: int) -> int:
        if chain == self.chain:
            return self.count
        return self.clock[chain] if chain < len(self.clock) else 0


class Written(msgspec.Struct):
    """Of one key in one chain, in order."""

    indices: list[int]
    writes: list[Call]


class Causality:
    """`walk` gives each read when all that comes before it is known, and before it is known what it is from."""

    def __init__(self, calls: list[Call], sources: Mapping[int, Source], out_of_budget: OutOfBudget) -> None:
        """The calls in the order of their starts; `sources` has, by id, what reads are from, where that is known."""
        self._sources = sources
        self._out_of_budget = out_of_budget
        self._steps = 0
        self._places: dict[int, Place] = {}
        self._written: dict[str | None, dict[int, Written]] = defaultdict(dict)
        self._processes: dict[str, Process] = {}
        for call in calls:
            process = self._processes.get(call.process)
            if process is None:
                process = self._processes[call.process] = Process(len(self._processes), deque(), [])
            process.calls.append(call)
        self._chains = len(self._processes)

    def walk(self) -> Iterator[tuple[Call, Process]]:
        waiting: dict[int, list[Process]] = defaultdict(list)
        ready = deque(self._processes.values())
        while ready:
            process = ready.popleft()
            while process.calls:
                call = process.calls[0]
                source = self._sources.get(call.id)
                if source is not None and source.id not in self._places:
                    waiting[source.id].append(process)
                    break
                process.calls.popleft()
                self._breathe()
                if call.function == "read":
                    yield call, process
                    self._read(process, source)
                else:
                    self._write(process, call)
                    ready.extend(waiting.pop(call.id, ()))

    def stuck(self) -> list[Call]:
        """After the walk: calls that come before themselves, or after such."""
        return [call for process in self._processes.values() for call in process.calls]

    def follower(self, process: Process, key: str | None, source: Source) -> Call | None:
        """Of what the process knows, a write of the key that comes after this one of it."""
        place = self._places.get(source.id) if source else None
        if source and (place is None or process.reach(place.chain) < place.index):
            return None
        for write in self.latest(process, key):
            if place is None or (write is not source and self.knows(write, place)):
                return write
        return None

    def latest(self, process: Process, key: str | None) -> Iterator[Call]:
        """Of each chain, the last write of a key that the process knows."""
        self._breathe()
        for chain, written in self._written[key].items():
            reach = process.reach(chain)
            if reach:
                indices = written.indices
                known = len(indices) if indices[-1] <= reach else bisect_right(indices, reach)
                if known:
                    yield written.writes[known - 1]

    def knows(self, write: Call, place: Place) -> bool:
        return self._places[write.id].knows(place.chain, place.index)

    def comes_before(self, one: Call, other: Call) -> bool:
        """Of two writes."""
        return self.knows(other, self._places[one.id])

    def _read(self, process: Process, source: Source) -> None:
        process.count += 1
        place = self._places[source.id] if source else None
        if place is not None and process.reach(place.chain) < place.index:
            process.clock = _joined(process.clock, place)

    def _write(self, process: Process, call: Call) -> None:
        if call.outcome == "ok":
            process.count += 1
            place = Place(process.chain, process.count, process.clock)
        else:
            own = Place(process.chain, process.count, process.clock)
            place = Place(self._chains, 1, _joined([], own))
            self._chains += 1
        self._places[call.id] = place
        written = self._written[call.key].get(place.chain)
        if written is None:
            written = self._written[call.key][place.chain] = Written([], [])
        written.indices.append(place.index)
        written.writes.append(call)

    def _breathe(self) -> None:
        self._steps += 1
        if not self._steps & BREATH:
            spend(self._out_of_budget)


def _joined(clock: Clock, place: Place) -> Clock:
    short, long = sorted((clock, place.clock), key=len)
    joined = [a if a > b else b for a, b in zip(short, long, strict=False)]  # noqa: FURB136 - max takes twice as long
    joined += long[len(short) :]
    if place.chain >= len(joined):
        joined += [0] * (place.chain + 1 - len(joined))
    joined[place.chain] = max(joined[place.chain], place.index)
    return joined
