"""Chance, drawn from what caused it: to take one operation or fault out of a plan leaves all other draws alone."""

from xxhash import xxh3_64_intdigest


class Fate:
    def __init__(self, seed: int) -> None:
        self._prefix = f"{seed}/"

    def draw(self, cause: str) -> int:
        """64 bits."""
        return xxh3_64_intdigest((self._prefix + cause).encode())

    def between(self, low: int, high: int, cause: str) -> int:
        """Asked for each message: it does not call `draw`."""
        return low + xxh3_64_intdigest((self._prefix + cause).encode()) % (high - low + 1)
