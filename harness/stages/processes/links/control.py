"""Orders to the server behind the links, through toxiproxy-python.

Every call waits: make it in a worker thread. And `requests` takes 90 ms to import: import this where a run begins.
"""

from time import monotonic, sleep  # noqa: TID251 - a real server needs real time to start
from typing import Any

from toxiproxy import Proxy, Toxiproxy
from toxiproxy.api import APIConsumer

from harness.stages.processes.links.client import CALL_SECONDS_MAX, Session, calling
from harness.stages.processes.links.link import Link, LinkError

BLOCK = "block"
ALL = "(all)"
POLL_S = 0.02
NOT_IN_A_PATH = "/?#%"


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
                shown = APIConsumer.post("/proxies", json=link._asdict()).json()
            self._proxies[link.name] = Proxy(**shown)

    def block(self, name: str) -> None:
        """What the dialling side sends is dropped without a word. What the upstream sends still passes."""
        proxy = self._proxy(name, "block")
        with calling(self._session, name, "block"):
            proxy.add_toxic(name=BLOCK, type="timeout", stream="upstream", attributes={"timeout": 0})

    def unblock(self, name: str) -> None:
        """Ends the connections of the link, since their streams have holes; the next ones work."""
        proxy = self._proxy(name, "unblock")
        with calling(self._session, name, "unblock"):
            proxy.destroy_toxic(BLOCK)

    def blocked(self, name: str) -> bool:
        """As the server says."""
        proxy = self._proxy(name, "blocked")
        with calling(self._session, name, "blocked"):
            return proxy.get_toxic(BLOCK) is not None

    def reset(self) -> None:
        """Nothing is blocked any more."""
        with calling(self._session, ALL, "reset"):
            Toxiproxy().reset()

    def _proxy(self, name: str, call: str) -> Any:
        if name not in self._proxies:
            known = ", ".join(self._proxies) or "none"
            raise LinkError(name, call, "no such link", f"Create it first; there are: {known}")
        return self._proxies[name]
