"""What the session of a client remembers of what it has read, where versions keep siblings: the context, which its next
write of the key sends along, and the elements, where it unites lists. Both stages have the same clients."""

from checkers.history import Outcome
from replicas.store.settings import Cluster
from replicas.store.union import elements, list_of
from workloads.operations import Operation


class Memory:
    """Of each key what was read last; a read that found nothing is as none."""

    def __init__(self, cluster: Cluster) -> None:
        self._keeps = cluster.keeps_siblings()
        self._unites = self._keeps and cluster.merge == "union"
        self._contexts: dict[str, str] = {}
        self._values: dict[str, str] = {}

    def forget(self) -> None:
        """The session is over."""
        self._contexts.clear()
        self._values.clear()

    def context(self, operation: Operation) -> str | None:
        """None: a write that has seen nothing, or a store that does not want to know."""
        return self._contexts.get(operation.key) if operation.kind != "get" else None

    def value(self, operation: Operation) -> str | None:
        """What is written: to a set, what was read of it and one element more."""
        if not self._unites or operation.value is None:
            return operation.value
        read = elements(self._values.get(operation.key, "[]")) or []
        return list_of([*read, operation.value])

    def read(self, operation: Operation, outcome: Outcome, value: str | None, context: str | None) -> None:
        if not self._keeps or operation.kind != "get" or outcome != "ok":
            return
        self._contexts.pop(operation.key, None)
        self._values.pop(operation.key, None)
        if context is not None:
            self._contexts[operation.key] = context
        if value is not None:
            self._values[operation.key] = value
