"""A store that its owner brings, as the process stage wants a system; what its code must not do is caught here."""

import asyncio
from collections.abc import Awaitable, Mapping
from pathlib import Path
from typing import TypeVar

from harness.systems.misbehaved import Misbehaved
from harness.wrong import Wrong
from replicas.own import OwnStore
from replicas.system import Address, Health, HeldCopy, Kind, Level, Observer, Reply, Session, Snapshot, Standing

T = TypeVar("T")


class Adapted:
    """Its versions are not known: every copy has the same, and differs by its value."""

    audited = False

    def __init__(self, own: OwnStore, name: str, client_timeout_s: float) -> None:
        self.name = name
        self.ready_within_s = own.ready_within_s
        self._own = own
        self._client_timeout_s = client_timeout_s
        self._folders: dict[Address, Path] = {}

    def prepare(
        self, node: str, incarnation: int, listen: Address, links: Mapping[str, Address], folder: Path
    ) -> list[str]:
        folder.mkdir(parents=True, exist_ok=True)
        self._folders[listen] = folder
        return self._own.prepare(node, incarnation, listen, links, folder)

    def wipe(self, folder: Path) -> None:
        self._own.wipe(folder)

    def inlet(self, listen: Address) -> Address:
        return self._own.inlet(listen)

    async def connect(self, address: Address, session: str, deadline_s: float) -> Session:
        who = f"{self.name}: connect to {address}"
        try:
            async with asyncio.timeout(self._client_timeout_s):
                connected = await _asked(who, self._own.connect(address, session, deadline_s))
        except (TimeoutError, OSError) as problem:
            raise ConnectionError(str(problem) or "no connection in time") from None
        return _Session(f"{self.name}: the client {session}", connected, self._client_timeout_s)

    async def observe(self, address: Address, deadline_s: float) -> Observer:
        """Once it is ready."""
        try:
            async with asyncio.timeout(deadline_s):
                ready = await _asked(f"{self.name}: ready", self._own.ready(address, self._folders[address]))
        except (TimeoutError, OSError) as problem:
            raise ConnectionError(str(problem)) from None
        if not ready:
            raise ConnectionError(f"{address} is not ready")
        return _Observer(self, address)

    async def probe(self, address: Address, deadline_s: float) -> bool | None:
        del address, deadline_s
        return None

    async def held(self, address: Address) -> Mapping[str, str] | None:
        return await _asked(f"{self.name}: state", self._own.state(address))


class _Session:
    def __init__(self, who: str, session: Session, timeout_s: float) -> None:
        self._who = who
        self._session = session
        self._timeout_s = timeout_s

    async def ask(
        self, op: int, kind: Kind, key: str, value: str | None, level: Level | None, context: str | None = None
    ) -> Reply:
        try:
            async with asyncio.timeout(self._timeout_s):
                reply: object = await _asked(self._who, self._session.ask(op, kind, key, value, level, context))
        except (TimeoutError, OSError) as problem:
            return Reply("unknown", error=str(problem) or f"no reply within {self._timeout_s:g} s")
        if not isinstance(reply, Reply):
            raise Misbehaved(self._who, f"it returned {reply!r} to op {op}", "return a replicas.system.Reply")
        return reply

    def close(self) -> None:
        self._session.close()


class _Observer:
    def __init__(self, system: Adapted, address: Address) -> None:
        self._system = system
        self._address = address

    async def health(self, without: list[str]) -> Health:
        del without
        return Health(0, 0, 0, None)

    async def metrics(self) -> dict[str, int]:
        return {}

    async def dump(self) -> Snapshot | None:
        held = await self._system.held(self._address)
        if held is None:
            return None
        copies = {key: HeldCopy((0, ""), dead=False, value=value, purgeable=False) for key, value in held.items()}
        return Snapshot(copies, None)

    async def unreached(self) -> list[str]:
        return []

    async def standing(self) -> Standing | None:
        return None

    def close(self) -> None:
        """Nothing is held."""


async def _asked(who: str, awaitable: Awaitable[T]) -> T:
    """What its owner's code raises is said with its name; a connection that fails is no mistake of the code."""
    try:
        return await awaitable
    except (OSError, TimeoutError, Misbehaved, Wrong):
        raise
    except Exception as problem:
        what = f"it raised {type(problem).__name__}: {problem}"
        raise Misbehaved(who, what, "correct it: see replicas/own.py") from problem
