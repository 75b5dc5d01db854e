"""Bootstrap: a node whose disk was wiped joins again, under a new incarnation, before it is part of any quorum.

First it announces its generation to every other node, until each has answered: from then on nobody counts what an
earlier incarnation said. Then it asks each node with which it shares partitions for all that it holds there, page by
page, marked tombstones too. Until it has all of it, it takes no other copy, answers no read, confirms nothing.
"""

from collections.abc import Callable

from .copies import Source
from .core import Core
from .messages import Announce, Announced, AskPage, Page, PagedCopy
from .storage import Storage

_PAGE_CHARACTERS_MAX = 1024 * 1024
_NUMBERS_PER_GENERATION = 10**13


class Joining:
    """`forget` is told of each node that has a new incarnation."""

    def __init__(self, core: Core, storage: Storage, forget: Callable[[str], None]) -> None:
        self.core = core
        self._forget = forget
        self._storage = storage
        self._generation = generation_of(core.versions.incarnation)
        self._announced: dict[str, None] = {}
        self._after: dict[str, str | None] = {}  # by peer: the last key of its last page
        self._pages_done: dict[str, None] = {}

    def start(self) -> None:
        core = self.core
        core.oldest_numbers = {peer: first_number(each) for peer, each in self._storage.generations().items()}
        if not self.core.joined:
            self.tick()

    def tick(self) -> None:
        """Sends again what was not answered."""
        core = self.core
        if core.joined:
            return
        core.set_timer(core.policy.round_every_ns, "join")
        unaware = self._unaware()
        if unaware:
            core.send_all(unaware, Announce(0, core.now.wall, self._origin(), self._generation))
            return
        for peer in self._unread():
            self._ask(peer)
        self._finish_if_read()

    def announce(self, sender: str, message: Announce) -> None:
        core = self.core
        number = first_number(message.generation)
        if core.oldest_numbers.get(sender, 0) < number:
            core.oldest_numbers[sender] = number
            self._storage.put_generation(sender, message.generation)
            self.core.changes += 1
            self._forget(sender)
        core.send(sender, Announced(0, core.now.wall, message.origin, message.generation))

    def announced(self, sender: str, message: Announced) -> None:
        if self.core.joined or message.generation != self._generation or sender in self._announced:
            return
        self._announced[sender] = None
        if not self._unaware():
            for peer in self._unread():
                self._ask(peer)
            self._finish_if_read()

    def _ask(self, peer: str) -> None:
        core = self.core
        core.send(peer, AskPage(0, core.now.wall, self._origin(), self._after.get(peer)))

    def ask_page(self, sender: str, message: AskPage) -> None:
        """All that the sender shares, also what it will find dominated. A node that is itself empty has no answer."""
        core = self.core
        if not core.joined:
            return
        limit = core.policy.keys_per_exchange_max
        copies: list[PagedCopy] = []
        size, last, more = 0, message.after, False
        scanned = 0
        for copy, marked_ns in self._storage.scan(message.after, limit):
            scanned += 1
            size += len(copy.value or "")
            last = copy.key
            if copy.intact() and sender in core.placement.replicas_of(copy.key):
                copies.append(PagedCopy(copy, marked_ns > 0))
            if size > _PAGE_CHARACTERS_MAX:
                more = True
                break
        more = more or scanned == limit
        core.send(sender, Page(0, core.now.wall, message.origin, message.after, last, copies, more))

    def page(self, sender: str, message: Page) -> None:
        core = self.core
        expected = self._after.get(sender)
        if core.joined or self._unaware() or sender in self._pages_done:
            return
        if message.after != expected or message.origin != self._origin():
            return  # asked for twice, or by an earlier incarnation, to which it was true
        number = f"{sender}/{message.n}"
        for each in message.copies:
            source = Source("bootstrap", message.born, number, message.origin)
            changes = core.copies.changes
            if core.copies.offer(each.record, source):
                core.metrics.copies_bootstrapped += core.copies.changes - changes
                held = core.copies.held(each.record.key)
                if each.purgeable and held == each.record:
                    core.copies.mark(held, core.now.wall, Source("purgeable", message.born, number, message.origin))
        self._after[sender] = message.last
        if message.more:
            self._ask(sender)
        else:
            self._pages_done[sender] = None
            self._finish_if_read()

    def _finish_if_read(self) -> None:
        if not self._unread():
            self.core.joined = True
            self.core.changes += 1

    def _unaware(self) -> list[str]:
        return [node for node in self.core.others(tuple(self.core.cluster.names())) if node not in self._announced]

    def _unread(self) -> list[str]:
        placement = self.core.placement
        shared = {
            node: None
            for partition in range(placement.partitions)
            if self.core.name in placement.replicas_of_partition(partition)
            for node in placement.replicas_of_partition(partition)
        }
        return [node for node in self.core.others(tuple(shared)) if node not in self._pages_done]

    def pending(self) -> str | None:
        if self.core.joined:
            return None
        unaware = self._unaware()
        waits = f"{', '.join(unaware)} to hear of it" if unaware else f"copies from {', '.join(self._unread())}"
        return f"{self.core.versions.incarnation} is being bootstrapped and waits for {waits}"

    def _origin(self) -> str:
        return f"bootstrap of {self.core.versions.incarnation}"


def generation_of(incarnation: str) -> int:
    return int(incarnation.rpartition(".")[2])


def first_number(generation: int) -> int:
    """The numbers of a later incarnation are above all of an earlier one."""
    return (generation - 1) * _NUMBERS_PER_GENERATION
