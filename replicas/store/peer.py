"""What every message between nodes begins with, and what several of them carry."""

import msgspec

from .records import Version


class Peer(msgspec.Struct, array_like=True, gc=False):
    n: int
    born: int
    origin: str


class Exchanged(Peer):
    """Whatever is said in an exchange of anti-entropy: its number is its opener's own."""

    session: int
    opened_by: str


class Brief(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A copy without its value: enough to order it against one's own, or to say that they are equal."""

    key: str
    version: Version
    dead: bool
    checksum: int
