"""Linearizability of a recorded history, by trying every order of each key's operations."""

from checkers.history import History, Invoke, Return
from tests.checkers.oracles import Judgement, judged

Step = tuple[Invoke, Return | None]


def linear(history: History) -> Judgement:
    backs = {event.op: event for event in history.events if isinstance(event, Return)}
    by_key: dict[str, list[Step]] = {}
    for event in history.events:
        if isinstance(event, Invoke) and (event.op not in backs or backs[event.op].outcome != "failed"):
            back = backs.get(event.op)
            known = back if back is not None and back.outcome == "ok" else None
            by_key.setdefault(event.key, []).append((event, known))
    return judged({key for key, steps in by_key.items() if not _has_order(None, steps)}, unknown=False)


def _has_order(held: str | None, left: list[Step]) -> bool:
    if all(back is None for _, back in left):
        return True
    for number, (asked, back) in enumerate(left):
        if any(other is not None and other.seq < asked.seq for _, other in left):
            continue
        if asked.kind == "get" and back is not None and back.value != held:
            continue
        after = held if asked.kind == "get" else asked.value
        if _has_order(after, left[:number] + left[number + 1 :]):
            return True
    return False
