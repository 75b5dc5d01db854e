"""What a run on processes recorded of its moments, and the plan that has the simulation keep them.

The causes of fates are written as the simulator writes them: harness/stages/simulation/fate.py.
"""

from collections.abc import Iterator
from statistics import quantiles
from typing import NamedTuple

import msgspec

from checkers.history import Fault as FaultEvent
from checkers.history import History, Invoke, Life, Message, Phase, Return
from harness.faults.check import overlapping
from harness.faults.kinds import Fault, beat_of
from harness.faults.table import KINDS
from harness.levers import DOWN_LEVERS, Action, ends
from harness.plan import LOST, MS, Disk, Network, Plan
from workloads.operations import Operation

RECONNECT_NS = 11 * MS  # a link that was blocked connects again so long after it is opened, in the simulation
_AFTER_NS = 1_000  # as short as a moment can be that is after another one
_NONE_RECORDED = Network().delay_min_ns, Network().delay_max_ns


class Way(NamedTuple):
    """Of one message: between whom, when it was sent, and when it was handled (None: never)."""

    sender: str
    to: str
    sent: int
    received: int | None

    def took_ns(self) -> int:
        return 0 if self.received is None else max(0, self.received - self.sent)


class Moments(NamedTuple):
    """Of one history, of either stage. `ways` by cause; `asked` has when the coordinator began with an operation, as
    far as it said so to others; `rounds`, by node and number, when a node began a round of anti-entropy in its first
    life."""

    ways: dict[str, Way]
    asked: dict[int, int]
    invoked: dict[int, Invoke]
    returned: dict[int, Return]
    rounds: dict[str, dict[int, int]]
    mend: int

    def client_cause(self, op: int) -> str:
        invoke = self.invoked[op]
        return f"{invoke.session.rpartition('.')[0]}/{invoke.node}/op {op}"


def moments(history: History) -> Moments:
    found = Moments({}, {}, {}, {}, {}, _mend(history))
    again: dict[str, int] = {}
    ended: dict[str, None] = {}
    for event in history.events:
        if isinstance(event, Message):
            cause = f"{event.sender}/{event.origin}/{event.kind}/{event.key}/{event.to}"
            number = again[cause] = again.get(cause, -1) + 1
            found.ways[f"{cause}/{number}"] = Way(event.sender, event.to, event.at, event.received)
            _note_origin(found, event, first_life=event.sender not in ended)
        elif isinstance(event, Invoke):
            found.invoked[event.op] = event
        elif isinstance(event, Return):
            found.returned[event.op] = event
        elif isinstance(event, Life) and event.what != "started":
            ended.setdefault(event.node)
    return found


def _mend(history: History) -> int:
    begun = (event.at for event in history.events if isinstance(event, Phase) and event.name == "mend")
    return next(begun, history.events[-1].at)


def _note_origin(found: Moments, message: Message, *, first_life: bool) -> None:
    what, _, which = message.origin.partition(" ")
    if what == "op" and int(which) in found.invoked:
        if found.invoked[int(which)].node == message.sender:
            found.asked.setdefault(int(which), message.born)
    elif what == "round":
        node, _, number = which.partition("/")
        if node == message.sender and first_life:
            found.rounds.setdefault(node, {}).setdefault(int(number), message.at)


def as_recorded(plan: Plan, history: History) -> Plan:
    """Operations, faults and starts at their recorded times, and each message as long on its way as it was. Commits
    take no time: what they took is part of the messages' times."""
    known = moments(history)
    operations = [_moved(operation, known) for operation in plan.operations]
    unrest_ns = max([known.mend, plan.unrest_ns, *(operation.at_ns for operation in operations)])
    faults = _faults(plan, history, unrest_ns)
    return msgspec.structs.replace(
        plan,
        operations=operations,
        faults=faults,
        unrest_ns=unrest_ns,
        fates=_of_messages(known, faults, plan.cluster.names()) | _of_clients(known),
        starts_ns=_starts(history),
        network=_network(known),
        disk=Disk(0, 0),
    )


def _of_messages(known: Moments, faults: list[Fault], names: list[str]) -> dict[str, int]:
    """What a fault loses needs no fate: who takes the fault out of the plan must see it arrive. And what the end of
    the run cut off is not lost: it is left to chance."""
    shut = list(_shut(faults, names))
    fates: dict[str, int] = {}
    for cause, way in known.ways.items():
        if way.received is not None:
            fates[cause] = way.took_ns()
        elif way.sent < known.mend and not any(
            start <= way.sent < end and where in (way.to, (way.sender, way.to)) for start, end, where in shut
        ):
            fates[cause] = LOST
    return fates


