"""Causal histories as they are: sets of writes, each with the set of all that it had seen. Nothing is compressed."""

from typing import NamedTuple

Dot = tuple[int, str]


class Event(NamedTuple):
    dot: Dot
    value: str | None
    seen: frozenset[Dot]


class Past(NamedTuple):
    """What somebody knows: all dots, and the writes among them that nothing known has replaced."""

    dots: frozenset[Dot]
    left: frozenset[Event]

    def joined(self, other: "Past") -> "Past":
        both = self.left | other.left
        left = frozenset(
            event
            for event in both
            if (event in self.left or event.dot not in self.dots)
            and (event in other.left or event.dot not in other.dots)
        )
        return Past(self.dots | other.dots, left)

    def covers(self, other: "Past") -> bool:
        return self.joined(other) == self


EMPTY = Past(frozenset(), frozenset())


def written(event: Event) -> Past:
    return Past(event.seen | {event.dot}, frozenset({event}))


def left_of(events: frozenset[Event]) -> frozenset[Event]:
    """By definition: what no other of them had seen."""
    return frozenset(one for one in events if not any(one.dot in other.seen for other in events))
