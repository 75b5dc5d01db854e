"""A web server in the place of a proxy server, that answers each request with bytes that it was given."""

import socket
import threading
from contextlib import suppress
from typing import NamedTuple, Self

TICK_S = 0.05
PATIENCE_S = 20.0


class Reply(NamedTuple):
    """`held`: the connection stays open after it; `drips`: its last piece comes again and again, one a tick."""

    data: bytes
    held: bool = False
    drips: bytes = b""


class Liar:
    """Listens within `with`. One connection at a time is enough: whoever asks waits for the answer."""

    def __init__(self) -> None:
        self.reply = Reply(b"")
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.host, self.port = self._listener.getsockname()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        with suppress(OSError):
            socket.create_connection((self.host, self.port), timeout=1).close()
        self._thread.join(PATIENCE_S)
        self._listener.close()

    def _serve(self) -> None:
        while not self._stop.is_set():
            wire, _ = self._listener.accept()
            with wire, suppress(OSError):
                wire.settimeout(PATIENCE_S)
                self._converse(wire)

    def _converse(self, wire: socket.socket) -> None:
        """A request is what comes in one piece, as it does from a client that has read all that was said before."""
        while wire.recv(65_536):
            reply = self.reply
            wire.sendall(reply.data)
            if reply.drips:
                self._drip(wire, reply.drips)
            if not reply.held:
                return

    def _drip(self, wire: socket.socket, piece: bytes) -> None:
        for _ in range(int(PATIENCE_S / TICK_S)):
            if self._stop.wait(TICK_S):
                return
            wire.sendall(piece)
