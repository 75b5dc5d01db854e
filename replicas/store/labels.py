"""What a record of messages keeps of each: its kind, and the key and version that it is about."""

from collections.abc import Callable
from typing import Any

from .changed import ChangedKeys, HeldOfThem, Settled, Unmarked, WantChanged
from .comparing import (
    AskRows,
    CaughtUp,
    CaughtUpClocks,
    Clocks,
    CopyPage,
    DotsListed,
    KeyPage,
    Lacks,
    LogDone,
    LogEntries,
    ReadLog,
    RowBriefs,
    RowHashes,
    RowRange,
    RowsAgree,
    WantLogged,
    WantRows,
)
from .messages import (
    Announce,
    Announced,
    AskPage,
    Busy,
    Compare,
    Confirm,
    Confirmed,
    Done,
    DottedStore,
    Fetch,
    Fetched,
    Flush,
    Flushed,
    Leaves,
    Mark,
    Marked,
    Over,
    Page,
    Peer,
    Store,
    Stored,
    Want,
)
from .records import Version

Label = tuple[str, str | None, Version | None]

_LABELS: dict[type[Peer], Callable[[Any], Label]] = {
    Store: lambda message: ("store", message.record.key, message.record.version),
    DottedStore: lambda message: ("store", message.record.key, message.record.version),
    Stored: lambda message: ("stored", message.key, None),
    Fetch: lambda message: ("fetch", message.key, None),
    Fetched: lambda message: ("fetched", message.key, message.record.version if message.record else None),
    Confirm: lambda message: ("confirm", message.brief.key, message.brief.version),
    Confirmed: lambda message: ("confirmed", message.brief.key, message.brief.version),
    Mark: lambda message: ("mark", message.brief.key, message.brief.version),
    Marked: lambda message: ("marked", message.brief.key, message.brief.version),
    Compare: lambda _: ("compare", None, None),
    Done: lambda _: ("done", None, None),
    Leaves: lambda _: ("leaves", None, None),
    Want: lambda _: ("want", None, None),
    ChangedKeys: lambda _: ("compare", None, None),
    HeldOfThem: lambda _: ("leaves", None, None),
    WantChanged: lambda _: ("want", None, None),
    Unmarked: lambda _: ("busy", None, None),
    Settled: lambda _: ("over", None, None),
    Flush: lambda _: ("flush", None, None),
    Flushed: lambda _: ("flushed", None, None),
    Over: lambda _: ("over", None, None),
    Busy: lambda _: ("busy", None, None),
    KeyPage: lambda _: ("compare", None, None),
    Lacks: lambda message: ("leaves" if message.differed else "done", None, None),
    CopyPage: lambda _: ("compare", None, None),
    RowRange: lambda _: ("compare", None, None),
    RowsAgree: lambda _: ("done", None, None),
    RowHashes: lambda _: ("leaves", None, None),
    AskRows: lambda _: ("want", None, None),
    RowBriefs: lambda _: ("leaves", None, None),
    WantRows: lambda _: ("want", None, None),
    ReadLog: lambda _: ("compare", None, None),
    LogEntries: lambda message: ("leaves" if message.briefs else "done", None, None),
    WantLogged: lambda _: ("want", None, None),
    LogDone: lambda _: ("done", None, None),
    CaughtUp: lambda _: ("done", None, None),
    Clocks: lambda _: ("compare", None, None),
    DotsListed: lambda message: ("leaves" if message.listed or message.whole else "done", None, None),
    CaughtUpClocks: lambda _: ("done", None, None),
    Announce: lambda _: ("announce", None, None),
    Announced: lambda _: ("announced", None, None),
    AskPage: lambda _: ("ask page", None, None),
    Page: lambda _: ("page", None, None),
}


def label(message: Peer) -> Label:
    """Kind, key and version, as far as the message is about one key: what a record of messages keeps."""
    return _LABELS[type(message)](message)