def _shut(faults: list[Fault], names: list[str]) -> Iterator[tuple[int, int, str | tuple[str, str]]]:
    """From when until when nothing reaches a node, or gets over a link."""
    for fault in faults:
        for action in KINDS[fault.kind].actions(fault, names) if beat_of(fault) is None else []:
            if action.lever in DOWN_LEVERS:
                yield fault.start_ns, fault.end_ns, action.target
            elif action.lever in ("block", "refuse", "reset"):
                yield fault.start_ns, fault.end_ns, ends(action.target)


def _moved(operation: Operation, known: Moments) -> Operation:
    invoked = known.invoked.get(operation.id)
    return operation if invoked is None else msgspec.structs.replace(operation, at_ns=max(0, invoked.at))


def _starts(history: History) -> dict[str, int]:
    starts: dict[str, int] = {}
    for event in history.events:
        if isinstance(event, Life) and event.what == "started":
            starts.setdefault(event.node, min(0, event.at))
    return starts


def _network(known: Moments) -> Network:
    """What is left to chance is drawn from the range in which most of what was recorded lies."""
    took = [way.took_ns() for way in known.ways.values() if way.received is not None]
    low, high = _NONE_RECORDED if len(took) < 20 else _middle(took)
    return Network(delay_min_ns=low, delay_max_ns=high)


def _middle(took: list[int]) -> tuple[int, int]:
    tenths = quantiles(took, n=10)
    return int(tenths[0]), int(tenths[-1])


def _of_clients(known: Moments) -> dict[str, int]:
    """A request is on its way until its coordinator begins with it, connection and all."""
    fates: dict[str, int] = {}
    for op, asked in known.asked.items():
        cause = known.client_cause(op)
        fates |= {f"{cause}/connect": 0, f"{cause}/greeting": 0, f"{cause}/ask": max(0, asked - known.invoked[op].at)}
    return fates


def _faults(plan: Plan, history: History, unrest_ns: int) -> list[Fault]:
    """As planned, if two of them would come to stand in each other's way."""
    marks: dict[str, dict[str, int]] = {}
    for event in history.events:
        if isinstance(event, FaultEvent):
            marks.setdefault(event.fault, {}).setdefault(event.phase, event.at)
    names = plan.cluster.names()
    moved: list[Fault] = []
    for fault in plan.faults:
        mark = marks.get(fault.id, {})
        start, end = mark.get("applied", fault.start_ns), mark.get("healed", fault.end_ns)
        start, end = _bounds(fault, KINDS[fault.kind].actions(fault, names), history, start, end)
        start = min(max(0, start), unrest_ns - 1)
        moved.append(msgspec.structs.replace(fault, start_ns=start, end_ns=min(max(end, start + 1), unrest_ns)))
    return plan.faults if overlapping(moved, names) else moved


def _bounds(fault: Fault, actions: list[Action], history: History, start: int, end: int) -> tuple[int, int]:
    """A lever is pulled somewhat before a probe finds it pulled, and let go before the order to do so has returned:
    after the last that got through before, and before the first that got through after."""
    levers = {action.lever for action in actions}
    if beat_of(fault) is not None:
        return start, end
    if levers <= {*DOWN_LEVERS, "pause"}:
        nodes = {action.target for action in actions}
        before, after = _either_side(start, end, _at_work(history, nodes))
        if levers == {"pause"}:
            return max(fault.start_ns, before + _AFTER_NS), min(end, after - _AFTER_NS)
        return max(fault.start_ns, before + _AFTER_NS), _restarted(history, nodes, start, end)
    if levers == {"block"}:
        ways = {ends(action.target) for action in actions}
        before, after = _either_side(start, end + RECONNECT_NS, _got_through(history, ways))
        return max(fault.start_ns, before + _AFTER_NS), min(end, after - RECONNECT_NS)
    return start, end


def _either_side(start: int, end: int, times: list[int]) -> tuple[int, int]:
    """The last up to the start, and the first after it, or the end."""
    return max((at for at in times if at <= start), default=0), min((at for at in times if at > start), default=end)


def _at_work(history: History, nodes: set[str]) -> list[int]:
    messages = [event for event in history.events if isinstance(event, Message)]
    sent = [event.at for event in messages if event.sender in nodes]
    return sent + [event.received for event in messages if event.to in nodes and event.received is not None]


def _got_through(history: History, ways: set[tuple[str, str]]) -> list[int]:
    messages = (event for event in history.events if isinstance(event, Message) and event.received is not None)
    return [event.at for event in messages if (event.sender, event.to) in ways]


def _restarted(history: History, nodes: set[str], start: int, end: int) -> int:
    lives = (event for event in history.events if isinstance(event, Life) and event.what == "started")
    return min((life.at for life in lives if life.node in nodes and life.at > start), default=end)
