"""What a flaw decides otherwise than the sound part: a question that both can be asked, and their two answers."""

from collections.abc import Callable
from typing import Any

from replicas.store.parts import Parts
from replicas.store.records import Record, Version, record
from tests.replicas.store.rig import QUICK_POLICY, WALL, Rig, cluster

Decision = tuple[str, Callable[[Parts], Any], Any, Any]  # flaw, question, and the answers: sound and flawed

OLD = record("k", Version(WALL - 2, "r9.1"), "old")
NEW = record("k", Version(WALL - 1, "r9.1"), "new")
TWIN = record("k", NEW.version, "twin")


def rig_with(parts: Parts, *copies: Record | None) -> Rig:
    """One for each of r1, r2, r3."""
    rig = Rig(cluster(), QUICK_POLICY, parts)
    for name, copy in zip(rig.cluster.names(), copies, strict=True):
        rig.crash(name)
        if copy is not None:
            rig.disks[name].copies["k"] = (copy, 0)
        rig.start(name)
    return rig
