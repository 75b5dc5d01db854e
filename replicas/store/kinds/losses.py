"""What was held and known here and is lost: it is made good by a comparison of all keys with every peer."""

from replicas.store.core import Core
from replicas.store.storage import Storage

_KEYS, _PEERS = "lost keys", "peers to compare whole"


class Losses:
    def __init__(self, core: Core, storage: Storage) -> None:
        self.keys: dict[str, None] = {}
        self._core = core
        self._storage = storage
        self._peers: dict[str, None] = {}

    def load(self) -> None:
        """Some may be known already, of copies that were damaged when they were loaded."""
        self.keys |= dict.fromkeys(self._storage.notes(_KEYS))
        self._peers |= dict.fromkeys(self._storage.notes(_PEERS))

    def add(self, key: str | None) -> None:
        """None: nobody knows which."""
        core = self._core
        if key is not None:
            self.keys[key] = None
            self._storage.put_note(_KEYS, key, "")
        replicas = (core.placement.replicas_of_partition(partition) for partition in core.copies.trees)
        for peer in core.others(tuple(dict.fromkeys(node for nodes in replicas for node in nodes))):
            self._peers[peer] = None
            self._storage.put_note(_PEERS, peer, "")
        core.changes += 1

    def with_peer(self, peer: str) -> bool:
        return peer in self._peers

    def any(self) -> bool:
        return bool(self._peers)

    def made_good(self, peer: str) -> None:
        if peer not in self._peers:
            return
        del self._peers[peer]
        self._storage.put_note(_PEERS, peer, None)
        self._core.changes += 1
        if not self._peers:
            for key in self.keys:
                self._storage.put_note(_KEYS, key, None)
            self.keys.clear()
