"""Of flawed kinds of anti-entropy: whether a node that missed writes gets them."""

from collections.abc import Callable
from typing import Any

from msgspec import structs

from replicas.store.messages import Store
from replicas.store.parts import Parts
from replicas.store.visits import Delete, Put
from tests.replicas.store.decisions import Decision
from tests.replicas.store.rig import MS, QUICK_POLICY, Rig, cluster


def keys_mended(kind: str, *asked: Put | Delete, lost: int = 0, **figures: Any) -> Callable[[Parts], int]:
    """Of those that r2 takes and r1 misses, when the first copies that anti-entropy sends are `lost` as well."""

    def mended(parts: Parts) -> int:
        policy = structs.replace(QUICK_POLICY, anti_entropy=kind, purge="never", **figures)
        rig = Rig(cluster(nodes=2, n=2), policy, parts)
        for message in asked:
            rig.ask("r2", message)
        rig.drop(*rig.flying)
        left = lost
        for _ in range(6):
            rig.pass_time(policy.round_every_ns // MS)
            while rig.flying:
                drops = left > 0 and isinstance(rig.flying[0].message, Store)
                left -= drops
                (rig.drop if drops else rig.deliver)(rig.flying[0])
        return len(rig.disks["r1"].copies)

    return mended


PUTS = [Put(number, f"k{number}", "v", "ONE") for number in (1, 2, 3)]
DECISIONS: list[Decision] = [
    ("moves-on-unheld", keys_mended("log", *PUTS, lost=1), 3, 2),
    ("moves-on-unheld", keys_mended("log", *PUTS), 3, 3),
    ("knows-what-it-asked-for", keys_mended("clocks", *PUTS, lost=1), 3, 2),
    ("knows-what-it-asked-for", keys_mended("clocks", *PUTS), 3, 3),
    ("skips-what-was-cut", keys_mended("log", *PUTS, log_entries_max=2), 3, 0),
    ("skips-what-was-cut", keys_mended("log", *PUTS), 3, 3),
    ("rows-without-tombstones", keys_mended("rows", Delete(1, "k1", "ONE")), 1, 0),
    ("rows-without-tombstones", keys_mended("rows", *PUTS), 3, 3),
]
