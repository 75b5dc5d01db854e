"""The reference store as a system under test."""

import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from replicas.system import Address, Observer, Session

from .client import Connection, StoreObserver, StoreSession
from .policy import Policy
from .settings import Cluster
from .shell import Spec
from .visits import Hello


class Store:
    name = "store"
    audited = True
    ready_within_s = 20.0

    def __init__(
        self,
        cluster: Cluster,
        policy: Policy,
        flaw: str | None,
        client_timeout_s: float,
        *,
        synchronous: str = "FULL",
        record_messages: bool = True,
        measured: bool = False,
    ) -> None:
        self._cluster = cluster
        self._policy = policy
        self._flaw = flaw
        self._client_timeout_s = client_timeout_s
        self._synchronous = synchronous
        self._record_messages = record_messages
        self._measured = measured

    def prepare(
        self, node: str, incarnation: int, listen: Address, links: Mapping[str, Address], folder: Path
    ) -> list[str]:
        spec = Spec(
            name=node,
            incarnation=f"{node}.{incarnation}",
            listen=listen,
            links=dict(links),
            cluster=self._cluster,
            policy=self._policy,
            flaw=self._flaw,
            synchronous=self._synchronous,
            record_messages=self._record_messages,
            measured=self._measured,
        )
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "spec.json").write_bytes(msgspec.json.encode(spec))
        return [sys.executable, "-P", "-m", "replicas.store", str(folder.absolute())]

    def wipe(self, folder: Path) -> None:
        for path in folder.glob("copies.db*"):
            path.unlink()

    def inlet(self, listen: Address) -> Address:
        return listen

    async def connect(self, address: Address, session: str, deadline_s: float) -> Session:
        connection = await Connection.open(address, Hello("client", session), deadline_s)
        return StoreSession(connection, self._client_timeout_s)

    async def observe(self, address: Address, deadline_s: float) -> Observer:
        connection = await Connection.open(address, Hello("control", "observer"), deadline_s)
        return StoreObserver(connection, deadline_s)

    async def probe(self, address: Address, deadline_s: float) -> bool:
        try:
            connection = await Connection.open(
                address, Hello("control", f"probe over {address.host}:{address.port}"), deadline_s
            )
        except ConnectionError:
            return False
        try:
            await StoreObserver(connection, deadline_s).ping()
        except (TimeoutError, ConnectionError):
            return False
        finally:
            connection.close()
        return True
