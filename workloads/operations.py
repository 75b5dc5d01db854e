"""One thing that one client asks of one node."""

from typing import Literal

import msgspec

Kind = Literal["get", "put", "delete"]
Level = Literal["ANY", "ONE", "TWO", "THREE", "QUORUM", "ALL", "LOCAL_ONE", "LOCAL_QUORUM", "EACH_QUORUM"]


class Operation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Values are unique within a plan, so that a value read names the write that made it.

    `at_ns` is the planned time since the start of unrest. A client issues its operations one after the other,
    each at the later of its planned time and the return of the one before.
    """

    id: int
    at_ns: int
    client: str
    node: str
    kind: Kind
    key: str
    value: str | None = None
    level: Level | None = None  # None: the cluster's own R or W
