"""Hand-written histories: a story says only what matters, and knows what each replica holds."""

from typing import Literal

from checkers.history import (
    FORMAT,
    AnyEvent,
    Cause,
    Change,
    Copy,
    Dump,
    Header,
    History,
    Invoke,
    Life,
    Message,
    Outcome,
    Phase,
    Return,
    Version,
    ordered,
)
from checkers.verdict import Verdict
from workloads.operations import Kind

Moment = Literal["settled", "one round later"]
SECOND = 1_000_000_000


def live(time: int, value: str, by: str = "A") -> Copy:
    return Copy(Version(time, by), dead=False, value=value)


def tomb(time: int, by: str = "A") -> Copy:
    return Copy(Version(time, by), dead=True, value=None)


def marked(copy: Copy) -> Copy:
    return Copy(copy.version, copy.dead, copy.value, purgeable=True)


class Story:
    """Each deed takes a second. Nodes A, B and C hold every key; their incarnations are a1, b1, c1 until a start."""

    def __init__(
        self, *, keys: str = "k", tie: str = "incarnation", audited: bool = True, lifetime: int | None = None
    ) -> None:
        nodes = ["A", "B", "C"]
        self.header = Header(FORMAT, "simulation", 1, tie, nodes, dict.fromkeys(keys, nodes), audited, lifetime)
        self.events: list[AnyEvent] = []
        self.now = 0
        self.incarnations = {node: f"{node.lower()}1" for node in nodes}
        self.held: dict[str, dict[str, Copy]] = {incarnation: {} for incarnation in self.incarnations.values()}
        self.asked: dict[int, Invoke] = {}
        self.batch = 0
        self.down: list[str] = []

    def add(self, event: AnyEvent) -> None:
        self.events.append(event)
        self.now += SECOND

    def ask(self, kind: Kind, value: str | None = None, *, session: str = "c1", key: str = "k") -> int:
        op = len(self.asked) + 1
        invoke = Invoke(at=self.now, op=op, session=session, node="A", kind=kind, key=key, value=value)
        self.asked[op] = invoke
        self.add(invoke)
        return op

    def back(self, op: int, copy: Copy | None = None, outcome: Outcome = "ok") -> None:
        """A read returns the copy's content; a write only its version."""
        asked = self.asked[op]
        back = Return(at=self.now, op=op, session=asked.session, outcome=outcome)
        if copy is not None:
            back.version = copy.version
            if asked.kind == "get":
                back.value, back.dead = copy.value, copy.dead
        self.add(back)

    def write(self, copy: Copy, *takers: str, key: str = "k", session: str = "c1", outcome: Outcome = "ok") -> None:
        """A put or delete that reaches these nodes."""
        op = self.ask("delete" if copy.dead else "put", copy.value, key=key, session=session)
        for node in takers:
            self.take(node, copy, key=key)
        self.back(op, copy if outcome == "ok" else None, outcome)

    def get(self, copy: Copy | None, *, session: str = "c1", key: str = "k") -> None:
        self.back(self.ask("get", session=session, key=key), copy)

    def take(
        self, node: str, new: Copy | None, cause: Cause = "write", *, key: str = "k", message: str | None = None
    ) -> None:
        incarnation = self.incarnations[node]
        old = self.held[incarnation].get(key)
        self.batch += 1
        self.add(
            Change(
                at=self.now,
                node=node,
                incarnation=incarnation,
                batch=self.batch,
                key=key,
                old=old,
                new=new,
                cause=cause,
                message=message,
            )
        )
        if new is None:
            self.held[incarnation].pop(key, None)
        else:
            self.held[incarnation][key] = new

    def mark(self, *nodes: str, key: str = "k") -> None:
        for node in nodes:
            self.take(node, marked(self.held[self.incarnations[node]][key]), "purgeable", key=key)

    def purge(self, *nodes: str, key: str = "k") -> None:
        for node in nodes:
            self.take(node, None, "purge", key=key)

    def start(self, node: str, incarnation: str | None = None, *, batch: int = 0, committed: int = 0) -> None:
        name = incarnation or self.incarnations[node]
        self.incarnations[node] = name
        self.held.setdefault(name, {})
        life = Life(at=self.now, node=node, incarnation=name, what="started", batch=batch, committed=committed)
        self.add(life)

    def wipe(self, *nodes: str) -> None:
        """What the node takes next, it takes as its next incarnation: a1, a2, …"""
        for node in nodes:
            old = self.incarnations[node]
            self.add(Life(at=self.now, node=node, incarnation=old, what="wiped"))
            self.incarnations[node] = f"{old[0]}{int(old[1:]) + 1}"
            self.held[self.incarnations[node]] = {}

    def mend(self, down: str = "") -> None:
        self.down = list(down)
        self.add(Phase(at=self.now, name="mend", down=self.down))

    def message(self, copy: Copy, *, took: int | None = 1, age: int = 0, key: str = "k", kind: str = "store") -> None:
        """Sent now, received `took` seconds later, from a read that is `age` seconds old."""
        received = None if took is None else self.now + took * SECOND
        self.add(
            Message(
                at=self.now, id=f"m{len(self.events)}", born=self.now - age * SECOND, sender="C", to="A", kind=kind,
                origin="op 1", key=key, version=copy.version, received=received,
            )
        )  # fmt: skip

    def settle(self, pending: str | None = None, *, without: str = "") -> "Story":
        self.add(Phase(at=self.now, name="settled", pending=pending))
        return self.dump(without=without)

    def date_dumps(self) -> None:
        """Dumps say with which commit they were read."""
        for number, event in enumerate(self.events):
            if isinstance(event, Dump):
                before = [each.batch for each in self.events[:number] if isinstance(each, Change)]
                event.batch = max(before, default=0)

    def dump(self, *, without: str = "", moment: Moment = "settled") -> "Story":
        for node, incarnation in self.incarnations.items():
            if node not in without and node not in self.down:
                copies = dict(self.held[incarnation])
                self.add(Dump(at=self.now, node=node, incarnation=incarnation, moment=moment, copies=copies))
        return self

    def end(self) -> History:
        """One round later, and the end."""
        self.dump(moment="one round later")
        self.add(Phase(at=self.now, name="end"))
        return self.history()

    def history(self) -> History:
        return ordered(self.header, self.events)


def rules(verdict: Verdict) -> list[str]:
    """The rules that a violated verdict says were broken, each once."""
    assert verdict.outcome == "violated", verdict
    return sorted({violation.rule for violation in verdict.violations})
