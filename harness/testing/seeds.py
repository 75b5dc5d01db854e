"""Which seeds a test gets: from the session's seed and the test's own name, the same on every machine."""

import secrets  # noqa: TID251 - `--urushi-seed random` asks for a seed that nobody knows; it is printed
from collections.abc import Iterator
from hashlib import blake2b
from itertools import count, islice

SEED_BITS = 32  # short enough for the name of a test
MANY = 10_000


def of_test(session: int, name: str, many: int) -> list[int]:
    """All different. The first ones stay the same when there are more."""
    return list(islice(_different(session, name), many))


def _different(session: int, name: str) -> Iterator[int]:
    seen: set[int] = set()
    for number in count():
        digest = blake2b(f"{session}/{name}/{number}".encode(), digest_size=SEED_BITS // 8).digest()
        seed = int.from_bytes(digest, "big")
        if seed not in seen:
            seen.add(seed)
            yield seed


def fresh() -> int:
    return secrets.randbits(SEED_BITS)
