"""Digests in reads: a copy without its value, which a read compares with the copies that it has in full."""

from .antientropy import brief
from .peer import Brief
from .records import Record
from .versions import Glance, Versions


def size_of(record: Record | None) -> int:
    """What a digest saves."""
    return len((record.value or "").encode()) if record is not None else 0


def digest_of(record: Record | None) -> Brief | None:
    return brief(record) if record is not None else None


def stands(versions: Versions, best: Record | None, digest: Brief | None) -> Glance:
    """How the best copy that a read has in full stands to one of which it has a digest: "older" and "unsure" say that
    the read must see that one as well."""
    if digest is None:
        return "same" if best is None else "newer"
    return versions.glance(best, digest)
