"""What a test asks of a socket."""

import socket


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
    finally:
        sock.settimeout(patience)
    return False
