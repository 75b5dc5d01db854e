"""Seeds from the hash of a commit: others with each push, and the same ones whenever that commit is looked at again."""

import re
from hashlib import blake2b

from harness.wrong import Wrong

FIRST = 100_000_000  # nine digits: nobody meets them by counting from 1
COUNT_MAX = 1000
_PART = re.compile(r"commit:(?P<hash>[0-9a-f]{7,64}):(?P<count>\d{1,4})", re.ASCII | re.IGNORECASE)


def plain(text: str) -> str:
    """As `--seeds` has them, with numbers in place of each `commit:HASH:COUNT`."""
    return ",".join(_numbers(part) if part.strip().startswith("commit:") else part for part in text.split(","))


def _numbers(part: str) -> str:
    found = _PART.fullmatch(part.strip())
    if found is None or not 1 <= int(found["count"]) <= COUNT_MAX:
        remedy = f"write commit:HASH:COUNT, with 7 or more hex digits and 1 to {COUNT_MAX:,} seeds: commit:3f2a91c:25"
        raise Wrong("--seeds", f"{part.strip()!r} gives no seeds of a commit", remedy)
    return ",".join(map(str, drawn(found["hash"].lower(), int(found["count"]))))


def drawn(commit: str, count: int) -> list[int]:
    """Each differs from all before it. More of them begin with the same ones."""
    seeds: dict[int, None] = {}
    number = 0
    while len(seeds) < count:
        digest = blake2b(f"{commit}/{number}".encode(), digest_size=8).digest()
        seeds[FIRST + int.from_bytes(digest) % (9 * FIRST)] = None
        number += 1
    return list(seeds)
