"""What a test asks of a socket."""

import socket
import struct
from contextlib import suppress


def read(sock: socket.socket, size: int) -> bytes:
    """So many bytes, or fewer if the stream ends before."""
    received = bytearray()
    while len(received) < size and (data := sock.recv(min(65536, size - len(received)))):
        received += data
    return bytes(received)


def how_it_ends(sock: socket.socket) -> str:
    try:
        return f"data {data!r}" if (data := sock.recv(65536)) else "FIN"
    except ConnectionResetError:
        return "RST"


def silent(sock: socket.socket, for_s: float) -> bool:
    patience = sock.gettimeout()
    sock.settimeout(for_s)
    try:
        sock.recv(1)
    except TimeoutError:
        return True
    except ConnectionResetError:
        return False
    finally:
        sock.settimeout(patience)
    return False


def fill(sock: socket.socket) -> None:
    """Until nothing more has gone in for a while: nobody reads at the other end."""
    patience = sock.gettimeout()
    sock.settimeout(0.2)
    with suppress(TimeoutError):
        while True:
            sock.send(b"x" * 65536)
    sock.settimeout(patience)


def reset(sock: socket.socket) -> None:
    """Closes with RST."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def conversation(place: tuple[str, int], sent: bytes) -> bytes:
    """All that comes back until the server closes; who sends must see to it that it does."""
    with socket.create_connection(place, timeout=10) as api:
        with suppress(OSError):
            api.sendall(sent)
        received = bytearray()
        with suppress(ConnectionResetError):  # it closed with something of ours unread
            while data := api.recv(65536):
                received += data
    return bytes(received)
