"""What a flaw is."""

from typing import NamedTuple

from .parts import Parts


class Flaw(NamedTuple):
    """`breaks` names the promise that turns red; None: a near miss, under which everything promised holds. `source`
    says where such a thing was seen: in the tracker of a system, or in code that teaches."""

    legend: str
    breaks: str | None
    parts: Parts
    source: str = "our own"
