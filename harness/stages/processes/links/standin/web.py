"""As much of HTTP/1.1 as a control API needs, read as Go's server reads it. What a client makes it hold is bounded."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import NamedTuple

HEAD_BYTES_MAX = 16 * 1024
BODY_BYTES_MAX = 1024 * 1024
CONVERSATIONS_MAX = 256
BACKLOG = 1024
IDLE_SECONDS_MAX = 60
TRANSFER_SECONDS_MAX = 15
LINGER_SECONDS_MAX = 0.5

PLAIN = "text/plain; charset=utf-8"
TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")
HOST = re.compile(r"[A-Za-z0-9!$%&'()*+,\-.:;=@\[\]_~]*")
VERSION = re.compile(r"HTTP/(\d)\.(\d)")
CHUNK_SIZE = re.compile(r"([0-9A-Fa-f]{1,8})[ \t]*(;.*)?")


class Request(NamedTuple):
    method: str
    target: str
    version: str
    headers: dict[str, list[str]]  # names in lower case
    body: bytes = b""

    def first(self, name: str) -> str:
        return self.headers.get(name, [""])[0]

    def encodings(self) -> list[str]:
        """HTTP/1.0 knows none."""
        return [] if self.version == "HTTP/1.0" else self.headers.get("transfer-encoding", [])

    def announces_a_body(self) -> bool:
        return bool(self.encodings()) or self.first("content-length") not in ("", "0")

    def keeps_open(self) -> bool:
        said = {word.strip().lower() for value in self.headers.get("connection", []) for word in value.split(",")}
        return "keep-alive" in said if self.version == "HTTP/1.0" else "close" not in said


class Answer(NamedTuple):
    status: int
    body: bytes = b""
    content_type: str = PLAIN
    location: str = ""


class Unreadable(Exception):
    """Not a request that can be answered and followed by another."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.answer = Answer(status, f"{status} {HTTPStatus(status).phrase}: {why}\n".encode())


Handler = Callable[[Request], Awaitable[Answer]]


async def serve(host: str, port: int, handle: Handler) -> asyncio.Server:
    conversations: set[asyncio.StreamWriter] = set()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversations.add(writer)
        try:
            if len(conversations) > CONVERSATIONS_MAX:
                refusal = Unreadable(503, f"there are {CONVERSATIONS_MAX} connections already")
                writer.write(_encode(refusal.answer))
                await _linger(reader, writer)
            else:
                while await _exchange(reader, writer, handle):
                    pass
        except (OSError, EOFError, TimeoutError):
            pass  # the client went away, or was silent for too long
        finally:
            conversations.discard(writer)
            writer.close()

    return await asyncio.start_server(converse, host, port, limit=HEAD_BYTES_MAX, backlog=BACKLOG)


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handle: Handler) -> bool:
    """One request and its answer; whether another may follow."""
    try:
        request = await _read(reader, writer)
        answer = await handle(request)
    except Unreadable as refusal:
        writer.write(_encode(refusal.answer))
        await _linger(reader, writer)
        return False
    writer.write(_encode(answer, request))
    async with asyncio.timeout(TRANSFER_SECONDS_MAX):
        await writer.drain()
    return request.keeps_open()


