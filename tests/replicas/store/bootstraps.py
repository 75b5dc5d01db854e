"""What tests of wiped nodes share: how a disk is lost and filled, and how to see it."""

from msgspec import structs

from replicas.store.messages import (
    Announce,
    Page,
)
from replicas.store.policy import Policy
from replicas.store.records import Record, Version, record
from tests.replicas.store.rig import MS, QUICK_POLICY, WALL, Rig, cluster

POLICY = structs.replace(QUICK_POLICY, anti_entropy="none", purge="never")
FIVE = cluster(nodes=5, n=5, r=3, w=3)
OLD = record("k", Version(WALL - 2 * MS, "r9.1"), "old")
GONE = record("k", Version(WALL - MS, "r9.1"), None)
NEW = record("k", Version(WALL - 1, "r9.1"), "new")


def some(count: int, value: str = "v") -> list[Record]:
    return [record(f"k{i}", Version(WALL - 100 + i, "r9.1"), value if i % 3 else None) for i in range(count)]


def wiped(rig: Rig, name: str = "r3") -> Rig:
    rig.wipe(name)
    rig.start(name)
    return rig


def filled(copies: list[Record], policy: Policy = POLICY) -> Rig:
    """All three hold all of it; then r3 loses its disk."""
    rig = Rig(cluster(), policy)
    for name in rig.cluster.names():
        rig.place(name, *copies)
    return wiped(rig)


def joined(rig: Rig, name: str = "r3") -> bool:
    meta = rig.disks[name].meta
    return meta is not None and meta.joined


def copies_on(rig: Rig, name: str) -> list[Record]:
    return sorted((copy for copy, _ in rig.disks[name].copies.values()), key=lambda copy: copy.key)


def join(rig: Rig, name: str = "r3") -> None:
    rig.deliver_until(lambda: joined(rig, name))


def handed_on(rig: Rig) -> list[Record]:
    """All that is in pages until nothing flies any more."""
    copies: list[Record] = []
    while rig.flying:
        page = rig.flying[0].message
        if isinstance(page, Page):
            copies += [each.record for each in page.copies]
        rig.deliver(rig.flying[0])
    return copies


def announced(rig: Rig, to: str, generation: int = 2) -> None:
    """As r3 does, of whom the receiver then knows the numbers; the message is far above all that r3.1 sent."""
    number = (generation - 1) * 10**13 + 7
    rig.batch(to, [("r3", Announce(number, rig.clock("r3").wall, "bootstrap", generation))])
