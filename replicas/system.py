"""The contract that every system under test fulfils, and what the process stage hands to each of its nodes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

Outcome = Literal["ok", "failed", "unknown"]
Kind = Literal["get", "put", "delete"]
Level = Literal["ANY", "ONE", "TWO", "THREE", "QUORUM", "ALL", "LOCAL_ONE", "LOCAL_QUORUM", "EACH_QUORUM"]


class Address(NamedTuple):
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class Reply(NamedTuple):
    """`failed` is definite: nothing happened. `unknown`: it may take effect later, or never."""

    outcome: Outcome
    value: str | None = None
    version: tuple[int, str] | None = None
    dead: bool = False
    error: str | None = None
    level_met: str | None = None  # below the one that was asked for


class Health(NamedTuple):
    """Numbers of the last round of anti-entropy begun and completed, changes so far, and what has not mended."""

    begun: int
    completed: int
    changes: int
    pending: str | None


class Standing(NamedTuple):
    """How many hints wait on a node now, and whether it holds what it should: one that lost its disk does not before it
    is bootstrapped."""

    hints: int
    joined: bool


class HeldCopy(NamedTuple):
    version: tuple[int, str]
    dead: bool
    value: str | None
    purgeable: bool


class Snapshot(NamedTuple):
    """All that a node holds, as it was with one of its commits; None: it cannot say with which."""

    copies: dict[str, HeldCopy]
    batch: int | None


class Session(Protocol):
    """One connection of one client. Each call has a deadline; after `unknown` the session is over. `context` is the
    name in the version that the client has read of the key, for systems that keep siblings."""

    async def ask(
        self, op: int, kind: Kind, key: str, value: str | None, level: Level | None, context: str | None = None
    ) -> Reply: ...

    def close(self) -> None: ...


class Observer(Protocol):
    """The harness's own way to a node, past all links and faults."""

    async def health(self, without: list[str]) -> Health:
        """As if the nodes `without` were no part of the cluster: they stay down, and nothing can wait for them."""
        ...

    async def metrics(self) -> dict[str, int]:
        """What the node has counted since its last start, by name with the unit last."""
        ...

    async def dump(self) -> Snapshot | None:
        """None: only clients can tell."""
        ...

    async def unreached(self) -> list[str]:
        """Peers from which the node has not been greeted over its link."""
        ...

    async def standing(self) -> Standing | None:
        """So cheap that it may be asked several times a second. None: it will never tell."""
        ...

    def close(self) -> None: ...


class System(Protocol):
    """`audited`: the replicas report their own changes in files; without it, only clients and dumps are checked."""

    name: str
    audited: bool
    ready_within_s: float

    def prepare(
        self, node: str, incarnation: int, listen: Address, links: Mapping[str, Address], folder: Path
    ) -> list[str]:
        """Writes what the node needs into its folder and returns the command that starts it there. Incarnations count
        from 1: a later one starts on an empty disk and is bootstrapped."""
        ...

    def wipe(self, folder: Path) -> None:
        """Removes what a node that has ended keeps on its disk; its log and its audit trail stay."""
        ...

    def inlet(self, listen: Address) -> Address:
        """Where peers reach the node that clients reach there."""
        ...

    async def connect(self, address: Address, session: str, deadline_s: float) -> Session:
        """Returns after the node's greeting. ConnectionError: definite, nothing was sent."""
        ...

    async def observe(self, address: Address, deadline_s: float) -> Observer: ...

    async def probe(self, address: Address, deadline_s: float) -> bool | None:
        """Whether a byte sent there comes back: over a link, whether its direction is open. None: nobody knows of a
        message that it would answer."""
        ...
