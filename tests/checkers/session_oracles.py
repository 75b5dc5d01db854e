"""The session guarantees again, by quantifiers over pairs of operations."""

from collections.abc import Callable

from checkers.history import History
from tests.checkers.definitions import buried, deletable, less, ok, read, written
from tests.checkers.oracles import Judgement, judged


def own_writes(history: History) -> Judgement:
    tie = history.header.tie
    bad: set[str | None] = set()
    unknown = False
    for wrote, ack in ok(history, "put", "delete"):
        for asked, back in ok(history, "get"):
            one_session = (wrote.session, wrote.key) == (asked.session, asked.key)
            if not one_session or ack.seq >= asked.seq or ack.version is None:
                continue
            own = written(wrote, ack.version)
            if back.version is not None:
                if less(tie, read(back, back.version), own):
                    bad.add(asked.key)
            elif back.value is None and all(less(tie, old, own) for old in buried(history, asked.key, back.seq)):
                if history.header.audited or not deletable(history, asked.key):
                    bad.add(asked.key)
                unknown = True
    return judged(bad, unknown=unknown)


def write_order(history: History) -> Judgement:
    bad: set[str | None] = set()
    for wrote, ack in ok(history, "put", "delete"):
        for wrote2, ack2 in ok(history, "put", "delete"):
            follows = (wrote.session, wrote.key) == (wrote2.session, wrote2.key) and ack.seq < wrote2.seq
            if not follows or ack.version is None or ack2.version is None:
                continue
            if less(history.header.tie, written(wrote2, ack2.version), written(wrote, ack.version)):
                bad.add(wrote.key)
    return judged(bad, unknown=False)


def writes_after_reads(history: History) -> Judgement:
    bad: set[str | None] = set()
    for asked, back in ok(history, "get"):
        for wrote, ack in ok(history, "put", "delete"):
            follows = (asked.session, asked.key) == (wrote.session, wrote.key) and back.seq < wrote.seq
            if not follows or back.version is None or ack.version is None:
                continue
            if less(history.header.tie, written(wrote, ack.version), read(back, back.version)):
                bad.add(wrote.key)
    return judged(bad, unknown=False)


SESSION_ORACLES: dict[str, Callable[[History], Judgement]] = {
    "read your writes": own_writes,
    "monotonic writes": write_order,
    "writes follow reads": writes_after_reads,
}
