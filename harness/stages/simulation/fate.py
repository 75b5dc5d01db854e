"""Chance, drawn from what caused it: to take one operation or fault out of a plan leaves all other draws alone.

A cause is text: `r1/op 5/store/k3/r2/0` is the first `store` of key k3 that r1 says to r2 for operation 5;
`r1/sync/12` is r1's twelfth commit; `c1/r1/op 5/ask` is how client c1 asks r1. A plan's `fates` overrule the draw.
"""

from xxhash import xxh3_64_intdigest


class Fate:
    def __init__(self, seed: int, fixed: dict[str, int]) -> None:
        self._prefix = f"{seed}/"
        self.fixed = fixed

    def draw(self, cause: str) -> int:
        """64 bits."""
        return xxh3_64_intdigest((self._prefix + cause).encode())

    def between(self, low: int, high: int, cause: str) -> int:
        """Asked for each message: it does not call `draw`."""
        if self.fixed and (fixed := self.fixed.get(cause)) is not None:
            return max(0, fixed)
        return low + xxh3_64_intdigest((self._prefix + cause).encode()) % (high - low + 1)
