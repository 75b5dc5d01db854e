"""Serves the runs of a folder on this machine alone. Nothing outside of the folder is read, and nothing is changed."""

import errno
import os
import socket
import socketserver
import sys
import threading
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from harness.report.view.site import Site, saying
from harness.wrong import Wrong

ADDRESS = "127.0.0.1"
NAMES = (ADDRESS, "localhost")  # a page of elsewhere whose name leads here since just now calls itself otherwise
SILENT_S = 30  # a browser opens connections in advance
PORT_MAX = 65_535
PIECE_BYTES = 1 << 18


class Served(socketserver.ThreadingTCPServer):
    """Ends with all its threads: whoever is still connected is cut off."""

    allow_reuse_address = True
    daemon_threads = False
    block_on_close = True

    def __init__(self, site: Site, port: int) -> None:
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__((ADDRESS, port), partial(_Handler, site))
        self.port = int(self.server_address[1])
        self.address = f"http://{ADDRESS}:{self.port}/"

    def serve(self) -> None:
        """Until Ctrl-C."""
        with suppress(KeyboardInterrupt):
            self.serve_forever(poll_interval=0.2)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        with self._lock:
            for each in self._open:
                with suppress(OSError):  # it has just ended by itself
                    each.shutdown(socket.SHUT_RDWR)
        super().server_close()


class _Handler(BaseHTTPRequestHandler):
    timeout = SILENT_S
    server_version = "urushi"
    sys_version = ""

    def __init__(self, site: Site, *connection: Any) -> None:
        self._site = site
        super().__init__(*connection)

    def do_GET(self) -> None:
        self._answer(whole=True)

    def do_HEAD(self) -> None:
        self._answer(whole=False)

    def _answer(self, *, whole: bool) -> None:
        if self.headers.get("Host", "").partition(":")[0] in NAMES:
            found = self._site.answer(self.path)
        else:
            found = saying(HTTPStatus.FORBIDDEN, f"this is {ADDRESS}, and was asked for under another name")
        with found.content, suppress(ConnectionError, TimeoutError):  # who asked has gone
            self.send_response(found.status)
            for name, value in found.headers.items():
                self.send_header(name, value)
            self.end_headers()
            left = int(found.headers["Content-Length"]) if whole else 0
            while piece := found.content.read(min(left, PIECE_BYTES)):  # no more than was said, of a log that grows
                self.wfile.write(piece)
                left -= len(piece)

    def log_message(self, *_words: Any) -> None:
        """Whoever looks on knows what was asked for."""


@contextmanager
def serving(folder: Path, port: int) -> Iterator[Served]:
    if not folder.is_dir():
        raise Wrong(str(folder), "there is no such folder of runs", "`urushi run` makes one; or name another")
    if not 0 <= port <= PORT_MAX:
        raise Wrong("--port", f"{port} is no port", f"0 to {PORT_MAX} are possible")
    try:
        server = Served(Site(folder), port)
    except OSError as problem:
        what = "is taken already" if problem.errno == errno.EADDRINUSE else f"cannot be had: {problem.strerror}"
        remedy = "end what has it, or name another with --port (0: any that is free)"
        raise Wrong("--port", f"port {port} of {ADDRESS} {what}", remedy) from None
    with server:
        yield server


def open_browser(address: str) -> None:
    """Only where there is a display: elsewhere a browser would take the terminal."""
    if sys.platform != "linux" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        webbrowser.open(address)
