"""A cluster whose reads take some course, and what is asked and sent in it."""

from typing import Any

from msgspec import structs

from replicas.store.messages import AskDigest, Digest, Fetch, Fetched, Store, Stored
from replicas.store.records import Record, Version, record
from replicas.store.settings import Cluster
from replicas.store.visits import Get
from replicas.system import Level
from tests.replicas.store.rig import QUICK_POLICY, WALL, Flight, Rig, cluster

OLD = record("k", Version(WALL - 2, "r9.1"), "old")
NEW = record("k", Version(WALL - 1, "r9.1"), "new")
GONE = record("k", Version(WALL - 1, "r9.1"), None)
ALONE = structs.replace(QUICK_POLICY, anti_entropy="none", purge="never")
FIVE = cluster(nodes=5, n=5, r=3, w=3)


def rig_of(shape: Cluster, copies: dict[str, Record] | None = None, **course: Any) -> Rig:
    rig = Rig(shape, structs.replace(ALONE, **course))
    for name, copy in (copies or {}).items():
        rig.place(name, copy)
    return rig


def ask(rig: Rig, op: int = 1, *, by: str = "r1", level: Level | None = None) -> None:
    rig.ask(by, Get(op, "k", level))


def asked(rig: Rig) -> list[str]:
    """In the order of asking, whether for a copy or for a digest."""
    return [flight.to for flight in rig.flying if isinstance(flight.message, Fetch | AskDigest)]


def answer_from(rig: Rig, *peers: str) -> None:
    for peer in peers:
        rig.deliver(*questions(rig, peer))
        rig.deliver(*[flight for flight in rig.flying if _is_answer(flight) and flight.sender == peer])


def questions(rig: Rig, peer: str) -> list[Flight]:
    return [flight for flight in rig.flying if isinstance(flight.message, Fetch | AskDigest) and flight.to == peer]


def _is_answer(flight: Flight) -> bool:
    return isinstance(flight.message, Fetched | Digest)


def repairs(rig: Rig) -> list[str]:
    return sorted(flight.to for flight in rig.flights(Store))


def acknowledge(rig: Rig, *peers: str) -> None:
    for peer in peers:
        rig.deliver(*rig.flights(Store, to=peer))
        rig.deliver(*rig.flights(Stored, sender=peer))


def held(rig: Rig) -> list[Record | None]:
    return [rig.held(name, "k") for name in rig.cluster.names()]
