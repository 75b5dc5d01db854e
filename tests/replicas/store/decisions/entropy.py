"""Of flawed scrubbing, pace, scope and purges."""

from msgspec import structs

from replicas.store.messages import Fetch
from replicas.store.parts import Parts
from tests.replicas.store.decisions import NEW, Decision
from tests.replicas.store.rig import MS, QUICK_POLICY, Rig, cluster


def whom_it_asks_for_a_damaged_copy(parts: Parts) -> list[str]:
    policy = structs.replace(QUICK_POLICY, anti_entropy="none", purge="never", scrub_every_ns=10 * MS)
    rig = Rig(cluster(), policy, parts)
    rig.place("r1", structs.replace(NEW, value="rotten"))
    assert rig.held("r1", "k") is None
    return [flight.to for flight in rig.flights(Fetch)]


DECISIONS: list[Decision] = [
    ("discards-and-forgets", whom_it_asks_for_a_damaged_copy, ["r2", "r3"], []),
]