async def _linger(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A socket that is closed with something unread resets, and the client may lose the answer."""
    async with asyncio.timeout(LINGER_SECONDS_MAX):
        await writer.drain()
        writer.write_eof()
        while await reader.read(HEAD_BYTES_MAX):
            pass


async def _read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request:
    async with asyncio.timeout(IDLE_SECONDS_MAX):
        begin = await reader.readexactly(1)
    async with asyncio.timeout(TRANSFER_SECONDS_MAX):
        start, *lines = await _read_head(reader, begin)
        request = _checked(start, lines)
        if request.first("expect") and request.announces_a_body():
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return request._replace(body=await _read_body(reader, request))


async def _read_head(reader: asyncio.StreamReader, begin: bytes) -> list[str]:
    """The lines before the first empty one; a folded line is joined to the one before."""
    lines: list[str] = []
    size = 0
    while line := await _read_line(reader, begin):
        begin = b""
        size += len(line)
        if size > HEAD_BYTES_MAX:
            raise Unreadable(431, f"a head has at most {HEAD_BYTES_MAX} bytes")
        if line[0] in " \t" and len(lines) > 1:
            lines[-1] += " " + line.strip()
        else:
            lines.append(line)
    return lines or [""]


async def _read_line(reader: asyncio.StreamReader, begin: bytes = b"") -> str:
    try:
        line = begin if begin == b"\n" else begin + await reader.readuntil(b"\n")
    except asyncio.LimitOverrunError:
        raise Unreadable(431, f"a line has at most {HEAD_BYTES_MAX} bytes") from None
    return line.decode("latin-1").removesuffix("\n").removesuffix("\r")


def _checked(start: str, lines: list[str]) -> Request:
    method, target, version = _parts(start)
    headers: dict[str, list[str]] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not (colon and TOKEN.fullmatch(name) and VALUE.fullmatch(value)):
            raise Unreadable(400, "a header line is not `name: value`")
        headers.setdefault(name.lower(), []).append(value.strip(" \t"))
    hosts = headers.get("host", [])
    if len(hosts) > 1 or not all(HOST.fullmatch(host) for host in hosts):
        raise Unreadable(400, "one Host header with one host, please")
    if not hosts and version != "HTTP/1.0":
        raise Unreadable(400, "missing required Host header")
    if headers.get("expect", ["100-continue"])[0].lower() not in ("", "100-continue"):
        raise Unreadable(417, "nothing can be expected but 100-continue")
    return Request(method, target, version, headers)


def _parts(start: str) -> tuple[str, str, str]:
    parts = start.split(" ")
    version = VERSION.fullmatch(parts[-1])
    if len(parts) != 3 or version is None or not TOKEN.fullmatch(parts[0]) or not parts[1]:
        raise Unreadable(400, "the first line is not `METHOD /path HTTP/1.1`")
    if version[1] != "1":
        raise Unreadable(505, "only HTTP/1 is spoken here")
    return parts[0], parts[1], parts[2]


async def _read_body(reader: asyncio.StreamReader, request: Request) -> bytes:
    if encodings := request.encodings():
        if [each.lower() for each in encodings] != ["chunked"]:
            raise Unreadable(501, "unsupported transfer encoding: only chunked is known")
        return await _read_chunks(reader)
    lengths = set(request.headers.get("content-length", ["0"]))
    length = lengths.pop()
    if lengths or not (length.isascii() and length.isdigit()):
        raise Unreadable(400, "Content-Length is not one number")
    return await reader.readexactly(_bounded(length, 10))


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    body = bytearray()
    while True:
        size = CHUNK_SIZE.fullmatch(await _read_line(reader))
        if size is None:
            raise Unreadable(400, "a chunk does not begin with its size")
        if not int(size[1], 16):
            break
        body += await reader.readexactly(_bounded(size[1], 16, len(body)))
        if await _read_line(reader):
            raise Unreadable(400, "a chunk is longer than its size")
    trailers = 0
    while line := await _read_line(reader):
        trailers += len(line)
        if trailers > HEAD_BYTES_MAX:
            raise Unreadable(431, f"trailers have at most {HEAD_BYTES_MAX} bytes")
    return bytes(body)


def _bounded(size: str, base: int, before: int = 0) -> int:
    if len(size) > 18 or before + int(size, base) > BODY_BYTES_MAX:
        raise Unreadable(413, f"a body has at most {BODY_BYTES_MAX} bytes")
    return int(size, base)


def _encode(answer: Answer, request: Request | None = None) -> bytes:
    """Without a request: it could not be read, and this is the last answer on the connection."""
    version = "HTTP/1.1" if request is None else min(request.version, "HTTP/1.1")
    head_only = request is not None and request.method == "HEAD"
    lines = [f"{version} {answer.status} {HTTPStatus(answer.status).phrase}"]
    if answer.body:
        lines.append(f"Content-Type: {answer.content_type}")
    if answer.location:
        lines.append(f"Location: {answer.location}")
    if answer.body or not (answer.status == HTTPStatus.NO_CONTENT or head_only):
        lines.append(f"Content-Length: {len(answer.body)}")
    if request is None or not request.keeps_open():
        lines.append("Connection: close")
    elif version == "HTTP/1.0":
        lines.append("Connection: keep-alive")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (b"" if head_only else answer.body)
