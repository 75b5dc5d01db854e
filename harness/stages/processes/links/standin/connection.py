"""One connection through a proxy: the client's socket, the upstream's, and a pipe in each direction."""

import asyncio
import socket
import struct
from collections.abc import Callable, Mapping
from typing import cast

from harness.stages.processes.links.standin.addresses import Unusable, split
from harness.stages.processes.links.standin.bodies import Stream, Toxic
from harness.stages.processes.links.standin.pipe import DrawsOf, Pipe

DIAL_SECONDS_MAX = 30
LINGER_ZERO = struct.pack("ii", 1, 0)


class Connection:
    """Lives until both sockets are gone, and calls `gone` then. `toxics` is the proxy's own, as it is at each time."""

    def __init__(
        self, upstream: str, toxics: Mapping[str, Toxic], draws_of: DrawsOf, gone: "Callable[[Connection], None]"
    ) -> None:
        self.upstream = upstream
        self.toxics = toxics
        self.draws_of = draws_of
        self.gone = gone
        self.client = End(self)
        self.server = End(self)
        self.pipes: dict[Stream, Pipe] = {}  # none until the upstream has answered
        self.aborted = False
        self.dialling: asyncio.Task[None] | None = None

    def opened(self, end: "End") -> None:
        if self.aborted:
            end.transport.abort()
        elif end is self.client:
            self.dialling = asyncio.create_task(self._dial())
        else:
            self._join()

    def lost(self, end: "End") -> None:
        end.alive = False
        if self.pipes:
            end.incoming.end()
        elif end is self.client:
            self.abort()
        if not (self.client.alive or self.server.alive):
            for pipe in self.pipes.values():
                pipe.discard()
            self.gone(self)

    def reset(self) -> None:
        """RST, on connections of whatever age."""
        for end in (self.client, self.server):
            if end.alive:
                sock: socket.socket = end.transport.get_extra_info("socket")
                if sock.fileno() >= 0:  # else it was closed in this very turn of the loop
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)
        self.abort()

    def abort(self) -> None:
        """Close without delivering what is under way, as the kernel closes a socket: FIN."""
        self.aborted = True
        if self.dialling is not None:
            self.dialling.cancel()
        for end in (self.client, self.server):
            if end.alive:
                end.transport.abort()

    async def _dial(self) -> None:
        try:
            host, port = split(self.upstream)
            async with asyncio.timeout(DIAL_SECONDS_MAX):
                await asyncio.get_running_loop().create_connection(lambda: self.server, host or "localhost", port)
        except (OSError, Unusable, UnicodeError, TimeoutError):
            self.client.transport.close()

    def _join(self) -> None:
        client, server = self.client, self.server
        loop = asyncio.get_running_loop()
        upstream = Pipe(loop, client.transport, server.transport, self.draws_of, self.reset)
        downstream = Pipe(loop, server.transport, client.transport, self.draws_of, self.reset)
        upstream.reverse, downstream.reverse = downstream, upstream
        client.incoming, server.incoming = downstream, upstream
        self.pipes = {"upstream": upstream, "downstream": downstream}
        for toxic in self.toxics.values():
            self.pipes[toxic.stream].add(toxic)
        server.leads_to(downstream)
        client.leads_to(upstream)


class End(asyncio.Protocol):
    """One of the two sockets."""

    transport: asyncio.Transport
    incoming: Pipe  # what is written here comes from there; set before anything is
    outgoing: Pipe | None = None  # what is read here goes there, once both sockets are connected
    alive = False
    early = b""  # read before; one read at most, as pausing has no effect before the first
    ended_early = False

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def leads_to(self, pipe: Pipe) -> None:
        self.outgoing = pipe
        self.transport.resume_reading()
        if self.early:
            pipe.first(self.early)
            self.early = b""
        if self.ended_early:
            pipe.finish()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.alive = True
        self.connection.opened(self)

    def data_received(self, data: bytes) -> None:
        if self.outgoing is None:
            self.transport.pause_reading()
            self.early += data
        else:
            self.outgoing.first(data)

    def eof_received(self) -> bool:
        if self.outgoing is None:
            self.ended_early = True
        else:
            self.outgoing.finish()
        return True  # the pipes say when a socket is closed

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - every loss ends the stream
        self.connection.lost(self)

    def pause_writing(self) -> None:
        self.incoming.choke(choked=True)

    def resume_writing(self) -> None:
        self.incoming.choke(choked=False)
