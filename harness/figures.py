"""What a history says of its run as a whole."""

from checkers.history import History, Phase, Return
from harness.plan import Plan


def outcomes(history: History) -> dict[str, int]:
    counts = {"ok": 0, "failed": 0, "unknown": 0}
    for event in history.events:
        if isinstance(event, Return):
            counts[event.outcome] += 1
    return counts


def down(history: History) -> list[str]:
    return next((event.down for event in history.events if isinstance(event, Phase) and event.name == "mend"), [])


def latencies(plan: Plan, history: History) -> dict[str, float]:
    """By nearest rank."""
    planned = {operation.id: operation.at_ns for operation in plan.operations}
    took = sorted(
        event.at - planned[event.op]
        for event in history.events
        if isinstance(event, Return) and event.outcome == "ok" and event.op in planned
    )
    ranks = {"p50": 50, "p90": 90, "p99": 99, "max": 100}
    return {name: took[-(-len(took) * rank // 100) - 1] / 1e6 for name, rank in ranks.items()} if took else {}


def settled(history: History) -> float | None:
    """How long it took to mend, in seconds from the start of the mend phase; None: it did not."""
    times = {event.name: event.at for event in history.events if isinstance(event, Phase) and event.pending is None}
    return (times["settled"] - times["mend"]) / 1e9 if times.keys() >= {"mend", "settled"} else None
