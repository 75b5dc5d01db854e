"""One copy of one key, as it is stored and sent. Its checksum travels with it from end to end."""

from typing import Annotated

import msgspec
from xxhash import xxh3_64_intdigest

TIME_MAX = 2**62  # with room above it in a signed column: a time from elsewhere must not end the clock

_REMEMBERED_MAX = 4096
_REMEMBERED_CHARACTERS_MAX = 256
_SIGNED = 0x7FFF_FFFF_FFFF_FFFF  # what a signed column holds
_encode = msgspec.msgpack.Encoder().encode
_made: dict[int, "Record"] = {}  # by identity, which no other object has as long as the record is in here


class Version(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The time of a hybrid logical clock and the incarnation that minted it: unique, and never absent by value."""

    time: Annotated[int, msgspec.Meta(ge=0, le=TIME_MAX)]
    by: str


class Record(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A dead record is a tombstone: a version like any other, without a value."""

    key: str
    version: Version
    dead: bool
    value: str | None
    checksum: int

    def intact(self) -> bool:
        """Asked at each look at a copy. What was made here cannot have changed since; what comes from a link or a disk
        is another object."""
        if _made.get(id(self)) is self:
            return True
        if self.dead != (self.value is None):
            return False
        encoded = _encode((self.key, self.version, self.dead, self.value))
        return self.checksum == xxh3_64_intdigest(encoded) & _SIGNED


def checksum(key: str, version: Version, dead: bool, value: str | None) -> int:  # noqa: FBT001 - a field of the record, hashed in place
    """Over an encoding that delimits its parts ("a1" + "2" is not "a" + "12")."""
    return xxh3_64_intdigest(_encode((key, version, dead, value))) & _SIGNED


def record(key: str, version: Version, value: str | None) -> Record:
    """None makes a tombstone."""
    dead = value is None
    made = Record(key, version, dead, value, checksum(key, version, dead, value))
    if value is None or len(value) <= _REMEMBERED_CHARACTERS_MAX:
        if len(_made) >= _REMEMBERED_MAX:
            _made.clear()
        _made[id(made)] = made
    return made
