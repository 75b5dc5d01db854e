"""What a user writes to bring a store of their own as a Python class: `urushi run --system my_store.py:MyStore`.

class MyStore(OwnStore):
    promises = ("convergence",)

    def prepare(self, node, incarnation, listen, links, folder):
        peers = ",".join(str(address) for address in links.values())
        return ["/usr/bin/my-store", "--listen", str(listen), "--peers", peers, "--data", str(folder / "data")]

    async def connect(self, address, session, deadline_s):
        return MySession(...)  # see replicas/system.py
"""

import asyncio
import shutil
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path

from .system import Address, Session


class OwnStore(ABC):
    """Each node has a host of its own, so it may listen at more ports than the one it is given.

    `promises` are names of `urushi list claims`. `links`: nodes reach each other only where `prepare` is told that
    they do; without it no fault can come between them. `disk`: what a node keeps survives its process. All replicas of
    a key hold the same once everything has been healed for `settles_within_s`."""

    promises: Sequence[str] = ()
    links = True
    disk = True
    settles_within_s = 2.0
    ready_within_s = 20.0

    @abstractmethod
    def prepare(
        self, node: str, incarnation: int, listen: Address, links: Mapping[str, Address], folder: Path
    ) -> list[str]:
        """Returns the command that starts the node, a path first; it runs in the folder, which is there. The command
        stays in the foreground, and its processes in its session."""

    def wipe(self, folder: Path) -> None:
        """Removes what a node that has ended keeps on its disk."""
        shutil.rmtree(folder / "data", ignore_errors=True)

    def inlet(self, listen: Address) -> Address:
        """Where peers reach the node that clients reach there."""
        return listen

    async def ready(self, address: Address, folder: Path) -> bool:
        """Whether the node takes requests. Asked again and again, past all links; may raise ConnectionError."""
        del folder
        _, writer = await asyncio.open_connection(*address)
        writer.close()
        return True

    @abstractmethod
    async def connect(self, address: Address, session: str, deadline_s: float) -> Session:
        """A connection of one client to one node. ConnectionError: definite, nothing was sent."""

    async def state(self, address: Address) -> Mapping[str, str] | None:
        """All that the node itself holds, past all links. None: it is known only by what clients read there."""
        del address
        return None
