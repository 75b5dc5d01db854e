"""One direction of one connection: from the source, through the stages of its toxics, into the destination."""

import asyncio
from collections.abc import Callable
from random import Random
from typing import Any

from harness.stages.processes.links.standin.bodies import Toxic
from harness.stages.processes.links.standin.stages import Stage, Taker
from harness.stages.processes.links.standin.toxics import KINDS

DrawsOf = Callable[[str], Random]  # the random stream of a toxic, by its name


class Pipe:
    """What is held back is bounded: the source is not read while a stage holds more than it has room for, or while
    the destination does not take what was written."""

    reverse: "Pipe"  # the other direction, set by the connection

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        source: asyncio.Transport,
        destination: asyncio.Transport,
        draws_of: DrawsOf,
        reset: Callable[[], None],
    ) -> None:
        self.loop = loop
        self.source = source
        self.destination = destination
        self.draws_of = draws_of
        self.reset = reset
        self.stages: dict[str, Stage[Any]] = {}  # by the name of the toxic, in their order
        self.shut = False  # nothing more comes in
        self.over = False  # nothing more goes out
        self.choked = False  # the destination is behind
        self.paused = False  # the source is not read
        self.first: Callable[[bytes], None] = destination.write  # where data goes in

    # From the sockets

    def finish(self) -> None:
        """The source has ended."""
        if self.shut:
            return
        self.shut = True
        first: Taker = next(iter(self.stages.values()), self)
        self._link()
        first.end()

    def choke(self, *, choked: bool) -> None:
        self.choked = choked
        self.relax()

    # From the API

    def add(self, toxic: Toxic) -> None:
        kind, draws = self._cast(toxic)
        self.stages[toxic.name] = kind(self, toxic.attributes, draws)
        self._link()

    def update(self, toxic: Toxic) -> None:
        """A toxic that no longer affects this connection leaves it, with all that leaving means."""
        stage = self.stages.get(toxic.name)
        if stage is None:
            return
        kind, draws = self._cast(toxic)
        if type(stage) is kind:
            stage.update(toxic.attributes)
            return
        stage.leave()
        if toxic.name in self.stages:
            self.stages[toxic.name] = kind(self, toxic.attributes, draws)
            self._link()

    def remove(self, name: str) -> None:
        stage = self.stages.get(name)
        if stage is not None:
            stage.leave()
            self.stages.pop(name, None)
            self._link()

    # From the stages

    def take(self, data: bytes) -> None:
        if not self.over:
            self.destination.write(data)

    def end(self) -> None:
        """TCP's half-close is not passed on: as in Toxiproxy, the end of one direction closes the connection."""
        if self.over:
            return
        self.over = True
        self.shut = True
        self._link()
        self.destination.close()
        self.reverse.finish()

    def cut(self, stage: Stage[Any]) -> None:
        names = list(self.stages)
        position = list(self.stages.values()).index(stage)
        for name in names[: position + 1]:
            self.stages.pop(name).stop()
        self.shut = True
        self._link()
        stage.after.end()

    def relax(self) -> None:
        full = self.choked or any(stage.held > stage.room for stage in self.stages.values())
        if full == self.paused or self.source.is_closing():
            return
        self.paused = full
        if full:
            self.source.pause_reading()
        else:
            self.source.resume_reading()

    def discard(self) -> None:
        """Both sockets are gone."""
        self.shut = True
        self.over = True
        for stage in self.stages.values():
            stage.stop()

    def _cast(self, toxic: Toxic) -> tuple[type[Stage[Any]], Random]:
        """The first draw says whether the toxic affects this connection: the same one whenever it is asked."""
        draws = self.draws_of(toxic.name)
        affected = draws.random() < toxic.toxicity
        return (KINDS[toxic.type].stage if affected else Stage), draws

    def _link(self) -> None:
        stages = list(self.stages.values())
        afters: list[Taker] = [*stages[1:], self]
        for stage, after in zip(stages, afters, strict=False):
            stage.after = after
        if self.shut:
            self.first = _drop
        else:
            self.first = stages[0].take if stages else self.destination.write
        self.relax()


def _drop(data: bytes) -> None:
    """After its end a stream has no more data."""
