"""Orders to the server behind the links, through toxiproxy-python.

Every call waits: make it in a worker thread. And `requests` takes 90 ms to import: import this where a run begins.
"""

from time import monotonic, sleep  # noqa: TID251 - a real server needs real time to start
from typing import Any, Literal, NamedTuple

from toxiproxy import Proxy, Toxiproxy
from toxiproxy.api import APIConsumer

from harness.stages.processes.links.client import CALL_SECONDS_MAX, Session, calling
from harness.stages.processes.links.link import Link, LinkError

ALL = "(all)"
POLL_S = 0.02
NOT_IN_A_PATH = "/?#%"

Stream = Literal["upstream", "downstream"]


class Toxic(NamedTuple):
    """Name every attribute: the real server takes one that is missing for 0, and a slicer of 0 bytes ends it. It is
    on for every connection: the server's own draws cannot be repeated."""

    name: str
    type: str
    stream: Stream
    attributes: dict[str, int]


class Shown(NamedTuple):
    """One proxy, as the server says."""

    enabled: bool
    toxics: list[Toxic]


class Control:
    def __init__(self, host: str, port: int) -> None:
        self._session = Session(host, port)
        self._proxies: dict[str, Any] = {}
        self._closed = False

    def close(self) -> None:
        """Gives up the connection, not the server."""
        self._closed = True
        self._session.close()

    def wait_ready(self, deadline_s: float) -> None:
        until = monotonic() + deadline_s
        while True:
            try:
                self.version(max(POLL_S, until - monotonic()))
            except LinkError as error:
                if self._closed or monotonic() > until:
                    raise LinkError(ALL, "wait_ready", f"{error.why}, for {deadline_s:g} s", error.remedy) from error
                sleep(POLL_S)
            else:
                return

    def version(self, deadline_s: float = CALL_SECONDS_MAX) -> str:
        with calling(self._session, ALL, "version", deadline_s):
            return str(APIConsumer.get("/version").json()["version"])

    def create(self, links: list[Link]) -> None:
        for link in links:
            if set(link.name) & set(NOT_IN_A_PATH):
                why = f"its name has one of {NOT_IN_A_PATH}, which cannot stand in a path"
                raise LinkError(link.name, "create", why, "Give it another name")
            with calling(self._session, link.name, "create"):
                # not Toxiproxy.create, which lists all proxies before each, and has KeyError('name') for a taken port
                self._proxies[link.name] = Proxy(**APIConsumer.post("/proxies", json=link._asdict()).json())

    def add(self, name: str, toxic: Toxic) -> None:
        proxy = self._proxy(name, f"add {toxic.name}")
        with calling(self._session, name, f"add {toxic.name}"):
            proxy.add_toxic(**toxic._asdict())

    def update(self, name: str, toxic: Toxic) -> None:
        """The toxic of this name has these attributes from now on, also for what it holds already."""
        self._proxy(name, f"update {toxic.name}")
        with calling(self._session, name, f"update {toxic.name}"):  # the library knows no such call
            APIConsumer.post(f"/proxies/{name}/toxics/{toxic.name}", json={"attributes": toxic.attributes})

    def remove(self, name: str, toxic: Toxic) -> None:
        """What the toxic still holds of a stream is passed on, and the stream goes on; but to remove a `timeout` ends
        the connections of the link, since their streams have holes."""
        proxy = self._proxy(name, f"remove {toxic.name}")
        with calling(self._session, name, f"remove {toxic.name}"):
            proxy.destroy_toxic(toxic.name)

    def replace(self, name: str, toxics: list[Toxic], *, enabled: bool) -> None:
        """A new proxy in the place of the old one: what the old one held is lost, and its connections end."""
        old = self._proxy(name, "replace")
        with calling(self._session, name, "replace"):
            old.destroy()
            link = {"name": name, "listen": old.listen, "upstream": old.upstream, "enabled": False}
            self._proxies[name] = Proxy(**APIConsumer.post("/proxies", json=link).json())
        for toxic in toxics:
            self.add(name, toxic)
        if enabled:
            self.enable(name)

    def disable(self, name: str) -> None:
        """Ends the connections of the link; new ones are refused."""
        proxy = self._proxy(name, "disable")
        with calling(self._session, name, "disable"):
            proxy.disable()

    def enable(self, name: str) -> None:
        """Toxics that are on stay on."""
        proxy = self._proxy(name, "enable")
        with calling(self._session, name, "enable"):
            proxy.enable()

    def shown(self) -> dict[str, Shown]:
        """All proxies in one call. Not Toxiproxy.proxies, which leaves the toxics out."""
        with calling(self._session, ALL, "list"):
            proxies = APIConsumer.get("/proxies").json()
            return {
                name: Shown(each["enabled"], [_toxic(toxic) for toxic in each["toxics"]])
                for name, each in proxies.items()
            }

    def reset(self) -> None:
        """Every proxy is enabled and has no toxic."""
        with calling(self._session, ALL, "reset"):
            Toxiproxy().reset()

    def _proxy(self, name: str, call: str) -> Any:
        if name not in self._proxies:
            known = ", ".join(self._proxies) or "none"
            raise LinkError(name, call, "no such link", f"Create it first; there are: {known}")
        return self._proxies[name]


def _toxic(shown: dict[str, Any]) -> Toxic:
    return Toxic(shown["name"], shown["type"], shown["stream"], shown["attributes"])
