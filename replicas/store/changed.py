"""What nodes say to each other in incremental repair."""

from .peer import Brief, Exchanged


class ChangedKeys(Exchanged, tag="changed keys"):
    """What has changed at the sender and is not repaired with the receiver: what it holds of these keys, and those of
    which it holds nothing. `marks` by partition: of the last exchange that repaired it."""

    marks: dict[int, int]
    briefs: list[Brief]
    gone: list[str]


class HeldOfThem(Exchanged, tag="held of them"):
    """What the sender holds of those keys, and of those that have changed at the sender. `more`: of more than these."""

    briefs: list[Brief]
    gone: list[str]
    more: bool


class WantChanged(Exchanged, tag="want changed"):
    keys: list[str]


class Unmarked(Exchanged, tag="unmarked"):
    """The sender has other marks, or none: all is to be compared."""

    partitions: list[int]


class Settled(Exchanged, tag="settled"):
    """Of these partitions all is repaired, or these keys: the mark is the number of this exchange."""

    partitions: list[int]
    keys: list[str] | None


Changed = ChangedKeys | HeldOfThem | WantChanged | Unmarked | Settled
