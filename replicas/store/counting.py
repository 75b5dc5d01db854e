"""Before a counted version is minted: its coordinator asks all replicas of the key which version they hold.

As many answers are enough as the write needs acknowledgements; only then is the number chosen, and the write sent.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from .core import Core
from .messages import AskVersion, ToldVersion
from .records import Version, record
from .versions import Counter

if TYPE_CHECKING:
    from .writes import Write


class Counting:
    """`send` goes on with a write that has its version."""

    def __init__(self, core: Core, send: Callable[["Write"], None]) -> None:
        self.core = core
        self._send = send
        self._asking: dict[int, tuple[Write, dict[str, Version | None]]] = {}  # by request

    def begin(self, write: "Write") -> None:
        core, key = self.core, write.record.key
        replicas = core.placement.replicas_of(key)
        self._asking[write.request] = (write, {})
        core.send_all(core.others(replicas), AskVersion(0, core.now.wall, f"op {write.message.op}", write.request, key))
        if core.name in replicas and core.joined:
            self._heard(core.name, write.request, self._held(key))

    def ask(self, sender: str, message: AskVersion) -> None:
        core, key = self.core, message.key
        if core.joined:
            version = self._held(key)
            core.send(sender, ToldVersion(0, core.now.wall, message.origin, message.request, key, version))

    def told(self, sender: str, message: ToldVersion) -> None:
        self._heard(sender, message.request, message.version)

    def is_asking(self, write: "Write") -> bool:
        """True: it has no version yet, and was not sent."""
        return write.request in self._asking

    def forget(self, write: "Write", node: str) -> None:
        if write.request in self._asking:
            self._asking[write.request][1].pop(node, None)

    def give_up(self, write: "Write") -> int:
        """How many replicas have answered."""
        return len(self._asking.pop(write.request)[1])

    def _held(self, key: str) -> Version | None:
        """Marked tombstones too: the number must be above those."""
        held = self.core.copies.held(key)
        return held.version if held is not None else None

    def _heard(self, node: str, request: int, version: Version | None) -> None:
        if request not in self._asking:
            return  # enough had answered before
        write, told = self._asking[request]
        told[node] = version
        if len(told) < write.needed:
            return
        del self._asking[request]
        versions = cast("Counter", self.core.versions)
        highest = max((each.time for each in told.values() if each is not None), default=0)
        write.record = record(write.record.key, versions.mint_above(highest), write.record.value)
        self._send(write)
