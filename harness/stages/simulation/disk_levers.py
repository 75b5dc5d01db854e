"""What the levers of disks do to the disk of one simulated node. Damage lies over pristine data: to let go lifts it."""

from collections.abc import Callable
from typing import Literal

from msgspec.structs import replace

from checkers.history import AnyEvent, Damage, Version
from harness.levers import Action
from harness.stages.simulation.disk import Damaged, Disk, DiskError, Stored, damage
from harness.stages.simulation.fate import Fate
from harness.stages.simulation.world import World
from replicas.store.records import TIME_MAX, Record
from replicas.store.records import Version as StoredVersion

PPM = 1_000_000
_TIME_BITS = TIME_MAX.bit_length() - 1
_CHECKSUM_BITS = 63

What = Literal["rotted", "read rotten", "unreadable", "healed", "late", "failed", "lost", "torn"]


class DiskLevers:
    """`late_ns` is by how much each sync takes longer."""

    def __init__(self, node: str, world: World, fate: Fate, events: list[AnyEvent]) -> None:
        self.late_ns = 0
        self._node = node
        self._world = world
        self._fate = fate
        self._events = events
        self._on: dict[Action, None] = {}
        self._room: dict[Action, int] = {}  # on a disk that is full: bytes that are left

    def is_pulled(self, action: Action) -> bool:
        return action in self._on

    def pull(self, action: Action, disk: Disk) -> None:
        self._on[action] = None
        if action.lever == "slow-sync":
            self.late_ns += action.number("sync_ns")
        elif action.lever in ("rot", "unreadable"):
            self._damage(action, disk)
        else:
            if action.lever == "full":
                self._room[action] = action.number("free_bytes")
            disk.refuse = self._refuse

    def let_go(self, action: Action, disk: Disk) -> None:
        del self._on[action]
        if action.lever == "slow-sync":
            self.late_ns -= action.number("sync_ns")
        elif action.lever in ("rot", "unreadable"):
            self._lift(action, disk)
        else:
            self._room.pop(action, None)
            if not any(other.lever in ("full", "unwritable") for other in self._on):
                disk.refuse = None

    def say(
        self, what: What, key: str | None = None, record: Record | None = None, batch: int | None = None, why: str = ""
    ) -> None:
        version = Version(record.version.time, record.version.by) if record else None
        self._events.append(
            Damage(at=self._world.now, node=self._node, what=what, key=key, version=version, batch=batch, why=why)
        )

    def _damage(self, action: Action, disk: Disk) -> None:
        """A share of the copies that are there at this moment, drawn for each copy by itself."""
        share = action.number("keys_ppm")
        for key, stored in disk.copies.items():
            record = _pristine(stored)
            chance = self._fate.draw(f"{self._node}/{action.lever}/{key}/{record.version.time} {record.version.by}")
            if chance % PPM >= share:
                continue
            if action.lever == "rot":
                disk.copies[key] = damage(stored, action, self._rotten(rotten(record, chance // PPM)))
                self.say("rotted", key, record)
            else:
                disk.copies[key] = damage(stored, action, self._unreadable(key))
                self.say("unreadable", key, record)

    def _rotten(self, record: Record) -> Callable[[Stored], Stored]:
        seen: list[int] = []

        def look(beneath: Stored) -> Stored:
            _, marked_ns = beneath  # raises if what is beneath cannot be read
            if not seen:
                seen.append(self._world.now)
                self.say("read rotten", record.key)
            return record, marked_ns

        return look

    def _unreadable(self, key: str) -> Callable[[Stored], Stored]:
        def look(_beneath: Stored) -> Stored:
            raise self._refusal(f"the copy of key {key} cannot be read")

        return look

    def _lift(self, action: Action, disk: Disk) -> None:
        for key, stored in disk.copies.items():
            if isinstance(stored, Damaged):
                left = stored.without(action)
                if left is not stored:
                    disk.copies[key] = left
                    self.say("healed", key, _pristine(left))

    def _refuse(self, growth: int) -> None:
        if any(action.lever == "unwritable" for action in self._on):
            raise self._refusal("the disk cannot be written")
        for room in self._room.values():
            if growth > 0 and growth > room:
                raise self._refusal(f"the disk is full: {growth} bytes more, and there is room for {room}")
        self._room = {action: room - growth for action, room in self._room.items()}

    def _refusal(self, why: str) -> DiskError:
        self.say("failed", why=why)
        return DiskError(why)


def _pristine(stored: Stored) -> Record:
    while isinstance(stored, Damaged):
        stored = stored.beneath
    return stored[0]


def rotten(record: Record, chance: int) -> Record:
    """One bit of its row is flipped, each bit as likely as any other: of the value, the version, the checksum or the
    byte that says whether it is a tombstone."""
    value, by = (record.value or "").encode(), record.version.by.encode()
    bit = chance % (8 * (len(value) + len(by) + 1) + _TIME_BITS + _CHECKSUM_BITS)
    if bit < 8 * len(value):
        return replace(record, value=_flipped(value, bit))
    bit -= 8 * len(value)
    if bit < 8 * len(by):
        return replace(record, version=StoredVersion(record.version.time, _flipped(by, bit)))
    bit -= 8 * len(by)
    if bit < 8:
        return replace(record, dead=not record.dead)
    bit -= 8
    if bit < _TIME_BITS:
        return replace(record, version=StoredVersion(record.version.time ^ 1 << bit, record.version.by))
    return replace(record, checksum=record.checksum ^ 1 << bit - _TIME_BITS)


def _flipped(text: bytes, bit: int) -> str:
    """What is no text any more shows as such, as it does from the real file."""
    data = bytearray(text)
    data[bit // 8] ^= 1 << bit % 8
    return data.decode(errors="replace")
