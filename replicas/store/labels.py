"""What a record of messages keeps of each: its kind, and the key and version that it is about."""

from collections.abc import Callable
from typing import Any

from .messages import (
    Announce,
    Announced,
    AskPage,
    Compare,
    Confirm,
    Confirmed,
    Done,
    Fetch,
    Fetched,
    Leaves,
    Mark,
    Marked,
    Page,
    Peer,
    Store,
    Stored,
    Want,
)
from .records import Version

Label = tuple[str | None, Version | None]

_LABELS: dict[type[Peer], Callable[[Any], Label]] = {
    Store: lambda message: (message.record.key, message.record.version),
    Stored: lambda message: (message.key, None),
    Fetch: lambda message: (message.key, None),
    Fetched: lambda message: (message.key, message.record.version if message.record else None),
    Confirm: lambda message: (message.brief.key, message.brief.version),
    Confirmed: lambda message: (message.brief.key, message.brief.version),
    Mark: lambda message: (message.brief.key, message.brief.version),
    Marked: lambda message: (message.brief.key, message.brief.version),
}
_ALL_KINDS: tuple[type[Peer], ...] = (*_LABELS, Compare, Done, Leaves, Want, Announce, Announced, AskPage, Page)
_KINDS = {kind: str(kind.__struct_config__.tag) for kind in _ALL_KINDS}


def label(message: Peer) -> tuple[str, str | None, Version | None]:
    """Kind, key and version, as far as the message is about one key: what a record of messages keeps."""
    kind = type(message)
    about = _LABELS.get(kind)
    return (_KINDS[kind], *about(message)) if about else (_KINDS[kind], None, None)
