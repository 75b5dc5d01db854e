"""Of flawed versions, and of the names that are in them."""

from replicas.store.antientropy import brief
from replicas.store.messages import Store
from replicas.store.parts import Parts
from replicas.store.records import Version, record
from tests.replicas.store.decisions import NEW, Decision, rig_with
from tests.replicas.store.rig import WALL

TIED = record("k", Version(NEW.version.time, "r99.1"), "tied")  # and above it, by the name


def whether_two_mint_the_same(parts: Parts) -> bool:
    one, other = (parts.versions(name, "incarnation", 5) for name in ("r1.1", "r2.1"))
    return one.mint(WALL) == other.mint(WALL)


def held_after_a_tie_arrives(parts: Parts) -> str | None:
    rig = rig_with(parts, None, NEW, None)
    rig.batch("r2", [("r1", Store(1, WALL, "", 7, TIED, "anti-entropy"))])
    held = rig.held("r2", "k")
    return held.value if held else None


def how_a_tie_looks(parts: Parts) -> str:
    return parts.versions("r1.1", "incarnation", 0).glance(TIED, brief(NEW))


def who_a_wiped_node_says_it_is(parts: Parts) -> tuple[str, bool]:
    """In versions, and whether r1 knows that r3 lost its disk."""
    rig = rig_with(parts, NEW, NEW, NEW)
    rig.wipe("r3")
    rig.start("r3")
    rig.rounds(5)
    assert rig.held("r3", "k") == NEW
    by = rig.replicas["r3"].core.versions.mint(WALL).by
    return by, rig.replicas["r1"].core.oldest_numbers.get("r3", 0) > 0


DECISIONS: list[Decision] = [
    ("counts-versions", whether_two_mint_the_same, False, True),
    ("ties-by-arrival", held_after_a_tie_arrives, "tied", "new"),
    ("ties-by-arrival", how_a_tie_looks, "unsure", "same"),
    ("rejoins-as-the-same", who_a_wiped_node_says_it_is, ("r3.2", True), ("r3.1", False)),
]
