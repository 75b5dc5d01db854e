"""Owns the processes of one run, and ends every one of them when the harness goes away for whatever reason.

Run by path and only with the standard library, so that it starts in 20 ms from any installation:

    python -I -S guardian.py <pid of the harness> <descriptor to hold>...

It reads requests from stdin and answers each in turn on stdout, one JSON object a line:

    {"do": "spawn", "argv": [path, ...], "env": {...}, "cwd": path, "log": path}  ->  {"pid": 17}
    {"do": "signal", "pid": 17, "signal": 19}                                     ->  {"done": true}
    {"do": "temporary", "directory": path}                                        ->  {"done": true}

or {"error": why}. Unasked it says {"ready": true} once, and {"exited": 17, "code": 3} or
{"exited": 17, "signal": 9} for each child.

A child leads a session of its own and stands for its process group: signals go to the group, and when the
child ends, the rest of the group is killed. Its stdin is a lifeline: end of file there means that the guardian
is gone.

The end comes with end of file on stdin, the death of the harness (a process that the harness forked may hold
the pipe open), SIGTERM, SIGINT or SIGHUP. Then all descendants are killed, stopped and daemonised ones too, and
reaped, the temporary directories are removed, and only then are the held descriptors let go. Exit status 1
means that something could not be ended or removed; stderr says what.
"""

import contextlib
import ctypes
import json
import os
import select
import signal
import sys
from collections.abc import Iterator
from time import monotonic  # noqa: TID251 - a deadline on real processes
from typing import Any

END_DEADLINE_S = 10.0
REQUEST_BYTES_MAX = 1 << 22
ERROR_CHARACTERS_MAX = 300  # escaped, still below PIPE_BUF: a line is written whole or not at all
ENDING = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
PYTHON_IGNORES = (signal.SIGPIPE, signal.SIGXFSZ)  # which a child would inherit
PR_SET_CHILD_SUBREAPER = 36

children: dict[int, int] = {}  # pid -> our end of its lifeline
directories: list[str] = []


def spawn(argv: list[str], env: dict[str, str], cwd: str, log: str) -> dict[str, Any]:
    with contextlib.ExitStack() as stack:
        stack.callback(os.chdir, "/")  # our working directory would keep a disk under fault mounted
        os.chdir(cwd)
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        stack.callback(os.close, output)
        lifeline, ours = os.pipe()
        stack.callback(os.close, lifeline)
        try:
            pid = os.posix_spawn(
                argv[0],
                argv,
                env,
                file_actions=[(os.POSIX_SPAWN_DUP2, *pair) for pair in ((lifeline, 0), (output, 1), (output, 2))],
                setsid=True,
                setsigmask=[],
                setsigdef=PYTHON_IGNORES,
            )
        except BaseException:
            os.close(ours)
            raise
    children[pid] = ours
    return {"pid": pid}


def send_signal(pid: int, number: int) -> dict[str, Any]:
    # A child that was not reaped keeps its pid, so this cannot hit a stranger.
    if pid not in children:
        return {"error": f"process {pid} has ended"}
    os.killpg(pid, number)
    return {"done": True}


def temporary(directory: str) -> dict[str, Any]:
    directories.append(directory)
    return {"done": True}


def answer(request: dict[str, Any]) -> dict[str, Any]:
    try:
        match request:
            case {"do": "spawn", "argv": argv, "env": env, "cwd": cwd, "log": log}:
                return spawn(argv, env, cwd, log)
            case {"do": "signal", "pid": pid, "signal": number}:
                return send_signal(pid, number)
            case {"do": "temporary", "directory": directory}:
                return temporary(directory)
    except (OSError, ValueError) as error:
        return {"error": str(error)[:ERROR_CHARACTERS_MAX]}
    return {"error": f"no such request: {request}"[:ERROR_CHARACTERS_MAX]}


def tell(message: dict[str, Any]) -> None:
    """Raises OSError when the harness is gone, or so far behind that the pipe is full."""
    os.write(1, json.dumps(message).encode() + b"\n")


def reap() -> Iterator[dict[str, Any]]:
    """Reap what has ended, and yield what the harness should be told of it."""
    while True:
        try:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        if ended is None:
            return
        pid = ended.si_pid
        lifeline = children.pop(pid, None)
        if lifeline is not None:
            kill_group(pid)  # before it is reaped: from then on the number may be a stranger's
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if lifeline is not None:
            os.close(lifeline)
            yield {"exited": pid, "code": code} if code >= 0 else {"exited": pid, "signal": -code}


