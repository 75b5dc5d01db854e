"""A limit of bytes a second, with a second's worth to spend at once."""


class Budget:
    def __init__(self, bytes_per_s_max: int) -> None:
        """0: no limit."""
        self._per_s = bytes_per_s_max
        self._left_billionths = bytes_per_s_max * 1_000_000_000
        self._at = 0

    def take(self, now_ns: int, size: int) -> bool:
        """What is larger than all that may be saved is let through once that is full, and paid for afterwards."""
        if not self._per_s:
            return True
        full = self._per_s * 1_000_000_000
        self._left_billionths = min(full, self._left_billionths + (now_ns - self._at) * self._per_s)
        self._at = now_ns
        if self._left_billionths < min(full, size * 1_000_000_000):
            return False
        self._left_billionths -= size * 1_000_000_000
        return True
