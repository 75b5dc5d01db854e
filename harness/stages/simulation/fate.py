"""Chance, drawn from what caused it: to take one operation or fault out of a plan leaves all other draws alone.

A cause is text. A plan's `fates` say how many nanoseconds what has this cause takes, or LOST:

    r1/ORIGIN/KIND/KEY/r2/0         how a message from r1 to r2 is on its way; 0: the first with this cause, 1: the next
    r1/ORIGIN/KIND/KEY/r2/0/copy    the same message, delivered once more; LOST: it is not
    c1/r1/op 5/connect              how client c1 reaches node r1, to ask for operation 5
    c1/r1/op 5/greeting             how r1 greets it
    c1/r1/op 5/ask                  how the request, or
    c1/r1/op 5/answer               its answer, is on its way
    r1/sync/12                      how r1's commit 12 becomes durable; LOST: at once

KIND is a message's, as a history has it, and KEY the key that it is about, or `None`. ORIGIN is what set it off, also
as in a history: `op 5`, `round r1/12`, `hint for r2`, `purge k3`, `bootstrap of r1.2`.

What a plan rules is neither lost nor doubled nor held back by chance, by a link's capacity or by its sender's end;
levers touch it like any other. When all is healed, nothing is ruled LOST any more.
"""

from xxhash import xxh3_64_intdigest

from harness.plan import LOST

_MILLION = 1_000_000


class Fate:
    def __init__(self, seed: int, fixed: dict[str, int]) -> None:
        self._prefix = f"{seed}/"
        self.fixed = fixed

    def heal(self) -> None:
        self.fixed = {cause: fate for cause, fate in self.fixed.items() if fate != LOST}

    def draw(self, cause: str) -> int:
        """64 bits."""
        return xxh3_64_intdigest((self._prefix + cause).encode())

    def happens(self, ppm: int, cause: str) -> bool:
        return ppm > 0 and self.draw(cause) % _MILLION < ppm

    def between(self, low: int, high: int, cause: str) -> int:
        """Asked for each message: it does not call `draw`."""
        if self.fixed and (fixed := self.fixed.get(cause)) is not None:
            return max(0, fixed)
        return low + xxh3_64_intdigest((self._prefix + cause).encode()) % (high - low + 1)