def kill_group(pid: int) -> None:
    with contextlib.suppress(OSError):  # it may not be ours to kill (set-user-id): the deadline will tell
        os.killpg(pid, signal.SIGKILL)


def serve(harness: int, signals: int) -> str:
    """Do what the harness asks until the end is due, and say why it is."""
    poll = select.poll()
    for descriptor in (0, harness, signals):
        poll.register(descriptor, select.POLLIN)
    unread = b""
    while len(unread) < REQUEST_BYTES_MAX:
        ready = {descriptor for descriptor, _ in poll.poll()}
        if harness in ready:
            return "the harness has died"
        if signals in ready:
            if got := ENDING & set(os.read(signals, 4096)):
                return f"received {signal.Signals(min(got)).name}"
            for news in reap():
                tell(news)
        if 0 in ready:
            received = os.read(0, 1 << 16)
            if not received:
                return "the harness has closed its pipe"
            *lines, unread = (unread + received).split(b"\n")
            for line in lines:
                tell(answer(json.loads(line)))
    return f"a request of more than {REQUEST_BYTES_MAX} bytes"


def end_all(signals: int) -> bool:
    """Kill and reap all descendants. Those whose parents die become ours: no child left means none at all."""
    until = monotonic() + END_DEADLINE_S
    for pid in children:
        kill_group(pid)
    poll = select.poll()
    poll.register(signals, select.POLLIN)
    while True:
        for news in reap():
            with contextlib.suppress(OSError):  # the harness may be dead
                tell(news)
        left = own_children()
        if not left:
            return True
        if monotonic() > until:
            note(f"could not end {left} within {END_DEADLINE_S} s")
            return False
        for pid in left:
            with contextlib.suppress(OSError):  # as in kill_group
                os.kill(pid, signal.SIGKILL)
        if poll.poll(20):
            os.read(signals, 4096)


def own_children() -> list[int]:
    """Our children, the dead but not yet reaped among them."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):  # noqa: PTH208 - pathlib costs start-up time
        with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as stat:  # noqa: PTH123 - likewise
            if int(stat.read().rpartition(b")")[2].split()[1]) == os.getpid():
                found.append(int(name))
    return found


def remove_directories() -> bool:
    import shutil  # noqa: PLC0415 - 9 ms that a start need not pay

    for directory in directories:
        shutil.rmtree(directory, ignore_errors=True)
    left = [directory for directory in directories if os.path.lexists(directory)]
    if left:
        note(f"could not remove {left}")
    return not left


def note(text: str) -> None:
    with contextlib.suppress(OSError):  # a full disk must not end the cleaning up
        os.write(2, f"guardian: {text}\n".encode(errors="backslashreplace"))


def watch_signals() -> int:
    """A descriptor to which the number of each signal is written; nothing else happens on a signal."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, *ENDING):
        signal.signal(number, lambda *_: None)
    return reading


def watch_parent(pid: int) -> int | None:
    """A descriptor that is ready when the parent has died, or None if that has happened before we could look."""
    with contextlib.suppress(ProcessLookupError):
        watched = os.pidfd_open(pid)
        if os.getppid() == pid:  # else the pid may be another's
            return watched
    return None


def adopt_orphans() -> None:
    if ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError("prctl(PR_SET_CHILD_SUBREAPER) failed: Urushi needs Linux 3.4 or later")


def main() -> int:
    harness_pid, *held = map(int, sys.argv[1:])
    for descriptor in held:
        os.set_inheritable(descriptor, False)  # noqa: FBT003 - positional only
    os.set_blocking(1, False)
    os.chdir("/")
    signals = watch_signals()
    adopt_orphans()
    harness = watch_parent(harness_pid)
    if harness is None:
        return 0
    reason = "an error of its own"
    try:
        tell({"ready": True})
        reason = serve(harness, signals)
    except OSError as error:
        reason = f"cannot talk to the harness: {error}"
    finally:
        note(f"ending {len(children)} processes: {reason}")
        ended = end_all(signals)
        removed = remove_directories()
    return 0 if ended and removed else 1


if __name__ == "__main__":
    sys.exit(main())
