"""What tests of hinted handoff share: how a write comes to be missed, and how to see what is kept and sent again."""

from collections.abc import Iterator

from msgspec import structs

from replicas.store.messages import Store
from replicas.store.policy import Policy
from replicas.store.visits import Delete, Put
from tests.replicas.store.rig import MS, QUICK_POLICY, Flight, Rig, cluster

POLICY = structs.replace(
    QUICK_POLICY,
    anti_entropy="none",
    purge="never",
    hints="handoff",
    hints_per_replay_max=3,
    hint_window_ns=300 * MS,
    hint_lifetime_ns=900 * MS,
)


def miss(rig: Rig, message: Put | Delete, *targets: str, coordinator: str = "r1") -> None:
    """A write of which the targets hear nothing, as far as its answer."""
    rig.ask(coordinator, message)
    for target in targets or ("r3",):
        rig.drop(*rig.flights(Store, to=target))
    rig.settle()


def pass_slowly(rig: Rig, ms: int) -> None:
    for _ in range(ms // 10):
        rig.pass_time(10)


def hinted(rig: Rig, name: str = "r1") -> dict[tuple[str, str], str | None]:
    """As they are on the disk: the value by target and key."""
    return {place: hint.record.value for place, hint in rig.disks[name].hints.items()}


def replays(rig: Rig) -> list[Flight]:
    return [flight for flight in rig.flights(Store) if flight.message.origin.startswith("hint for ")]


def values(flights: list[Flight]) -> list[str | None]:
    return [flight.message.record.value for flight in flights if isinstance(flight.message, Store)]


def with_silent_target(keys: int, policy: Policy = POLICY) -> Rig:
    """r3 is down, and r1 has that many hints for it, of which it has just sent one."""
    rig = Rig(cluster(), policy)
    rig.crash("r3")
    for i in range(keys):
        miss(rig, Put(i, f"k{i}", f"v{i}", None))
    pass_slowly(rig, 40)
    assert len(hinted(rig)) == keys
    assert values(replays(rig)) == ["v0"]
    return rig


def rounds_of_replays(rig: Rig, count: int) -> Iterator[list[Flight]]:
    """What is sent in each; the caller says what becomes of it."""
    for _ in range(count):
        rig.pass_time(10)
        yield replays(rig)
