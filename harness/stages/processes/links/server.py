"""Which server stands behind the links: the real Toxiproxy where it is found, else the stand-in."""

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Prefer = Literal["auto", "toxiproxy", "stand-in"]

VARIABLE = "URUSHI_TOXIPROXY"
BINARY = "toxiproxy-server"
CHECKOUT = Path(__file__).parents[4]


class NoServer(Exception):
    """The server that was asked for is not to be had; the message says where was looked and how to get one."""


@dataclass(frozen=True)
class ServerChoice:
    name: Literal["toxiproxy", "stand-in"]
    command: tuple[str, ...]
    found: str  # where, for people


def find(prefer: Prefer = "auto") -> ServerChoice:
    if prefer == "stand-in":
        return stand_in("as asked for")
    named = os.environ.get(VARIABLE)
    if named:
        return _named(named)
    places = {
        "on PATH": shutil.which(BINARY),
        f"beside {sys.executable}": shutil.which(BINARY, path=str(Path(sys.executable).parent)),
        "in .tools here": shutil.which(BINARY, path=str(Path(".tools").absolute())),
        "in .tools of this checkout": shutil.which(BINARY, path=str(CHECKOUT / ".tools")),
    }
    for place, path in places.items():
        if path is not None:
            return ServerChoice("toxiproxy", (path,), f"{path} ({place})")
    looked = f"no {BINARY} in ${VARIABLE}, {', '.join(places)}"
    if prefer == "auto":
        return stand_in(looked)
    raise NoServer(f"{looked}. Build one with Go (`ci/toxiproxy`), or use the stand-in (`--proxy stand-in`).")


def argv(choice: ServerChoice, host: str, port: int) -> list[str]:
    dashes = "-" if choice.name == "toxiproxy" else "--"
    return [*choice.command, f"{dashes}host", host, f"{dashes}port", str(port)]


def _named(path: str) -> ServerChoice:
    """What was named must be there: to take another server in silence would hide the mistake."""
    found = shutil.which(Path(path).absolute())
    if found is None:
        raise NoServer(
            f"${VARIABLE} is {path!r}, which is no program that can be run. Correct it, or unset it to have "
            f"{BINARY} looked for; `ci/toxiproxy` builds one with Go, and `--proxy stand-in` needs none."
        )
    return ServerChoice("toxiproxy", (str(found),), f"{found}, from ${VARIABLE}")


def stand_in(why: str) -> ServerChoice:
    command = (sys.executable, "-P", "-m", f"{__package__}.standin")
    return ServerChoice("stand-in", command, f"the stand-in, {why}")
