"""Tombstones that wait for their purge, for kinds of anti-entropy that know what was taken and not what was purged.

A node that was away when a tombstone was marked keeps it, while others purge theirs. It is told in each exchange, so
that who has none takes it once more, and who leads its purge leads another.
"""

from replicas.store.core import Core
from replicas.store.records import Record


class AwaitingPurge:
    def __init__(self, core: Core) -> None:
        self.core = core
        self._keys: dict[str, None] = {}
        self._led = core.policy.purge not in ("never", "grace")  # by grace each node marks its own

    def start(self, tombstones: list[Record]) -> None:
        for tombstone in tombstones:
            self.taken(tombstone)

    def taken(self, record: Record) -> None:
        if record.dead and self._led:
            self._keys[record.key] = None
        elif self._keys:
            self._keys.pop(record.key, None)

    def some(self) -> list[str]:
        """As many as one exchange may list; others the next time."""
        found: list[str] = []
        for key in list(self._keys)[: self.core.policy.keys_per_exchange_max]:
            del self._keys[key]
            held = self.core.copies.visible(key)
            if held is not None and held.dead:
                self._keys[key] = None  # to the back
                found.append(key)
        return found

    def any(self) -> bool:
        return bool(self._keys)
