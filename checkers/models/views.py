"""What processes did to one key, by the writes that they made and those that they read from."""

from collections.abc import Callable, Iterator
from itertools import chain, islice
from typing import NamedTuple

import msgspec

from checkers.calls import Call
from checkers.models.orders import Edge
from checkers.models.sources import Register, Source, ended

NOTHING = 0  # the number of what is there before any write

Guess = Callable[[Call, Iterator[Source]], Source]
"""Which of several writes, the latest first, a read is from."""


class Deed(NamedTuple):
    """`at` is the number of the write that was made or read from; `own` is a number that nothing else has."""

    call: Call
    kind: str  # "read" or "write"
    at: int
    own: int


class View(msgspec.Struct):
    """Numbers are below `size`; writes have those from 1 to `writes`."""

    size: int
    writes: int
    sessions: list[list[Deed]]
    left_out: list[Call]  # reads that may be from several writes
    from_none: list[Call]  # reads of what nobody wrote

    def start(self) -> Iterator[Edge]:
        """Nothing comes before each write, which matters only where it is read."""
        if any(deed.at == NOTHING for session in self.sessions for deed in session):
            for number in range(1, self.writes + 1):
                yield Edge(NOTHING, number, ())


def view_of(register: Register, guess: Guess | None) -> View:
    """None: what may be from several writes is left out."""
    numbers = {write.id: number for number, write in enumerate(register.writes, 1)}
    sessions: dict[str, list[Deed]] = {}
    left_out: list[Call] = []
    from_none: list[Call] = []
    for own, call in enumerate(register.calls, len(numbers) + 1):
        session = sessions.get(call.process)
        if session is None:
            session = sessions[call.process] = []
        if call.function != "read":
            session.append(Deed(call, "write", numbers[call.id], own))
            continue
        sources = list(islice(register.sources(call), 2))
        if not sources:
            from_none.append(call)
        elif len(sources) > 1 and guess is None:
            left_out.append(call)
        else:
            source = guess(call, register.sources(call)) if guess else sources[0]
            session.append(Deed(call, "read", numbers[source.id] if source else NOTHING, own))
    return View(1 + len(numbers) + len(register.calls), len(numbers), list(sessions.values()), left_out, from_none)


def last_begun(_read: Call, sources: Iterator[Source]) -> Source:
    return next(sources)


def last_ended(read: Call, sources: Iterator[Source]) -> Source:
    """Before the read began, if any did."""
    first = next(sources)
    others = (source for source in chain([first], sources) if source is None or ended(source) < read.start)
    return next(others, first)


GUESSES: tuple[Guess, ...] = (last_begun, last_ended)
"""Ways to take reads that may be from several writes. One that explains all is enough."""
