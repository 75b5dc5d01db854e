"""However a real run ends, and whenever, nothing of it is left: a hundred of them, a third with paused replicas.

`ci/cleanup 1000` does it for a thousand.
"""

import contextlib
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from random import Random
from threading import Lock
from time import monotonic, sleep  # noqa: TID251 - real processes die at moments of real time
from typing import NamedTuple

import psutil
import pytest

from harness.stages.processes.addresses import LOCK_PORT
from harness.stages.processes.supervise import GUARDIAN

pytestmark = pytest.mark.processes

ROOT = GUARDIAN.parents[3]
BATCHES = -(-int(os.environ.get("URUSHI_TEST_CLEANUPS", "40")) // 10)
AT_ONCE = 4
START_DEADLINE_S = 30.0
DEADLINE_S = 10.0
NOTICE_S = 20.0  # a harness that waits for its links to open takes so long to give up a proxy server that has died

# In a hundred cases each of these meets each of those once.
DEATHS = ["harness"] * 4 + ["both"] * 2 + ["guardian", "proxy", "Ctrl-C", "terminate"]
PAUSE = r"pause .*: applied"
MOMENTS = ["", "", "ready in", " unrest", ": applied", PAUSE, PAUSE, PAUSE, " mend", " settled"]

SCENARIO = """
[cluster]
nodes = 3

[policy]
round_every = "100ms"
message_lifetime = "200ms"

[workload]
operations = 40
clients = 3
keys = 8

[faults]
kinds = [{kinds}]
count = 2
length = "400..600ms"

[phases]
unrest = "700ms"
"""
# Becomes the command `urushi`, for each line in a process of its own, which saves the third of a second of its imports.
FORKS = """
import json, os, sys
from pathlib import Path
from harness import cli
from harness.stages.processes import stage, supervise

supervise.GUARDIAN = Path(sys.argv[1])
for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        folder, *sys.argv[1:] = json.loads(line)
        os.chdir(folder)
        os.environ["TMPDIR"] = folder + "/tmp"
        os.dup2(os.open("said.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND), 1)
        os.dup2(1, 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        cli.main()
    print(pid, flush=True)
"""


class Harnesses:
    """They stay as zombies until all are ended, so that their pids remain theirs."""

    def __init__(self, guardian: Path) -> None:
        command = [sys.executable, "-P", "-c", FORKS, str(guardian)]
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        self._forks = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._turn = Lock()

    def start(self, folder: Path, number: int) -> int:
        assert self._forks.stdin
        assert self._forks.stdout
        words = [str(folder), "run", "short.toml", "--seed", str(number)]
        with self._turn:
            os.write(self._forks.stdin.fileno(), json.dumps(words).encode() + b"\n")
            return int(self._forks.stdout.readline())

    def close(self) -> None:
        self._forks.communicate(timeout=DEADLINE_S)


class Seen(NamedTuple):
    state: str  # T: stopped, Z: waits for its parent to look at its exit code
    command: str
    code: int


class End(NamedTuple):
    """What was there at the moment of the death, and what was left when it should have been gone."""

    name: str
    paused: int
    block: str | None
    left: list[str]
    code: int
    said: str
    took_s: float


def death_of(number: int) -> str:
    return DEATHS[number % 10]


def moment_of(number: int) -> str:
    return MOMENTS[(number + number // 10) % 10]


def look(pid: int) -> Seen:
    place = Path(f"/proc/{pid}")
    state, *_, code = (place / "stat").read_bytes().rpartition(b") ")[2].split()
    command = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return Seen(state.decode(), command, os.waitstatus_to_exitcode(int(code)))


def living(harness: int, mark: bytes) -> dict[int, Seen]:
    """The harness, and what has the mark in its environment, which all that it starts inherit."""
    found = {}
    for pid in psutil.pids():
        with contextlib.suppress(OSError):
            if pid == harness or mark in Path(f"/proc/{pid}/environ").read_bytes():
                found[pid] = look(pid)
    return {pid: seen for pid, seen in found.items() if seen.state not in "XZ"}


def block_of(pid: int) -> str | None:
    """The prefix of the addresses that a harness holds, if it has come so far."""
    with contextlib.suppress(psutil.Error):
        for connection in psutil.Process(pid).net_connections("udp4"):
            if connection.laddr.port == LOCK_PORT:
                return str(connection.laddr.ip).rpartition(".")[0] + "."
    return None


def taken(block: str) -> Iterator[str]:
    """What listens at addresses of this block, its lock among it."""
    for protocol, listening in (("tcp", "0A"), ("udp", "07")):
        for line in Path(f"/proc/net/{protocol}").read_text(encoding="ascii").splitlines()[1:]:
            _, local, _, state = line.split()[:4]
            host, port = local.split(":")
            address = socket.inet_ntoa(struct.pack("=I", int(host, 16)))
            if state == listening and address.startswith(block):
                yield f"{protocol} {address}:{int(port, 16)}"


def wait_for(moment: str, said: Path, harness: int, random: Random) -> None:
    until = monotonic() + START_DEADLINE_S
    while moment and not (said.exists() and re.search(moment, said.read_text(encoding="utf-8"))):
        if look(harness).state == "Z":
            return  # some runs end without
        assert monotonic() < until
        sleep(0.02)
    sleep(random.uniform(0, 0.2 if moment else 1.0))


def strike(death: str, harness: int, seen: dict[int, Seen]) -> None:
    """What is not there yet cannot be killed: then it hits the harness."""
    number = {"Ctrl-C": signal.SIGINT, "terminate": signal.SIGTERM}.get(death, signal.SIGKILL)
    guardians = [pid for pid, it in seen.items() if GUARDIAN.name in it.command and pid != harness]
    proxies = [pid for pid, it in seen.items() if " -host " in it.command or " --host " in it.command]
    if death == "both":
        os.kill(harness, signal.SIGSTOP)  # or it might act between the two
    for pid in {"guardian": guardians, "proxy": proxies, "both": [*guardians, harness]}.get(death) or [harness]:
        with contextlib.suppress(ProcessLookupError):  # the run may be over
            os.kill(pid, number)


def end_one(harnesses: Harnesses, folder: Path, number: int, deadline_s: float = DEADLINE_S) -> End:
    """Start the run of this number, end it as the number says, and look what is left."""
    random = Random(f"cleanup/{number}")
    death, moment = death_of(number), moment_of(number)
    temporary, said = folder / "tmp", folder / "said.txt"
    temporary.mkdir(parents=True)
    kinds = '"pause"' if moment == PAUSE else '"pause", "kill", "isolate"'
    (folder / "short.toml").write_text(SCENARIO.format(kinds=kinds), encoding="utf-8")
    mark = str(temporary).encode()

    def left() -> list[str]:
        processes = [f"process {pid} ({seen.state}): {seen.command}" for pid, seen in living(harness, mark).items()]
        return processes + list(taken(block) if block else ()) + [str(path) for path in temporary.iterdir()]

    harness = harnesses.start(folder, number)
    wait_for(moment, said, harness, random)
    block, seen = block_of(harness), living(harness, mark)
    strike(death, harness, seen)
    begun = monotonic()
    until = begun + deadline_s + (NOTICE_S if death == "proxy" else 0)
    while (last := left()) and monotonic() < until:
        sleep(0.03)
    took_s = monotonic() - begun
    for pid in living(harness, mark):
        with contextlib.suppress(ProcessLookupError):  # it was late, but it came
            os.kill(pid, signal.SIGKILL)
    paused = sum(each.state == "T" for each in seen.values())
    words = said.read_text(encoding="utf-8") if said.exists() else ""
    return End(f"{number}: {death} after {moment!r}", paused, block, last, look(harness).code, words, took_s)


@pytest.mark.parametrize("batch", range(BATCHES))
def test_nothing_of_a_run_is_left(tmp_path: Path, batch: int) -> None:
    numbers = range(batch * 10, batch * 10 + 10)
    with closing(Harnesses(GUARDIAN)) as harnesses, ThreadPoolExecutor(AT_ONCE) as pool:
        ends = list(pool.map(lambda number: end_one(harnesses, tmp_path / str(number), number), numbers))
    assert not {end.name: end.left for end in ends if end.left}
    assert not living(0, f"{tmp_path}/".encode()), "nothing has come since"
    assert {end.code for end in ends if re.search("^failed: ", end.said, re.MULTILINE)} <= {4}
    paused, blocks = sum(end.paused > 0 for end in ends), sum(end.block is not None for end in ends)
    longest = max(end.took_s for end in ends)
    print(f"{paused} of 10 with paused replicas, {blocks} with addresses, all gone within {longest:.2f} s")  # noqa: T201 - figures for ci/cleanup
    assert paused >= 2
    assert blocks >= 6


# Without these lines the kernel does not kill what the guardian leaves.
DEATH_SIGNALS = [
    "    call_prctl(PR_SET_PDEATHSIG, signal.SIGKILL)\n",
    "    fcntl.fcntl(lifeline, fcntl.F_SETFL, os.O_ASYNC)\n",
]


@pytest.mark.parametrize("death", ["both", "guardian"])
def test_the_check_sees_what_a_guardian_without_death_signals_leaves(tmp_path: Path, death: str) -> None:
    text = GUARDIAN.read_text(encoding="utf-8")
    for line in DEATH_SIGNALS:
        assert text.count(line) == 1
        text = text.replace(line, "")
    (flawed := tmp_path / GUARDIAN.name).write_text(text.replace("    keep_only(held)\n", ""), encoding="utf-8")
    number = next(each for each in range(100) if death_of(each) == death and moment_of(each) == PAUSE)
    with closing(Harnesses(flawed)) as harnesses:
        end = end_one(harnesses, tmp_path / "run", number, deadline_s=1)
    assert [line for line in end.left if "(T)" in line and "replicas.store" in line]
    assert [line for line in end.left if "-host" in line], "the proxy server"
    assert end.block
    assert [line for line in end.left if line.startswith(f"tcp {end.block}")]
