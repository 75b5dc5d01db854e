"""Repair sends what differs: anti-entropy sends no copy of which both sides have held the same since they compared.

A purgeable tombstone is the same as nothing: who sends it to a node that regards it so as well, or that has purged it,
sends in vain, and for ever if the other takes it. What a replica holds is known from its own changes.
"""

from collections import defaultdict
from collections.abc import Iterable
from heapq import merge
from operator import attrgetter

from checkers import words
from checkers.convergence import normal
from checkers.facts import gather
from checkers.history import Change, Copy, Damage, Header, History, Life, Message
from checkers.verdict import Verdict, Violation, conclude

NAME = "no needless repair"
_ROUND = "round "  # how the origin of what anti-entropy says begins
_EXCHANGES_KEPT = 64  # of one pair: what an older one sends is not judged


def check(history: History) -> Verdict:
    facts = gather(history)
    unknown = "" if facts.header.audited else "the replicas report no changes of their own"
    of_rounds = _of_rounds(facts.messages)
    if not any(message.kind == "store" for message in of_rounds):
        return conclude(NAME, [], 0, unknown)
    state, exchanges = _State(facts.header), _Exchanges()
    violations: list[Violation] = []
    checked = 0
    damages = [event for event in facts.events if type(event) is Damage]
    told: Iterable[Change | Message | Life | Damage] = merge(
        facts.changes, of_rounds, facts.lives, damages, key=attrgetter("seq")
    )
    for event in told:
        if isinstance(event, Change):
            state.change(event)
        elif isinstance(event, Life | Damage):
            state.disturb(event)
        elif event.kind == "compare":
            exchanges.note(event)
        else:
            since = exchanges.begun(event)
            checked += since is not None
            if since is not None and state.is_settled(event, since):
                violations.append(_in_vain(event, since, held=state.counts(event)))
    return conclude(NAME, violations, checked, unknown)


def _of_rounds(messages: list[Message]) -> list[Message]:
    """The first words of comparisons among them, and the copies that came of them."""
    return [each for each in messages if each.kind == "compare" or (each.kind == "store" and each.origin[:6] == _ROUND)]


class _Exchanges:
    """The first word of each comparison, by the pair that is compared and by origin."""

    def __init__(self) -> None:
        self._first: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)

    def note(self, message: Message) -> None:
        of_pair = self._first[_pair(message)]
        if message.origin not in of_pair:
            of_pair[message.origin] = message.seq
            if len(of_pair) > _EXCHANGES_KEPT:
                del of_pair[next(iter(of_pair))]

    def begun(self, message: Message) -> int | None:
        return self._first[_pair(message)].get(message.origin)


def _pair(message: Message) -> tuple[str, str]:
    return (message.sender, message.to) if message.sender < message.to else (message.to, message.sender)


class _State:
    """What each node holds of each key, and since when: in words of its own, as long as its disk kept them."""

    def __init__(self, header: Header) -> None:
        self._held: dict[str, dict[str, Copy | None]] = {node: {} for node in header.nodes}
        self._since: dict[tuple[str, str], int] = {}  # that it holds the like of what it holds
        self._node_since: dict[str, int] = {}  # that nothing befell its process or its disk

    def change(self, change: Change) -> None:
        held = self._held.setdefault(change.node, {})
        if normal(held.get(change.key)) != normal(change.new):
            self._since[change.node, change.key] = change.seq
        held[change.key] = change.new

    def disturb(self, event: Life | Damage) -> None:
        """A start may find another state than the one that was told; rot is no change that is told."""
        self._node_since[event.node] = event.seq
        if isinstance(event, Life) and event.what == "wiped":
            self._held[event.node] = {}

    def is_settled(self, message: Message, since: int) -> bool:
        """Whether both sides have held the same from that place of the order on, and the sender what it sends."""
        key = message.key or ""
        for node in (message.sender, message.to):
            if max(self._since.get((node, key), 0), self._node_since.get(node, 0)) > since:
                return False
        mine = self._held.get(message.sender, {}).get(key)
        theirs = self._held.get(message.to, {}).get(key)
        return mine is not None and mine.version == message.version and normal(mine) == normal(theirs)

    def counts(self, message: Message) -> bool:
        """Whether what the sender holds is more than a purgeable tombstone."""
        return normal(self._held[message.sender].get(message.key or "")) is not None


def _in_vain(message: Message, since: int, *, held: bool) -> Violation:
    version = words.version(message.version) if message.version else "a copy"
    state = "both had held it" if held else "both had held nothing of it that counts"
    summary = (
        f"key {message.key}: message {message.id} ({message.origin}) carried {version} from {message.sender} to"
        f" {message.to} at {words.seconds(message.at)}, and {state} since they began to compare"
    )
    return Violation(message.key, "anti-entropy sends only what differs", [since, message.seq], summary)
