"""A store that a TOML file describes: commands, and nothing to be written in Python."""

import asyncio
import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import msgspec

from harness.draws import Drawing
from harness.stages.processes.addresses import NODE_PORT
from harness.stages.processes.supervise import Guardian
from harness.systems.pipes import Piped, begin, found
from harness.systems.talk import Talk
from harness.toml import parsed
from harness.wrong import Wrong, convert, near
from replicas.own import OwnStore
from replicas.system import Address, Kind, Level, Outcome, Reply, Session

PEER_PORT = NODE_PORT + 1
STATE_DEADLINE_S = 5.0

_START = ("node", "host", "port", "peer_port", "peers", "data", "here")
_PEER = ("node", "host", "port")
_STATE = ("node", "host", "port", "data", "here")
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


class Ready(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """At most one of them; without any, a node is ready when it takes a connection."""

    http: str | None = None  # a path that is answered with 2xx
    line: str | None = None  # a part of a line of its output
    within: str = "20s"


class Declaration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the file says. In `start`, `{peers}` is a `peer` for each other node, with `between_peers` between them."""

    start: list[str]
    client: list[str]
    promises: list[str]
    peer: str = "{node}={host}:{port}"
    between_peers: str = ","
    shared_client: bool = False
    state: list[str] = []
    settles_within: str = "2s"
    ready: Ready = Ready()


def read(path: Path) -> "Declared":
    """Refuses what cannot be run, with the place in the file."""
    where = str(path)
    told = convert(parsed(where, {}, "--system"), Declaration, where)
    for name, words, allowed in (
        ("start", told.start, _START),
        ("peer", [told.peer], _PEER),
        ("client", told.client, ("here",)),
        ("state", told.state, _STATE),
    ):
        _check_words(f"{where}: {name}", words, allowed)
    if not told.start or not told.client:
        what = "there is no command"
        raise Wrong(f"{where}: {'client' if told.start else 'start'}", what, "write a program and its arguments")
    if told.ready.http is not None and told.ready.line is not None:
        raise Wrong(f"{where}: ready", "it has both http and line", "write one of them")
    if told.ready.http is not None and not told.ready.http.startswith("/"):
        raise Wrong(f"{where}: ready.http", f"{told.ready.http!r} is no path", "write one such as /health")
    return Declared(told, path)


def _check_words(place: str, words: list[str], allowed: tuple[str, ...]) -> None:
    for word in words:
        for name in _PLACEHOLDER.findall(word):
            if name not in allowed:
                raise Wrong(place, f"{{{name}}} is filled in by nobody", near(name, list(allowed)))


def _filled(words: list[str], values: Mapping[str, str]) -> list[str]:
    """Braces around anything else stay."""
    return [_PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), word) for word in words]


class Declared(OwnStore):
    def __init__(self, told: Declaration, path: Path) -> None:
        where, self._here = str(path), path.absolute().parent
        drawing = Drawing(0, where)
        self.promises = told.promises
        self.links = any("{peers}" in word for word in told.start)
        self.disk = any("{data}" in word for word in told.start)
        self.settles_within_s = drawing.duration_ns("settles_within", told.settles_within) / 1e9
        self.ready_within_s = drawing.duration_ns("ready.within", told.ready.within) / 1e9
        self._told = told
        self._start = found(told.start, self._here, f"{where}: start")
        self._client = found(_filled(told.client, {"here": str(self._here)}), self._here, f"{where}: client")
        self._state = found(told.state, self._here, f"{where}: state") if told.state else []
        self._places: dict[Address, tuple[str, Path]] = {}
        self._starts: dict[Path, int] = {}  # how long the log was when the node was started last
        self._guardian: Guardian | None = None
        self._clients = Path()
        self._talks: dict[str, Talk] = {}
        self._begun: list[Piped] = []

    def attach(self, guardian: Guardian, folder: Path) -> None:
        """What its own commands run under, and where they have their logs."""
        self._guardian = guardian
        self._clients = folder

    def detach(self) -> None:
        """The run is over."""
        for talk in self._talks.values():
            talk.close()
        for piped in self._begun:
            piped.close()

    def prepare(
        self, node: str, incarnation: int, listen: Address, links: Mapping[str, Address], folder: Path
    ) -> list[str]:
        del incarnation
        log = folder / "log.txt"
        self._starts[folder] = log.stat().st_size if log.exists() else 0
        self._places[listen] = (node, folder)
        (folder / "data").mkdir(exist_ok=True)
        peers = [
            _filled([self._told.peer], {"node": peer, "host": at.host, "port": str(at.port)})[0]
            for peer, at in links.items()
        ]
        values = {"peers": self._told.between_peers.join(peers), "peer_port": str(PEER_PORT)}
        return _filled(self._start, values | self._at(listen))

    def _at(self, listen: Address) -> dict[str, str]:
        node, folder = self._places[listen]
        data, here = str((folder / "data").absolute()), str(self._here)
        return {"node": node, "host": listen.host, "port": str(listen.port), "data": data, "here": here}

    def inlet(self, listen: Address) -> Address:
        own_port = any("{peer_port}" in word for word in self._told.start)
        return Address(listen.host, PEER_PORT) if own_port else listen

    async def ready(self, address: Address, folder: Path) -> bool:
        if self._told.ready.line is not None:
            said = (folder / "log.txt").read_bytes()[self._starts[folder] :].decode(errors="replace")
            return any(self._told.ready.line in line for line in said.splitlines())
        if self._told.ready.http is not None:
            return await _is_well(address, self._told.ready.http)
        return await super().ready(address, folder)

    async def connect(self, address: Address, session: str, deadline_s: float) -> Session:
        """One process for each session, or for all: it is told with each request where to send it."""
        del deadline_s
        name = "shared" if self._told.shared_client else session
        if name not in self._talks:
            self._talks[name] = Talk(await self._begin(f"the client of {session}", self._client, f"client-{name}"))
        return _Session(self._talks[name], address, session, partial(self._end, name))

    async def _begin(self, who: str, argv: list[str], name: str) -> Piped:
        assert self._guardian is not None  # noqa: S101 - attached before anything is asked
        piped = await begin(self._guardian, who, argv, self._clients, f"{name}-{len(self._begun)}")
        self._begun.append(piped)
        return piped

    def _end(self, name: str) -> None:
        if not self._told.shared_client and name in self._talks:
            self._talks.pop(name).close()

    async def state(self, address: Address) -> Mapping[str, str] | None:
        if not self._state:
            return None
        node = self._places[address][0]
        argv, who = _filled(self._state, self._at(address)), f"the command for the state of {node}"
        piped = await self._begin(who, argv, f"state-{node}")
        said = await piped.whole(STATE_DEADLINE_S)
        try:
            return msgspec.json.decode(said, type=dict[str, str])
        except (msgspec.MsgspecError, UnicodeDecodeError) as problem:
            raise piped.wrong(f"its output is no JSON object ({problem})", "print one of keys and values") from None


class _Said(msgspec.Struct, frozen=True):
    op: int
    outcome: Outcome
    value: str | None = None
    error: str | None = None


class _Session:
    def __init__(self, talk: Talk, address: Address, session: str, end: Callable[[], None]) -> None:
        self._talk = talk
        self._where = {"host": address.host, "port": address.port, "session": session}
        self._end = end

    async def ask(
        self, op: int, kind: Kind, key: str, value: str | None, level: Level | None, context: str | None = None
    ) -> Reply:
        del context
        request = {"op": op, "kind": kind, "key": key, "value": value, "level": level, **self._where}
        said = await self._talk.ask(request)
        try:
            reply = msgspec.convert(said, type=_Said)
        except msgspec.ValidationError as problem:
            raise self._talk.wrong(f"its reply to op {op} is {said}: {problem}") from None
        return Reply(reply.outcome, reply.value if kind == "get" and reply.outcome == "ok" else None, error=reply.error)

    def close(self) -> None:
        self._end()


async def _is_well(address: Address, path: str) -> bool:
    reader, writer = await asyncio.open_connection(*address)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n".encode())
        words = (await reader.readline()).split()
        return len(words) > 1 and words[1].startswith(b"2")
    finally:
        writer.close()
