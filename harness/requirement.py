"""What a plan must have for a promise."""

from collections.abc import Callable
from typing import NamedTuple

from harness.plan import Plan


class Requirement(NamedTuple):
    """`missed` says in words why this plan does not have it."""

    text: str
    missed: Callable[[Plan], str | None]
