"""The HTTP API of toxiproxy-server 2.12, path by path."""

import asyncio
import posixpath
import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote, unquote_to_bytes

import msgspec

from harness.stages.processes.links.standin.bodies import ProxyBody, Refused, changed_toxic, new_toxic, read
from harness.stages.processes.links.standin.collection import Collection
from harness.stages.processes.links.standin.proxy import Proxy
from harness.stages.processes.links.standin.web import Answer, Handler, Request, Unreadable

VERSION = "2.12.0-urushi"
ABSOLUTE = re.compile(r"^https?://[^/]*", re.IGNORECASE)
BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
KEPT = "/$&+,:;=@~"  # as Go keeps them in a path

Act = Callable[..., Awaitable[Answer]]  # with the proxies, the body, and a name for each * of the path


async def version(_proxies: Collection, _body: bytes) -> Answer:
    return Answer(200, b'{"version": "%s"}\n' % VERSION.encode(), "application/json;charset=utf-8")


async def reset(proxies: Collection, _body: bytes) -> Answer:
    await proxies.reset()
    return Answer(204)


async def populate(proxies: Collection, body: bytes) -> Answer:
    made: list[Proxy] = []
    error: dict[str, Any] = {}
    try:
        await proxies.populate(read(body, list[ProxyBody]), made)
    except Refused as refusal:
        error = refusal.body()
    return _json(error.get("status", 201), {**error, "proxies": [proxy.shown() for proxy in made] or None})


async def list_proxies(proxies: Collection, _body: bytes) -> Answer:
    return _json(200, {name: proxy.shown() for name, proxy in sorted(proxies.proxies.items())})


async def create_proxy(proxies: Collection, body: bytes) -> Answer:
    return _json(201, (await proxies.create(read(body, ProxyBody))).shown())


async def show_proxy(proxies: Collection, _body: bytes, name: str) -> Answer:
    return _json(200, proxies.get(name).shown())


async def change_proxy(proxies: Collection, body: bytes, name: str) -> Answer:
    proxy = proxies.get(name)
    await proxy.update(read(body, ProxyBody))
    return _json(200, proxy.shown())


async def delete_proxy(proxies: Collection, _body: bytes, name: str) -> Answer:
    proxies.delete(name)
    return Answer(204)


async def list_toxics(proxies: Collection, _body: bytes, name: str) -> Answer:
    return _json(200, proxies.get(name).shown()["toxics"])


async def create_toxic(proxies: Collection, body: bytes, name: str) -> Answer:
    proxy = proxies.get(name)
    toxic = new_toxic(body, proxy.toxics)
    proxy.add(toxic)
    return _json(200, toxic)


async def show_toxic(proxies: Collection, _body: bytes, name: str, toxic: str) -> Answer:
    return _json(200, proxies.get(name).toxic(toxic))


async def change_toxic(proxies: Collection, body: bytes, name: str, toxic: str) -> Answer:
    proxy = proxies.get(name)
    changed = changed_toxic(proxy.toxic(toxic), body)
    proxy.change(changed)
    return _json(200, changed)


async def delete_toxic(proxies: Collection, _body: bytes, name: str, toxic: str) -> Answer:
    proxies.get(name).remove(toxic)
    return Answer(204)


ROUTES: dict[str, dict[str, Act]] = {
    "/version": {"GET": version},
    "/reset": {"POST": reset},
    "/populate": {"POST": populate},
    "/proxies": {"GET": list_proxies, "POST": create_proxy},
    "/proxies/*": {"GET": show_proxy, "POST": change_proxy, "PATCH": change_proxy, "DELETE": delete_proxy},
    "/proxies/*/toxics": {"GET": list_toxics, "POST": create_toxic},
    "/proxies/*/toxics/*": {
        "GET": show_toxic,
        "POST": change_toxic,
        "PATCH": change_toxic,
        "DELETE": delete_toxic,
    },
}


def api(seed: int) -> Handler:
    """Does one request at a time, and none of them waits for the data on a link."""
    proxies = Collection(seed)
    turn = asyncio.Lock()

    async def answer(request: Request) -> Answer:
        path, clean = _path(request.target)
        if path != clean:
            return _elsewhere(request, clean)
        acts, names = _find(path)
        if not acts:
            return Answer(404, b"404 page not found\n")
        if request.method not in acts:
            return Answer(405)
        if request.first("user-agent").startswith("Mozilla/"):
            return Answer(403, b"User agent not allowed\n")
        async with turn:
            try:
                return await acts[request.method](proxies, request.body, *names)
            except Refused as refusal:
                return Answer(refusal.status, msgspec.json.encode(refusal.body()) + b"\n")

    return answer


def _elsewhere(request: Request, clean: str) -> Answer:
    if (request.method, request.target) == ("OPTIONS", "*"):
        return Answer(200)
    _, mark, query = request.target.partition("?")
    return Answer(301, location=quote(clean, safe=KEPT) + mark + query)


def _path(target: str) -> tuple[str, str]:
    """The path that was asked for, and without empty steps, `.` and `..`."""
    place = ABSOLUTE.sub("", target.partition("?")[0]) or "/"
    if not (place.startswith("/") or place == "*") or BAD_ESCAPE.search(place) or CONTROL.search(place):
        raise Unreadable(400, "the first line has no path that can be read")
    path = unquote_to_bytes(place.encode("latin-1")).decode("utf-8", "replace")
    clean = posixpath.normpath("/" + path.lstrip("/"))
    return path, clean if clean == "/" or not path.endswith("/") else clean + "/"


def _find(path: str) -> tuple[dict[str, Act], list[str]]:
    parts = path.split("/")
    for pattern, acts in ROUTES.items():
        pairs = list(zip(pattern.split("/"), parts, strict=False))
        same_length = pattern.count("/") + 1 == len(parts)
        if same_length and all(want == got or (want == "*" and got) for want, got in pairs):
            return acts, [got for want, got in pairs if want == "*"]
    return {}, []


def _json(status: int, value: Any) -> Answer:
    return Answer(status, msgspec.json.encode(value), "application/json")
