"""toxiproxy-python with a deadline on every call, and its errors turned into ours.

Brings in `requests`, which takes 90 ms: import this late.
"""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import requests
import toxiproxy.api
from requests.adapters import HTTPAdapter
from toxiproxy.api import APIConsumer
from urllib3.connection import HTTPConnection

from harness.stages.processes.links.link import LinkError

CALL_SECONDS_MAX = 5.0

# The library keeps host and port in a class, and calls `requests` as a module: one server at a time in a process.
_turn = threading.Lock()


class Failed(Exception):
    """The server did not do it. The library knows some of these answers and takes the others for success."""

    def __init__(self, answer: requests.Response) -> None:
        super().__init__(f"{answer.status_code} {answer.reason}")
        self.content = answer.content


class _Connections(HTTPAdapter):
    """Knows the sockets of its connections, so that one can be shut while another thread waits for its next byte."""

    def __init__(self) -> None:
        super().__init__()
        made = self.made = list[socket.socket]()

        class Noted(HTTPConnection):
            def connect(self) -> None:
                super().connect()
                made[:] = [self.sock]  # one call at a time: what was there before is not used any more

        self._noted = Noted

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool = super().get_connection_with_tls_context(*args, **kwargs)
        pool.ConnectionCls = self._noted  # type: ignore[attr-defined]  # typed as its base; every pool of http:// has it
        return pool

    def shut(self) -> None:
        for sock in self.made:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


class Session(requests.Session):
    """Keeps its connection open, never asks a web proxy, follows nobody elsewhere, and waits only so long."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__()
        self.trust_env = False
        self.host = host
        self.port = port
        self.deadline_s = CALL_SECONDS_MAX
        self._connections = _Connections()
        self.mount("http://", self._connections)

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        """The library's timeout is from one byte to the next: an answer that drips is cut off by a timer."""
        late = threading.Event()

        def cut() -> None:
            late.set()
            self._connections.shut()

        timer = threading.Timer(self.deadline_s, cut)
        timer.start()
        try:
            answer = super().request(*args, **{**kwargs, "timeout": self.deadline_s, "allow_redirects": False})
        except (requests.RequestException, OSError, ValueError, ArithmeticError) as error:
            if late.is_set():
                raise requests.Timeout from error
            raise
        finally:
            timer.cancel()
            timer.join()
        if late.is_set():  # what was cut off may look whole
            raise requests.Timeout
        if not 200 <= answer.status_code < 300:
            raise Failed(answer)
        return answer


@contextmanager
def calling(session: Session, link: str, call: str, deadline_s: float = CALL_SECONDS_MAX) -> Iterator[None]:
    """Within this, the library talks to the session's server; what goes wrong is a LinkError."""
    if not _turn.acquire(timeout=deadline_s):
        raise LinkError(link, call, f"another call has lasted for {deadline_s:g} s", _HANGS)
    before = toxiproxy.api.requests, APIConsumer.host, APIConsumer.port
    toxiproxy.api.requests, APIConsumer.host, APIConsumer.port = session, session.host, session.port
    session.deadline_s = deadline_s
    place = f"{session.host}:{session.port}"
    try:
        yield
    except requests.Timeout as error:
        raise LinkError(link, call, f"no answer from {place} within {deadline_s:g} s", _HANGS) from error
    except requests.JSONDecodeError as error:
        raise LinkError(link, call, f"the answer from {place} is not JSON", _STRANGER) from error
    except requests.RequestException as error:
        remedy = "It has ended, or was never started: see the server's log"
        raise LinkError(link, call, f"no server answers at {place} ({error})", remedy) from error
    except Failed as error:
        raise _refusal(link, call, error) from error
    except (TypeError, LookupError, AttributeError, ValueError, ArithmeticError, RecursionError) as error:
        raise LinkError(link, call, f"the answer from {place} is none of Toxiproxy's ({error!r})", _STRANGER) from error
    finally:
        toxiproxy.api.requests, APIConsumer.host, APIConsumer.port = before
        _turn.release()


_HANGS = (
    "Toxiproxy hangs when a toxic changes on a link whose receiver is stopped and that is full (its issue 558): resume "
    "the process first, or use `--proxy stand-in`"
)
_STRANGER = "Another program may have the port: `ss -ltnp` shows which"
_REMEDIES = {
    "proxy not found": "Create the link first",
    "toxic not found": "It is not on, so there is nothing to let go",
    "toxic already exists": "It is on already: faults that overlap must share one lever",
    "address already in use": "Another program listens there: `ss -ltnp` shows which",
}


class _Refusal(msgspec.Struct):
    error: str


def _refusal(link: str, call: str, failed: Failed) -> LinkError:
    try:
        why = msgspec.json.decode(failed.content, type=_Refusal).error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        why = f"the server answered {failed}"
    remedy = next((remedy for words, remedy in _REMEDIES.items() if words in why), "See the server's log")
    return LinkError(link, call, why, _HANGS if "503" in why else remedy)
