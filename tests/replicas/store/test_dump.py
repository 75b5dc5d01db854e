"""A dump comes in pages: together all that is held, each of them no longer than a frame may be."""

import pytest

from replicas.store.frames import FRAME_MAX, frame
from replicas.store.records import Record, Version, record
from replicas.store.visits import DumpedCopy
from tests.replicas.store.rig import QUICK_POLICY, Rig, cluster

MIB = 1024 * 1024


def copies(count: int, value: str) -> list[Record]:
    """Keys of the allowed length, which sort otherwise than they are numbered. Each second short one is a tombstone."""
    keys = [f"{i}é鍵" + "\x00" * 1_000 for i in range(count)]
    dead = [index % 2 > 0 and len(value) < 2 for index in range(count)]
    return [record(key, Version(1, "r1.1"), None if dead[i] else value) for i, key in enumerate(sorted(keys))]


HELD = {
    "nothing": [],
    "little": copies(3, "v"),
    "keys only": copies(2_500, ""),
    "long values": copies(20, "v" * MIB),
    "wide characters": copies(20, "😀" * (MIB // 4)),
    "control characters": copies(9, "\x00" * MIB),
}


@pytest.mark.parametrize("held", HELD.values(), ids=HELD.keys())
def test_pages_are_whole_and_short(held: list[Record]) -> None:
    rig = Rig(cluster(), QUICK_POLICY)
    rig.crash("r1")
    rig.disks["r1"].copies = {copy.key: (copy, int(copy.dead)) for copy in held}
    rig.start("r1")
    pages: list[DumpedCopy] = []
    after, more = None, True
    while more:
        page = rig.replicas["r1"].dump(after)
        assert len(frame(page)) <= FRAME_MAX
        pages += page.copies
        more = page.more
        after = page.copies[-1].record.key if page.copies else None
    assert pages == [DumpedCopy(copy, copy.dead) for copy in held]
