"""Owns the processes of one run, and ends every one of them when the harness goes away for whatever reason.

Run by path and only with the standard library, so that it starts in 20 ms from any installation:

    python -I -S guardian.py <pid of the harness> <descriptor to hold>...

It reads requests from stdin and answers each in turn on stdout, one JSON object a line:

    {"do": "spawn", "argv": [path, ...], "env": {...}, "cwd": path, "log": path}  ->  {"pid": 17}
    the same with "talk": [path, path]                                            ->  {"pid": 17}
    {"do": "signal", "pid": 17, "signal": 19}                                     ->  {"done": true}
    {"do": "temporary", "directory": path}                                        ->  {"done": true}

or {"error": why}. Unasked it says {"ready": true} once, and {"exited": 17, "code": 3} or
{"exited": 17, "signal": 9} for each child.

A child leads a session of its own and stands for its process group: signals go to the group, and when the
child ends, the rest of the group is killed. Its stdin is a lifeline: end of file there means that the guardian
is gone, and so is the child, since the kernel then kills it and its group, stopped or not. A child that is to talk
has two named pipes for stdin and stdout, of which the harness has opened the other ends, and its lifeline elsewhere.

The end comes with end of file on stdin, the death of the harness (a process that the harness forked may hold
the pipe open), SIGTERM, SIGINT or SIGHUP. Then all descendants are killed, stopped and daemonised ones too, and
reaped, the temporary directories are removed, and only then are the held descriptors let go. Exit status 1
means that something could not be ended or removed; stderr says what. When the guardian itself is killed, the
harness removes the directories and ends what is left of the sessions; a daemon stays then, and so do the
directories if both are killed at one moment.
"""

import contextlib
import ctypes
import fcntl
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
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
prctl = ctypes.CDLL(None, use_errno=True).prctl  # looked up before any fork

children: dict[int, int] = {}  # pid -> our end of its lifeline
directories: list[str] = []


def spawn(argv: list[str], env: dict[str, str], cwd: str, log: str, talk: list[str]) -> dict[str, Any]:
    lifeline, ours = os.pipe()
    try:
        pid = start(argv, env, cwd, log, talk, lifeline)
    except BaseException:
        os.close(ours)
        raise
    finally:
        os.close(lifeline)
    children[pid] = ours
    return {"pid": pid}


def start(argv: list[str], env: dict[str, str], cwd: str, log: str, talk: list[str], lifeline: int) -> int:
    """Returns once the program runs; what has kept it from that is raised here."""
    guardian = os.getpid()
    reading, writing = os.pipe()
    with open(reading, "rb") as failure:  # noqa: PTH123 - a descriptor
        with open(writing, "wb", buffering=0) as report:  # noqa: PTH123 - likewise; exec closes the child's
            pid = os.fork()
            if pid == 0:
                try:
                    die_with(guardian, lifeline)
                    become(argv, env, cwd, log, talk, lifeline)
                except BaseException as error:  # noqa: BLE001 - whatever it is, two guardians must not go on
                    report.write((str(error) or repr(error)).encode(errors="backslashreplace"))
                finally:
                    os._exit(127)
        why = failure.read()
    if why:
        os.waitpid(pid, 0)
        raise OSError(why.decode())
    return pid


def die_with(guardian: int, lifeline: int) -> None:
    """Have the kernel kill this child when the guardian is gone, and its group too while one of it has the lifeline.

    A parent-death signal fires when the spawning thread ends. The guardian has one thread, which lives as long as the
    run. The signal is this process's alone; the one that comes with the end of the lifeline is for the whole group.
    """
    call_prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != guardian:  # it ended before that call
        os._exit(127)
    os.setsid()
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, -os.getpid())
    fcntl.fcntl(lifeline, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(lifeline, fcntl.F_SETFL, os.O_ASYNC)


def become(argv: list[str], env: dict[str, str], cwd: str, log: str, talk: list[str], lifeline: int) -> None:
    os.chdir(cwd)
    log_end = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    hears, says = lifeline, log_end
    if talk:
        os.set_inheritable(lifeline, True)  # noqa: FBT003 - positional only
        hears, says = (
            os.open(pipe, mode | os.O_NONBLOCK)  # if the harness has died meanwhile, nobody else opens them
            for pipe, mode in zip(talk, (os.O_RDONLY, os.O_WRONLY), strict=True)
        )
        os.set_blocking(hears, True)
        os.set_blocking(says, True)
    for ours, standard in ((hears, 0), (says, 1), (log_end, 2)):
        os.dup2(ours, standard)
    for number in (signal.SIGCHLD, *ENDING, *PYTHON_IGNORES):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.execve(argv[0], argv, env)  # noqa: S606 - a shell would join the words only to split them again


def send_signal(pid: int, number: int) -> dict[str, Any]:
    if pid not in children:
        return {"error": f"process {pid} has ended"}
    os.killpg(pid, number)  # a child that was not reaped keeps its pid, so this cannot hit a stranger
    return {"done": True}


def temporary(directory: str) -> dict[str, Any]:
    directories.append(directory)
    return {"done": True}


def answer(request: dict[str, Any]) -> dict[str, Any]:
    try:
        match request:
            case {"do": "spawn", "argv": argv, "env": env, "cwd": cwd, "log": log}:
                return spawn(argv, env, cwd, log, request.get("talk", []))
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


def call_prctl(what: int, value: int) -> None:
    if prctl(what, value, 0, 0, 0):
        raise OSError(f"prctl({what}) failed: {os.strerror(ctypes.get_errno())}. Urushi needs Linux 3.4 or later")


def keep_only(descriptors: list[int]) -> None:
    """uvloop leaves us copies of our own pipes. Children that had them would hide our death from the harness."""
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - pathlib costs start-up time
        if int(name) not in (0, 1, 2, *descriptors):
            with contextlib.suppress(OSError):  # the one that the listing itself had
                os.close(int(name))
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)  # noqa: FBT003 - positional only


def main() -> int:
    harness_pid, *held = map(int, sys.argv[1:])
    keep_only(held)
    os.set_blocking(1, False)
    os.chdir("/")
    signals = watch_signals()
    call_prctl(PR_SET_CHILD_SUBREAPER, 1)
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
