"""A proxy: a listener, its connections, and the toxics on them."""

import asyncio
from collections.abc import Callable
from random import Random
from typing import Any

from harness.stages.processes.links.standin.addresses import Unusable, bound, resolve, shown
from harness.stages.processes.links.standin.bodies import STREAMS, ProxyBody, Refused, Toxic
from harness.stages.processes.links.standin.connection import Connection
from harness.stages.processes.links.standin.pipe import Pipe

BACKLOG = 1024


class Proxy:
    def __init__(self, name: str, listen: str, upstream: str, seed: int) -> None:
        self.name = name
        self.listen = listen
        self.upstream = upstream
        self.seed = seed
        self.toxics: dict[str, Toxic] = {}
        self.connections: set[Connection] = set()
        self.accepted = 0  # over the proxy's life: with the seed it names a connection's random streams
        self.server: asyncio.Server | None = None

    @property
    def enabled(self) -> bool:
        return self.server is not None

    def shown(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "listen": self.listen,
            "upstream": self.upstream,
            "enabled": self.enabled,
            "toxics": [toxic for stream in STREAMS for toxic in self.toxics.values() if toxic.stream == stream],
        }

    async def start(self) -> None:
        if self.server is not None:
            return
        try:
            place = await resolve(self.listen)
        except Unusable as error:
            raise Refused(500, f"listen tcp: {error}") from None
        try:
            listener = bound(place)
        except Unusable as error:
            raise Refused(500, str(error)) from None
        loop = asyncio.get_running_loop()
        self.server = await loop.create_server(self._accept, sock=listener, backlog=BACKLOG)
        self.listen = shown(listener.getsockname())

    def stop(self) -> None:
        """No new connections, and no old ones. The port is free when this returns."""
        if self.server is None:
            return
        self.server.close()
        self.server = None
        for connection in list(self.connections):
            connection.abort()

    async def differs(self, listen: str, upstream: str) -> bool:
        try:
            place = await resolve(listen)
        except Unusable as error:
            raise Refused(500, str(error)) from None
        return place.text != self.listen or upstream != self.upstream

    async def update(self, body: ProxyBody) -> None:
        listen = self.listen if body.listen is None else body.listen
        upstream = self.upstream if body.upstream is None else body.upstream
        enabled = self.enabled if body.enabled is None else body.enabled
        if await self.differs(listen, upstream):
            self.stop()
            self.listen = listen
            self.upstream = upstream
        if enabled:
            await self.start()
        else:
            self.stop()

    def toxic(self, name: str) -> Toxic:
        if name not in self.toxics:
            raise Refused(404, "toxic not found")
        return self.toxics[name]

    def add(self, toxic: Toxic) -> None:
        self.toxics[toxic.name] = toxic
        self._each_pipe(toxic, lambda pipe: pipe.add(toxic))

    def change(self, toxic: Toxic) -> None:
        self.toxics[toxic.name] = toxic
        self._each_pipe(toxic, lambda pipe: pipe.update(toxic))

    def remove(self, name: str) -> None:
        toxic = self.toxic(name)
        del self.toxics[name]
        self._each_pipe(toxic, lambda pipe: pipe.remove(name))

    def _each_pipe(self, toxic: Toxic, act: Callable[[Pipe], None]) -> None:
        for connection in list(self.connections):
            pipe = connection.pipes.get(toxic.stream)
            if pipe is not None:
                act(pipe)

    def _accept(self) -> asyncio.Protocol:
        number = self.accepted
        self.accepted += 1

        def draws_of(toxic: str) -> Random:
            return Random(f"{self.seed}/{self.name}/{toxic}/{number}")

        connection = Connection(self.upstream, self.toxics, draws_of, self.connections.discard)
        self.connections.add(connection)
        return connection.client
