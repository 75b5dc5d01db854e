"""The scrubber: reads in the background what is held here, also what nobody asks for, and has damaged copies replaced.

Whoever finds a copy damaged, it is discarded, and its key is asked of all its other replicas at once, and again at
each tick until each has answered: then all that any of them held at the loss is here again. What is lost is noted with
the commit that discards it, so that a crash ends no search. A copy may be lost again meanwhile, and is then asked for
anew, under another number, so that no answer from before the loss counts.
"""

from collections import Counter
from itertools import islice

from .copies import Source
from .core import Core
from .messages import Fetch, Fetched
from .reads import Reads
from .storage import Storage

_NOTES = "lost"  # names: keys
_COUNTED = ("copies_scrubbed", "scrubs_completed", "lost_copies_replaced", "lost_copies_not_asked_for")
LOST_MAX = 1_000  # keys asked for at a time; while there are so many, nothing more is read


class Lost:
    """`awaited`: who has not said yet what it holds of the key."""

    def __init__(self, key: str, request: int, awaited: list[str]) -> None:
        self.key = key
        self.request = request
        self.awaited = dict.fromkeys(awaited)


class Scrubbing:
    """`_lost` by request, `_request_of` by key; `_after` is the key up to which this pass over the disk has come."""

    def __init__(self, core: Core, reads: Reads, storage: Storage) -> None:
        self.core = core
        self.reads = reads
        self._storage = storage
        self._lost: dict[int, Lost] = {}
        self._request_of: dict[str, int] = {}
        self._after: str | None = None
        self._counted = Counter[str]()
        if self.active():
            core.copies.lost = self.lost

    def active(self) -> bool:
        return self.core.policy.scrub_every_ns > 0

    def start(self) -> None:
        if not self.active():
            return
        self.core.set_timer(self.core.policy.scrub_every_ns, "scrub")
        for key in self._storage.notes(_NOTES):
            if key not in self._request_of:
                self.lost(key)

    def lost(self, key: str) -> None:
        """A damaged key may belong elsewhere. What is too much is left to reads and to anti-entropy."""
        core = self.core
        replicas = core.placement.replicas_of(key)
        if core.name not in replicas:
            return
        self._lost.pop(self._request_of.pop(key, 0), None)
        if len(self._lost) >= LOST_MAX:
            self._counted["lost_copies_not_asked_for"] += 1
            self._note(key, None)
            return
        lost = Lost(key, core.next_request(), core.others(replicas))
        if not lost.awaited:
            return
        self._lost[lost.request], self._request_of[key] = lost, lost.request
        self._note(key, "")
        if core.joined:
            self._ask(lost)

    def _note(self, key: str, text: str | None) -> None:
        self._storage.put_note(_NOTES, key, text)
        self.core.changes += 1

    def tick(self) -> None:
        core, limit = self.core, self.core.policy.scrub_keys_max
        core.set_timer(core.policy.scrub_every_ns, "scrub")
        if not core.joined:
            return
        for request in list(islice(self._lost, limit)):
            lost = self._lost[request] = self._lost.pop(request)  # to the back: the bound must not starve the rest
            self._ask(lost)
        room = min(limit, LOST_MAX - len(self._lost))
        if room > 0:
            looked, self._after = core.copies.scrub(self._after, room)
            self._counted["copies_scrubbed"] += looked
            self._counted["scrubs_completed"] += self._after is None

    def _ask(self, lost: Lost) -> None:
        born, origin = self.core.now.wall, f"scrub {lost.key}"
        self.core.send_all(list(lost.awaited), Fetch(0, born, origin, lost.request, lost.key))

    def fetched(self, sender: str, message: Fetched) -> None:
        """A copy that is too old, or damaged on its way, is no answer. To take one may show that what is here is
        damaged again: then another search is on."""
        lost = self._lost.get(message.request)
        if lost is None or lost.key != message.key:
            self.reads.fetched(sender, message)
        elif message.record is None or self._take(sender, message):
            lost.awaited.pop(sender, None)
            if not lost.awaited and self._lost.get(lost.request) is lost:
                del self._lost[lost.request], self._request_of[lost.key]
                self._note(lost.key, None)
                self._counted["lost_copies_replaced"] += 1

    def _take(self, sender: str, message: Fetched) -> bool:
        core, copy = self.core, message.record
        if copy is None or not core.joined or core.now.wall - message.born > core.policy.message_lifetime_ns:
            return False
        return core.copies.offer(copy, Source("scrub", message.born, f"{sender}/{message.n}", message.origin))

    def metrics(self) -> dict[str, int]:
        """Nothing where nothing is scrubbed."""
        if not self.active():
            return {}
        stand = {"lost_copies_awaited": len(self._lost), "marks_mended": self.core.copies.marks_mended}
        return {**{name: self._counted[name] for name in _COUNTED}, **stand}

    def pending(self, without: list[str]) -> str | None:
        """Those that will not come back are waited for by nobody."""
        awaited = sum(any(node not in without for node in lost.awaited) for lost in self._lost.values())
        return f"{awaited} damaged copies await what others hold of them" if awaited else None
