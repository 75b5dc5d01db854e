"""What can be claimed of a system by values alone, by histories that were written by hand."""

from typing import Any

import pytest

from checkers.history import UNKNOWN, AnyEvent, Copy, Dump, Header, History, Invoke, Life, Phase, Return, ordered
from harness.promises import Promise
from harness.systems.claims import CLAIMS, judge
from harness.systems.named import Own

ALL = Own("a.toml", list(CLAIMS), links=True, disk=True)


class Told:
    """One key, nodes r1 and r2."""

    def __init__(self) -> None:
        self.events: list[AnyEvent] = [Phase(at=0, name="unrest")]
        self._op = 0

    def asked(self, kind: Any, value: str | None, outcome: Any = "ok", session: str | None = None) -> None:
        self._op += 1
        mine: dict[str, Any] = {"op": self._op, "session": session or f"c{self._op}", "at": self._op}
        wrote = value if kind == "put" else None
        self.events.append(Invoke(node="r1", kind=kind, key="k", value=wrote, **mine))
        read = value if kind == "get" else None
        self.events.append(Return(outcome=outcome, value=read, **mine))

    def settled(self, one: str | None, other: str | None) -> None:
        self.events.append(Phase(at=50, name="mend"))
        for moment in ("settled", "one round later"):
            for node, value in (("r1", one), ("r2", other)):
                self.asked("get", value)
                held = {} if value is None else {"k": Copy(UNKNOWN, dead=False, value=value)}
                self.events.append(Dump(at=60, node=node, incarnation=f"{node}.1", moment=moment, copies=held))
            if moment == "settled":
                self.events.append(Phase(at=61, name="settled"))
        self.events.append(Phase(at=70, name="end"))

    def promises(self, own: Own = ALL) -> dict[str, Promise]:
        header = Header(1, "processes", 1, "incarnation", ["r1", "r2"], {"k": ["r1", "r2"]}, audited=False)
        history: History = ordered(header, self.events)
        return {promise.property: promise for promise in judge(own, history)}

    def broken(self) -> set[str]:
        return {name for name, promise in self.promises().items() if promise.outcome == "violated"}


def test_what_is_in_order_holds() -> None:
    told = Told()
    told.asked("put", "a")
    told.asked("get", "a")
    told.settled("a", "a")
    assert {promise.outcome for promise in told.promises().values()} == {"holds"}


def test_replicas_that_differ_have_not_converged() -> None:
    told = Told()
    told.asked("put", "a", "unknown")
    told.settled("a", None)
    assert "convergence" in told.broken()
    assert "acknowledged writes kept" not in told.broken()


@pytest.mark.parametrize(
    ("first", "second", "left", "kept"),
    [
        ("ok", "ok", "a", False),
        ("ok", "unknown", "a", True),
        ("ok", "failed", "a", True),
        ("ok", "failed", "b", False),
        ("ok", "ok", None, False),
        ("unknown", "ok", "a", True),
        ("unknown", "unknown", None, True),
    ],
)
def test_acknowledged_writes_are_kept_unless_a_later_one_came(
    first: str,
    second: str,
    left: str | None,
    kept: bool,  # noqa: FBT001 - a case of the table
) -> None:
    told = Told()
    told.asked("put", "a", first)
    told.asked("put", "b", second)
    told.settled(left, left)
    assert ("acknowledged writes kept" not in told.broken()) is kept


def test_a_stale_read_on_the_way_loses_no_write() -> None:
    told = Told()
    told.asked("put", "a")
    told.asked("get", None)
    told.settled("a", "a")
    assert "linearizability" in told.broken()
    assert "acknowledged writes kept" not in told.broken()


def test_a_replica_that_ends_of_itself_is_told_with_the_reason() -> None:
    told = Told()
    told.asked("put", "a")
    told.events += [
        Life(at=9, node="r2", incarnation="r2.1", what="ended of itself"),
        Phase(at=10, name="end", pending="r2 ended of itself (exit code 7)"),
    ]
    promises = told.promises(Own("a.toml", [], links=True, disk=True))
    assert promises["stays up"].outcome == "violated"
    assert promises["stays up"].why == "r2 ended of itself (exit code 7)"
    assert {name for name, promise in promises.items() if promise.outcome == "not promised"} == CLAIMS.keys() - {
        "stays up"
    }
    assert told.promises()["convergence"].outcome == told.promises()["acknowledged writes kept"].outcome == "unknown"


def test_a_replica_that_is_killed_stays_up() -> None:
    told = Told()
    told.asked("put", "a")
    told.events.append(Life(at=9, node="r2", incarnation="r2.1", what="killed"))
    told.settled("a", "a")
    assert told.promises()["stays up"].outcome == "holds"
