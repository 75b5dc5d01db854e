"""What a history says of latency, of messages, of repairs and of mending: the same questions to both stages."""

from collections import Counter
from collections.abc import Iterator
from statistics import fmean

from checkers.history import Change, Fault, History, Invoke, Life, Message, Metrics, Phase, Return, Rounds
from harness.plan import Disk, Network, Plan

LATE_REPAIRS = ("anti-entropy", "hinted handoff")


def latencies_ms(history: History, kinds: tuple[str, ...], node: str | None = None) -> list[float]:
    """Of operations that succeeded (through one node), from when each was asked for."""
    asked = {
        event.op: event.at
        for event in history.events
        if isinstance(event, Invoke) and event.kind in kinds and node in (None, event.node)
    }
    returned = (event for event in history.events if isinstance(event, Return) and event.outcome == "ok")
    return sorted((event.at - asked[event.op]) / 1e6 for event in returned if event.op in asked)


def succeeded(history: History) -> int:
    return sum(isinstance(event, Return) and event.outcome == "ok" for event in history.events)


def messages(history: History, for_what: str) -> Counter[str]:
    """By kind: those that were sent for operations (`op`), for rounds of anti-entropy (`round`), and so on."""
    sent = (event for event in history.events if isinstance(event, Message))
    return Counter(event.kind for event in sent if event.origin.split(" ")[0] == for_what)


def overtaking(history: History) -> float:
    """The share of messages that were handled before one that had been sent earlier over the same link."""
    latest: dict[tuple[str, str], int] = {}
    overtook: list[bool] = []
    for event in history.events:
        if isinstance(event, Message) and event.received is not None:
            link = (event.sender, event.to)
            before = latest.get(link, event.received)
            overtook.append(event.received < before)
            latest[link] = max(before, event.received)
    return fmean(overtook)


def metric(history: History, name: str) -> int:
    """Of all nodes, over the whole run: no node was restarted."""
    return sum(event.values[name] for event in history.events if isinstance(event, Metrics))


def differences(history: History) -> int:
    """Copies that reads found behind others."""
    return metric(history, "differences_missing") + metric(history, "differences_older")


def messages_per_round(history: History) -> float:
    """From the start of unrest on: what a node says in a round, with the answers to it."""
    sent = [event for event in history.events if isinstance(event, Message) and event.origin.startswith("round ")]
    return sum(event.at >= 0 for event in sent) / len({event.origin for event in sent if event.at >= 0})


def rounds_per_s(history: History) -> float:
    """Of a node, since its start."""
    started = {event.node: event.at for event in history.events if isinstance(event, Life)}
    last = {event.node: event for event in history.events if isinstance(event, Rounds)}
    return fmean(event.begun / ((event.at - started[node]) / 1e9) for node, event in last.items())


def caught_up_ms(history: History) -> list[float]:
    """For each copy that came by anti-entropy or as a hint: how long after the end of the fault that had kept it away.
    A write that was asked for after that end was kept away by nothing, or by the next fault."""
    asked = {event.value: event.at for event in history.events if isinstance(event, Invoke)}
    healed = -1
    took: list[float] = []
    for event in history.events:
        if isinstance(event, Fault) and event.phase == "healed":
            healed = event.at
        elif (
            isinstance(event, Change) and event.cause in LATE_REPAIRS and event.new and asked[event.new.value] < healed
        ):
            took.append((event.at - healed) / 1e6)
    return sorted(took)


def first_caught_up_ms(history: History) -> list[float]:
    """For each end of a fault: how long until the first copy came."""
    healed: int | None = None
    took: list[float] = []
    for event in history.events:
        if isinstance(event, Fault) and event.phase == "healed":
            healed = event.at
        elif isinstance(event, Change) and event.cause in LATE_REPAIRS and healed is not None:
            took.append((event.at - healed) / 1e6)
            healed = None
    return sorted(took)


def copies_caught_up(history: History) -> int:
    return sum(1 for event in history.events if isinstance(event, Change) and event.cause in LATE_REPAIRS)


def convergence_ms(history: History) -> float:
    """From when clients and faults were done until nothing changed any more."""
    done = max(event.at for event in history.events if isinstance(event, Return | Fault))
    changed = max(event.at for event in history.events if isinstance(event, Change))
    return (changed - done) / 1e6


def mend_late_ms(history: History) -> float:
    """From when clients and faults were done to the mend phase."""
    done = max(event.at for event in history.events if isinstance(event, Return | Fault))
    return (_phase_at(history, "mend") - done) / 1e6


def settled_ms(history: History) -> float:
    return (_phase_at(history, "settled") - _phase_at(history, "mend")) / 1e6


def _phase_at(history: History, name: str) -> int:
    return next(event.at for event in history.events if isinstance(event, Phase) and event.name == name)


def starts_of(history: History) -> dict[str, int]:
    """How long before unrest each node started: its rounds and its replays of hints count from there."""
    return {event.node: event.at for event in history.events if isinstance(event, Life) and event.at < 0}


def lateness_of(plan: Plan, history: History) -> dict[str, tuple[int, int]]:
    """By fault: how late it began and how late it ended. Links are told one after the other, between the time that
    was planned and the word that all was done: half of that is taken."""
    marks = {(event.fault, event.phase): event.at for event in history.events if isinstance(event, Fault)}
    return {
        fault.id: (
            max(0, marks[fault.id, "applied"] - fault.start_ns) // 2,
            max(0, marks[fault.id, "healed"] - fault.end_ns) // 2,
        )
        for fault in plan.faults
    }


def network_of(histories: list[History]) -> Network:
    """How long requests to read are on their way, from the word that they are sent to their batch."""
    events = (event for history in histories for event in history.events if isinstance(event, Message))
    return Network(*_range([e.received - e.at for e in events if e.kind == "fetch" and e.received is not None]))


def disk_of(history: History) -> Disk:
    """How long the batch of a copy takes, from its beginning to its commit."""
    return Disk(*_range(list(_syncs(history))))


def _syncs(history: History) -> Iterator[int]:
    handled = {(event.id, event.to): event.received for event in history.events if isinstance(event, Message)}
    for event in history.events:
        if isinstance(event, Change) and event.message is not None:
            received = handled.get((event.message, event.node))
            if received is not None:
                yield event.at - received


def _range(sample: list[int]) -> tuple[int, int]:
    """The simulator draws evenly from a range: from what one in twenty was below, and with the same median."""
    sample.sort()
    low, median = sample[len(sample) // 20], sample[len(sample) // 2]
    return low, 2 * median - low
