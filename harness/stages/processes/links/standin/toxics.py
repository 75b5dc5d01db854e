"""Each kind of toxic: its attributes, as the API takes them, and what it does to one direction of a connection."""

import asyncio
import math
from random import Random
from typing import Annotated, Any, NamedTuple

import msgspec

from harness.stages.processes.links.standin.stages import Line, Queue, Stage

Whole = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]

BANDWIDTH_SLICE_MS = 100
LATENCY_ROOM_BYTES = 32 * 1024 * 1024  # a fast stream under a long latency has much on its way
ONE_TURN_S = 1e-6  # the loop joins what is written in one turn, so slices need a turn each


class Noop(msgspec.Struct, frozen=True):
    pass


class Latency(msgspec.Struct, frozen=True):
    """In ms."""

    latency: Whole = 0
    jitter: Whole = 0


class LatencyStage(Queue[Latency]):
    """Each chunk `latency` ± `jitter` after its arrival, never before the one ahead of it."""

    room = LATENCY_ROOM_BYTES

    def due_s(self, piece: bytes) -> float:  # noqa: ARG002 - the delay is the same for every size
        jitter = self.attributes.jitter
        spread = int(self.draws.random() * 2 * jitter) - jitter
        return self.arrived_s + (self.attributes.latency + spread) / 1000


class Bandwidth(msgspec.Struct, frozen=True):
    """In KB/s, which is bytes/ms; 0 lets nothing pass."""

    rate: Whole = 0


class BandwidthStage(Queue[Bandwidth]):
    """Each piece once the time has passed that the link needs to send it."""

    def __init__(self, line: Line, attributes: Bandwidth, draws: Random) -> None:
        super().__init__(line, attributes, draws)
        self.free_s = line.loop.time()

    def update(self, attributes: Bandwidth) -> None:
        self.free_s = self.line.loop.time()
        super().update(attributes)

    def split(self, data: bytes) -> list[bytes]:
        size = self.attributes.rate * BANDWIDTH_SLICE_MS or len(data)
        return [data[at : at + size] for at in range(0, len(data), size)]

    def due_s(self, piece: bytes) -> float:
        if self.attributes.rate == 0:
            return math.inf
        self.free_s = max(self.free_s, self.arrived_s) + len(piece) / self.attributes.rate / 1000
        return self.free_s


class Slicer(msgspec.Struct, frozen=True):
    """In bytes and µs."""

    average_size: Whole = 0
    size_variation: Whole = 0
    delay: Whole = 0

    def __post_init__(self) -> None:
        if self.average_size < 1:
            raise ValueError("average_size must be at least 1")
        if self.size_variation >= self.average_size:
            raise ValueError("size_variation must be less than average_size")


class SlicerStage(Queue[Slicer]):
    """Small pieces, with a delay after each."""

    def __init__(self, line: Line, attributes: Slicer, draws: Random) -> None:
        super().__init__(line, attributes, draws)
        self.free_s = line.loop.time()

    def split(self, data: bytes) -> list[bytes]:
        least = self.attributes.average_size - self.attributes.size_variation
        pieces: list[bytes] = []
        at = 0
        while at < len(data):
            size = least + int(self.draws.random() * (2 * self.attributes.size_variation + 1))
            pieces.append(data[at : at + size])
            at += size
        return pieces

    def due_s(self, piece: bytes) -> float:  # noqa: ARG002 - the delay is the same for every size
        due_s = max(self.free_s, self.line.loop.time())
        self.free_s = due_s + max(self.attributes.delay / 1_000_000, ONE_TURN_S)
        return due_s


class Timeout(msgspec.Struct, frozen=True):
    """In ms without data; 0 is for ever."""

    timeout: Whole = 0


class TimeoutStage(Stage[Timeout]):
    """Drops all data. A stream with a hole must not go on, so to remove this closes the connection."""

    def __init__(self, line: Line, attributes: Timeout, draws: Random) -> None:
        super().__init__(line, attributes, draws)
        self.timer: asyncio.TimerHandle | None = None
        self._restart()

    def take(self, data: bytes) -> None:  # noqa: ARG002 - dropped
        self._restart()

    def update(self, attributes: Timeout) -> None:
        self.attributes = attributes
        self._restart()

    def leave(self) -> None:
        self.line.cut(self)

    def stop(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def _restart(self) -> None:
        self.stop()
        if self.attributes.timeout > 0:
            self.timer = self.line.loop.call_later(self.attributes.timeout / 1000, self.line.cut, self)


class ResetPeer(msgspec.Struct, frozen=True):
    """In ms after the first data, or after the end of the stream."""

    timeout: Whole = 0


class ResetPeerStage(Stage[ResetPeer]):
    """Swallows everything and resets. Removed after it has swallowed something, it resets at once."""

    timer: asyncio.TimerHandle | None = None

    def take(self, data: bytes) -> None:  # noqa: ARG002 - swallowed
        self._arm()

    def end(self) -> None:
        self._arm()

    def leave(self) -> None:
        if self.timer is not None:
            self.line.reset()

    def stop(self) -> None:
        if self.timer is not None:
            self.timer.cancel()

    def _arm(self) -> None:
        if self.timer is None:
            self.timer = self.line.loop.call_later(self.attributes.timeout / 1000, self.line.reset)


class SlowClose(msgspec.Struct, frozen=True):
    """In ms."""

    delay: Whole = 0


class SlowCloseStage(Stage[SlowClose]):
    """Delays the end of the stream."""

    timer: asyncio.TimerHandle | None = None

    def end(self) -> None:
        self.timer = self.line.loop.call_later(self.attributes.delay / 1000, self.leave)

    def update(self, attributes: SlowClose) -> None:
        self.attributes = attributes
        if self.timer is not None:
            self.timer.cancel()
            self.end()

    def leave(self) -> None:
        if self.timer is not None:
            self.stop()
            self.after.end()

    def stop(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None


class LimitData(msgspec.Struct, frozen=True):
    bytes: Whole = 0


class LimitDataStage(Stage[LimitData]):
    """Passes so many bytes, then closes. The count outlives updates."""

    passed = 0

    def take(self, data: bytes) -> None:
        allowed = data[: max(0, self.attributes.bytes - self.passed)]
        self.passed += len(allowed)
        if allowed:
            self.after.take(allowed)
        if self.passed >= self.attributes.bytes:
            self.line.cut(self)


class Kind(NamedTuple):
    attributes: type[msgspec.Struct]
    stage: type[Stage[Any]]


KINDS = {
    "bandwidth": Kind(Bandwidth, BandwidthStage),
    "latency": Kind(Latency, LatencyStage),
    "limit_data": Kind(LimitData, LimitDataStage),
    "noop": Kind(Noop, Stage),
    "reset_peer": Kind(ResetPeer, ResetPeerStage),
    "slicer": Kind(Slicer, SlicerStage),
    "slow_close": Kind(SlowClose, SlowCloseStage),
    "timeout": Kind(Timeout, TimeoutStage),
}
