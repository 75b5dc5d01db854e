"""toxiproxy-python with a deadline on every call, and its errors turned into ours.

Brings in `requests`, which takes 90 ms: import this late.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import requests
import toxiproxy.api
from toxiproxy.api import APIConsumer

from harness.stages.processes.links.link import LinkError

CALL_SECONDS_MAX = 5.0

# The library keeps host and port in a class, and calls `requests` as a module: one server at a time in a process.
_turn = threading.Lock()


class Failed(Exception):
    """The server did not do it. The library knows some of these answers and takes the others for success."""

    def __init__(self, answer: requests.Response) -> None:
        super().__init__(f"{answer.status_code} {answer.reason}")
        self.content = answer.content


class Session(requests.Session):
    """Keeps its connection open, never asks a web proxy, and waits only so long."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__()
        self.trust_env = False
        self.host = host
        self.port = port
        self.deadline_s = CALL_SECONDS_MAX

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        answer = super().request(*args, **{**kwargs, "timeout": self.deadline_s})
        if answer.status_code >= 400:
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
    except msgspec.MsgspecError:
        why = f"the server answered {failed}"
    remedy = next((remedy for words, remedy in _REMEDIES.items() if words in why), "See the server's log")
    return LinkError(link, call, why, _HANGS if "503" in why else remedy)
