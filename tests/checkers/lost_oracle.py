"""No lost update, where the last one wins, as a loop straight from its definition."""

from functools import reduce

from checkers.history import Copy, History, Invoke, Return
from tests.checkers.definitions import down, dumps, final, less, ok, purges, read, written
from tests.checkers.oracles import Judgement, judged


def lost(history: History) -> Judgement:
    if set(history.header.nodes) - set(down(history)) - set(dumps(history, "settled")):
        return Judgement("unknown")
    acks = [(asked, back) for asked, back in ok(history, "put", "delete") if back.version is not None]
    bad: set[str | None] = set()
    for key in {asked.key for asked, _ in acks}:
        of_key = [(asked, back) for asked, back in acks if asked.key == key]
        kept = final(history, key)[0] or [copy for change, copy in purges(history) if change.key == key]
        winners = [pair for pair in of_key if kept and pair[1].version == _highest(history, kept).version]
        if winners and any(_is_lost(history, pair, winners[0], of_key) for pair in of_key):
            bad.add(key)
    return judged(bad, unknown=False)


def _is_lost(
    history: History, ack: tuple[Invoke, Return], winner: tuple[Invoke, Return], of_key: list[tuple[Invoke, Return]]
) -> bool:
    """Nothing began after it was acknowledged, and the write that is left had not read it."""
    if ack == winner or any(asked.seq > ack[1].seq for asked, _ in of_key):
        return False
    read_last = [
        back
        for asked, back in ok(history, "get")
        if (asked.session, asked.key) == (winner[0].session, winner[0].key) and back.seq < winner[0].seq
    ]
    if not read_last or read_last[-1].version is None or ack[1].version is None:
        return True
    seen = read(read_last[-1], read_last[-1].version)
    return less(history.header.tie, seen, written(ack[0], ack[1].version))


def _highest(history: History, copies: list[Copy]) -> Copy:
    return reduce(lambda one, other: other if less(history.header.tie, one, other) else one, copies)
