"""The two ends of a connection: those who come to this node, and this node's own one-way link to each peer."""

import asyncio
import sys
from typing import Protocol, cast

from replicas.system import Address

from .frames import BadFrame, Frames, frame
from .messages import AnyMessage
from .peer import Peer
from .visits import Greeting, Hello

_BUFFER_MAX = 8 * 1024 * 1024
_RETRY_FIRST_S = 0.01
_RETRY_MAX_S = 0.2
_CONNECT_DEADLINE_S = 2.0
_LOGGED_MAX = 200  # characters of what a stranger may have written


class Host(Protocol):
    """What an incoming connection needs to know of its node."""

    def arrived(self, sender: str, message: AnyMessage) -> None: ...

    def visits(self, name: str, connection: "Inbound") -> str:
        """Returns the name for this one connection: others may say the same name, and hear no answer of it."""
        ...

    def left(self, visitor: str) -> None: ...

    def greeting(self) -> Greeting: ...


class Inbound(asyncio.Protocol):
    """Greets at once. The first frame must be a Hello; a frame that cannot be read ends the connection. Only who came
    as a peer is heard as one, and it asks nothing that a client asks."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._frames = Frames()
        self._name: str | None = None
        self._is_peer = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by inheritance
        self._transport.set_write_buffer_limits(_BUFFER_MAX)
        self._transport.write(frame(self._host.greeting()))

    def data_received(self, data: bytes) -> None:
        try:
            messages = self._frames.feed(data)
        except BadFrame as problem:
            self._refuse(str(problem))
            return
        for message in messages:
            if self._name is None:
                if not isinstance(message, Hello):
                    self._refuse(f"the first frame is {type(message).__name__}, not Hello")
                    return
                self._is_peer = message.role == "peer"
                self._name = message.name if self._is_peer else self._host.visits(message.name, self)
            elif isinstance(message, Peer) == self._is_peer:
                self._host.arrived(self._name, message)

    def _refuse(self, why: str) -> None:
        who = "a stranger" if self._name is None else _on_one_line(self._name)
        print(f"connection of {who} closed: {_on_one_line(why)}", file=sys.stderr, flush=True)  # noqa: T201 - the log
        assert self._transport is not None  # noqa: S101 - data came over it
        self._transport.abort()

    def send(self, data: bytes | bytearray) -> None:
        """A visitor who does not read loses the connection, not this node its memory."""
        assert self._transport is not None  # noqa: S101 - it visited
        if self._transport.get_write_buffer_size() > _BUFFER_MAX:
            self._refuse(f"it has not read {_BUFFER_MAX:,} bytes of answers")
            return
        self._transport.write(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - why it ended changes nothing
        if self._name is not None and not self._is_peer:
            self._host.left(self._name)


def _on_one_line(text: str) -> str:
    """What a stranger wrote cannot write lines of its own into the log, nor fill the disk with it."""
    shown = "".join(letter if letter.isprintable() else "?" for letter in text[:_LOGGED_MAX])
    return shown + ("…" if len(text) > _LOGGED_MAX else "")


class Outbound(asyncio.Protocol):
    """This node's link to one peer. What cannot be sent now is lost: the core counts on nothing."""

    def __init__(self, name: str, peer: str, address: Address, loop: asyncio.AbstractEventLoop) -> None:
        self.peer = peer
        self.greeted = False
        self.dropped = 0
        self._name = name
        self._address = address
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._retry_s = _RETRY_FIRST_S
        self._connecting: asyncio.Task[None] | None = None

    def connect(self) -> None:
        self._connecting = self._loop.create_task(self._connect())

    async def _connect(self) -> None:
        try:
            async with asyncio.timeout(_CONNECT_DEADLINE_S):
                await self._loop.create_connection(lambda: self, *self._address)
        except (OSError, TimeoutError):
            self._retry()

    def _retry(self) -> None:
        self._loop.call_later(self._retry_s, self.connect)
        self._retry_s = min(2 * self._retry_s, _RETRY_MAX_S)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by inheritance
        self._transport.write(frame(Hello("peer", self._name)))

    def data_received(self, data: bytes) -> None:  # noqa: ARG002 - a peer says nothing here but its greeting
        self.greeted = True
        self._retry_s = _RETRY_FIRST_S

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - why it ended changes nothing
        self._transport = None
        self.greeted = False
        self._retry()

    def send(self, data: bytearray) -> None:
        transport = self._transport
        if transport is None or transport.get_write_buffer_size() > _BUFFER_MAX:
            self.dropped += 1
            return
        transport.write(data)
