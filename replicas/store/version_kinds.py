"""The kinds of versions by name, and what they ask of a write."""

from .settings import Cluster, VersionKind
from .siblings import Dotted, Vectors, is_context
from .union import elements
from .versions import Counter, LastWriterWins, WallClock
from .visits import ClientMessage, DeleteAfter, Put, PutAfter

VALUE_BYTES_MAX = 1024 * 1024
_FRAME_BYTES = 15 * 1024 * 1024  # for the values of all siblings, of which each character may take six in JSON

_LAST_WRITER: dict[VersionKind, type[LastWriterWins]] = {"wall": WallClock, "counter": Counter}
_SIBLINGS: dict[VersionKind, type[Dotted]] = {"vector": Vectors, "dotted": Dotted}


def versions_of(cluster: Cluster, part: type[LastWriterWins], incarnation: str, clock: int) -> LastWriterWins:
    """Those of the cluster, unless a flaw has put its own in their place; one of siblings has a place only among those
    that keep them, and another one only among the rest."""
    if cluster.keeps_siblings():
        kind = part if issubclass(part, Dotted) else _SIBLINGS[cluster.versions]
        return kind(incarnation, cluster.tie, clock, cluster.merge, cluster.siblings_max)
    if part is LastWriterWins or issubclass(part, Dotted):
        part = _LAST_WRITER.get(cluster.versions, LastWriterWins)
    return part(incarnation, cluster.tie, clock)


def value_bytes_max(cluster: Cluster) -> int:
    """Siblings are sent together."""
    if not cluster.keeps_siblings() or cluster.merge == "last":
        return VALUE_BYTES_MAX
    return min(VALUE_BYTES_MAX, _FRAME_BYTES // (6 * cluster.siblings_max))


def refusal(cluster: Cluster, message: ClientMessage) -> str | None:
    if isinstance(message, PutAfter | DeleteAfter) and not is_context(message.context):
        return "the context is none that a read has returned"
    if cluster.merge == "union" and isinstance(message, Put) and elements(message.value) is None:
        return "the value is no JSON list of strings, and siblings are united (merge = union)"
    return None
