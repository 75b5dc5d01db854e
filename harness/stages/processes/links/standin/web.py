"""As much of HTTP/1.1 as a control API needs: small requests with a Content-Length, and connections kept open."""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import NamedTuple

HEAD_BYTES_MAX = 16 * 1024
BODY_BYTES_MAX = 1024 * 1024
IDLE_SECONDS_MAX = 60
TRANSFER_SECONDS_MAX = 15


class Request(NamedTuple):
    method: str
    target: str
    headers: dict[str, str]  # names in lower case
    body: bytes
    keep_open: bool


class Answer(NamedTuple):
    status: int
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"


class Unreadable(Exception):
    """Not a request that can be answered and followed by another."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.answer = Answer(status, f"{why}\n".encode())


Handler = Callable[[Request], Awaitable[Answer]]


async def serve(host: str, port: int, handle: Handler) -> asyncio.Server:
    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await _exchange(reader, writer, handle):
                pass
        except (OSError, EOFError, TimeoutError):
            pass  # the client went away, or was silent for too long
        finally:
            writer.close()

    return await asyncio.start_server(converse, host, port, limit=HEAD_BYTES_MAX)


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handle: Handler) -> bool:
    """One request and its answer; whether another may follow."""
    try:
        request = await _read(reader)
    except Unreadable as refusal:
        answer, keep_open = refusal.answer, False
    else:
        answer, keep_open = await handle(request), request.keep_open
    writer.write(_encode(answer, keep_open=keep_open))
    async with asyncio.timeout(TRANSFER_SECONDS_MAX):
        await writer.drain()
    return keep_open


async def _read(reader: asyncio.StreamReader) -> Request:
    try:
        async with asyncio.timeout(IDLE_SECONDS_MAX):
            head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError:
        raise Unreadable(431, "the head of the request is too long") from None
    start, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    parts = start.split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise Unreadable(400, "not an HTTP/1 request")
    method, target, version = parts
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await _read_body(reader, headers)
    keep_open = version != "HTTP/1.0" and headers.get("connection", "").lower() != "close"
    return Request(method, target, headers, body, keep_open)


async def _read_body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if "transfer-encoding" in headers:
        raise Unreadable(411, "send a Content-Length: chunked bodies are not read")
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()):
        raise Unreadable(400, "Content-Length is not a number")
    if len(length) > 18 or int(length) > BODY_BYTES_MAX:
        raise Unreadable(413, f"a body has at most {BODY_BYTES_MAX} bytes")
    async with asyncio.timeout(TRANSFER_SECONDS_MAX):
        return await reader.readexactly(int(length))


def _encode(answer: Answer, *, keep_open: bool) -> bytes:
    lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
    if answer.status != HTTPStatus.NO_CONTENT:
        lines.append(f"Content-Length: {len(answer.body)}")
    if answer.body:
        lines.append(f"Content-Type: {answer.content_type}")
    if not keep_open:
        lines.append("Connection: close")
    return "\r\n".join([*lines, "", ""]).encode() + answer.body
