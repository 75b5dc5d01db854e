"""What clients and the harness say to a node, and what they hear."""

from typing import Literal

import msgspec

from replicas.system import Level

from .records import Record, Version


class Get(msgspec.Struct, array_like=True, tag="get", gc=False):
    op: int
    key: str
    level: Level | None


class Put(msgspec.Struct, array_like=True, tag="put", gc=False):
    op: int
    key: str
    value: str
    level: Level | None


class Delete(msgspec.Struct, array_like=True, tag="delete", gc=False):
    op: int
    key: str
    level: Level | None


class PutAfter(Put, tag="put after", gc=False):
    """`context` is the `by` of the version that the client has read last: the write replaces what that had seen."""

    context: str


class DeleteAfter(Delete, tag="delete after", gc=False):
    context: str


class Answer(msgspec.Struct, array_like=True, tag="answer", gc=False):
    """`refused` is definite: nothing was sent anywhere. `timeout` is not: the operation may take effect later."""

    op: int
    outcome: Literal["ok", "refused", "timeout"]
    value: str | None = None
    version: Version | None = None
    dead: bool = False
    error: str | None = None


class SteppedDown(Answer, tag="stepped down"):
    """To an operation that was answered below the level that was asked for: by what it was met."""

    level_met: Level = "ONE"


class Hello(msgspec.Struct, array_like=True, tag="hello", gc=False):
    """The first frame of whoever connects."""

    role: Literal["peer", "client", "control"]
    name: str


class Greeting(msgspec.Struct, array_like=True, tag="greeting", gc=False):
    """The node's first frame: the connection reaches a live node, not only a proxy."""

    node: str
    incarnation: str


class AskStatus(msgspec.Struct, array_like=True, tag="ask status", gc=False):
    """As if the nodes `without` were no part of the cluster."""

    without: list[str] = []


class OfShell(msgspec.Struct, array_like=True, gc=False):
    """Asked of the process around a node, which answers at once and past the core."""


class AskMetrics(OfShell, array_like=True, tag="ask metrics", gc=False):
    pass


class MetricsReply(msgspec.Struct, array_like=True, tag="metrics", gc=False):
    values: dict[str, int]


class Status(msgspec.Struct, array_like=True, tag="status", gc=False):
    """`begun` and `completed` are numbers of rounds; `changes` counts changes of state since the start; `pending`
    says in words what has not mended."""

    begun: int
    completed: int
    changes: int
    pending: str | None


class AskDump(msgspec.Struct, array_like=True, tag="ask dump", gc=False):
    """For the copies behind this key; None: from the first."""

    after: str | None = None


class DumpedCopy(msgspec.Struct, array_like=True, frozen=True, gc=False):
    record: Record
    purgeable: bool


class DumpReply(msgspec.Struct, array_like=True, tag="dump", gc=False):
    """As it was with this commit."""

    copies: list[DumpedCopy]
    more: bool
    batch: int


class AskReady(OfShell, array_like=True, tag="ask ready", gc=False):
    pass


class Ready(msgspec.Struct, array_like=True, tag="ready", gc=False):
    """The peers from which this node has not been greeted over its own links."""

    silent: list[str]


class AskStanding(OfShell, array_like=True, tag="ask standing", gc=False):
    pass


class StandingReply(msgspec.Struct, array_like=True, tag="standing", gc=False):
    hints: int
    joined: bool


class Ping(msgspec.Struct, array_like=True, tag="ping", gc=False):
    """Answered on the same connection, so that a probe can tell which direction is cut."""

    token: int


class Pong(msgspec.Struct, array_like=True, tag="pong", gc=False):
    token: int


def below(told: Answer, level: Level) -> Answer:
    return SteppedDown(told.op, told.outcome, told.value, told.version, told.dead, told.error, level)


def level_met(answer: Answer) -> Level | None:
    """If it is below the level that was asked for."""
    return answer.level_met if isinstance(answer, SteppedDown) else None


ClientMessage = Get | Put | Delete | PutAfter | DeleteAfter
