"""The harness's side of the guardian: start processes, signal them, see what became of them.

    async with await Guardian.start(log=run / "guardian.log", hold=[block.lock.fileno()]) as guardian:
        replica = await guardian.spawn(argv, env=env, cwd=run, log=run / "r1.log")
        await replica.signal(signal.SIGSTOP)
        await replica.becomes("stopped", deadline_s=1)

Every wait has a deadline, and every error is a SupervisionError that says what was waited for. What is promised
of the processes is said in guardian.py.
"""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep  # noqa: TID251 - deadlines on real processes
from typing import Any, Literal, NamedTuple, Self, TypeVar, cast

import psutil

from harness.stages.processes.logs import last_lines

State = Literal["running", "stopped", "gone"]
T = TypeVar("T")

GUARDIAN = Path(__file__).with_name("guardian.py")
ANSWER_DEADLINE_S = 5.0
CLOSE_DEADLINE_S = 15.0  # more than the guardian itself allows for its cleaning up
PROBE_INTERVAL_S = 0.001


class SupervisionError(Exception):
    """Something about a process is not as the caller needs it."""


class SpawnError(SupervisionError):
    """A process could not be started."""


class ChildEndedError(SupervisionError):
    """A process has ended that was still needed."""


class DeadlineError(SupervisionError):
    """What was waited for did not come in time."""


class GuardianLostError(SupervisionError):
    """The guardian has ended unasked. The processes it left were killed before this is raised."""


class Exit(NamedTuple):
    """How a process ended: with an exit code, or by a signal."""

    code: int | None
    signal: int | None

    def __str__(self) -> str:
        return f"exit code {self.code}" if self.signal is None else signal.Signals(self.signal).name


@dataclass(frozen=True, eq=False)
class Child:
    """A process under the guardian. It stands for its process group: signals go to all of the group."""

    pid: int
    argv: Sequence[str]
    log: Path
    _guardian: "Guardian"
    _ended: asyncio.Future[Exit]

    def __str__(self) -> str:
        return f"process {self.pid} ({' '.join(self.argv)})"

    @property
    def ended(self) -> Exit | None:
        """None while it lives; raises GuardianLostError if nobody can know any more."""
        return self._ended.result() if self._ended.done() else None

    def state(self) -> State:
        """What the operating system says, not what was asked for: the probe of a pause or a kill."""
        if self._ended.done():
            return "gone"
        # Until the guardian reports its end, the pid is this child's and nobody else's.
        with contextlib.suppress(psutil.NoSuchProcess):
            status = psutil.Process(self.pid).status()
            if status not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
                return "stopped" if status == psutil.STATUS_STOPPED else "running"
        return "gone"

    async def signal(self, number: int) -> None:
        """Returns once the signal is sent; whether it has taken effect is for `becomes` to see.

        A stop may hit the group in the middle of a vfork: the parent then waits for its child as `running`.
        """
        answer = await self._guardian.ask({"do": "signal", "pid": self.pid, "signal": number})
        if "error" in answer:
            what = f"{signal.Signals(number).name} to {self}"
            raise ChildEndedError(f"cannot send {what}: {answer['error']}\n{last_lines(self.log)}")

    async def becomes(self, state: State, *, deadline_s: float) -> None:
        until = monotonic() + deadline_s
        while (now := self.state()) != state:
            if now == "gone":
                raise ChildEndedError(f"{self} was to become {state}, but has ended\n{last_lines(self.log)}")
            if monotonic() > until:
                raise self._late(f"to become {state}", deadline_s)
            await asyncio.sleep(PROBE_INTERVAL_S)

    async def exited(self, *, deadline_s: float) -> Exit:
        await asyncio.wait({self._ended}, timeout=deadline_s)
        if not self._ended.done():
            raise self._late("to end", deadline_s)
        return self._ended.result()

    async def outlives(self, awaitable: Awaitable[T], waiting_for: str, *, deadline_s: float) -> T:
        """The awaitable's result. It is cancelled when the process ends first, or the deadline passes."""
        task: asyncio.Future[T] = asyncio.ensure_future(awaitable)
        first: set[asyncio.Future[Any]] = {task, self._ended}
        try:
            await asyncio.wait(first, timeout=deadline_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            in_time = task.done()
            task.cancel()
            await asyncio.wait({task}, timeout=ANSWER_DEADLINE_S)
        failed = not in_time or task.cancelled() or task.exception() is not None
        if failed and self._ended.done():
            what = f"{self} ended ({self._ended.result()}) while waiting for {waiting_for}"
            raise ChildEndedError(f"{what}\n{last_lines(self.log)}")
        if not in_time:
            raise self._late(f"for {waiting_for}", deadline_s)
        return task.result()

    def _late(self, waited: str, deadline_s: float) -> DeadlineError:
        what = f"waited {deadline_s:g} s for {self} {waited}; it is {self.state()}"
        return DeadlineError(f"{what}\n{last_lines(self.log)}")


class Guardian:
    """One per run. Not to be shared between event loops."""

    def __init__(self, process: Process, log: Path) -> None:
        self._process = process
        self._requests = cast("asyncio.StreamWriter", process.stdin)
        self._news = cast("asyncio.StreamReader", process.stdout)
        self._log = log
        self._answers: deque[asyncio.Future[Any]] = deque()  # in order; none is cancelled, thanks to asyncio.wait
        self._ends: dict[int, asyncio.Future[Any]] = {}  # pid -> Exit
        self._living: dict[int, psutil.Process] = {}
        self._directories: list[Path] = []
        self._closing = False
        self._over: SupervisionError | None = None
        self._listener = asyncio.create_task(self._listen())

    @classmethod
    async def start(cls, *, log: Path, hold: Iterable[int] = ()) -> Self:
        """`hold`: descriptors that the guardian keeps open until the last process is gone."""
        descriptors = tuple(hold)
        command = [sys.executable, "-I", "-S", str(GUARDIAN), str(os.getpid()), *map(str, descriptors)]
        with log.open("ab") as errors:
            # In a session of its own, so that Ctrl-C in the terminal reaches the harness alone.
            process = await asyncio.create_subprocess_exec(
                *command, stdin=PIPE, stdout=PIPE, stderr=errors, pass_fds=descriptors, start_new_session=True
            )
        guardian = cls(process, log)
        try:
            await guardian._answer("start")  # it says once, unasked, that it is ready
        except BaseException:
            guardian._signal(signal.SIGKILL)
            raise
        return guardian

    async def spawn(
        self, argv: Sequence[str], *, env: Mapping[str, str], cwd: Path, log: Path, talk: Sequence[Path] = ()
    ) -> Child:
        """`argv[0]` is a path, `env` the whole environment; the output is appended to `log`. `talk`: two named pipes,
        open here for writing and for reading, in the place of standard input and output."""
        where: dict[str, Any] = {"cwd": str(cwd.absolute()), "log": str(log.absolute())}
        where["talk"] = [str(pipe.absolute()) for pipe in talk]
        answer = await self.ask({"do": "spawn", "argv": list(argv), "env": dict(env), **where})
        if "error" in answer:
            raise SpawnError(f"cannot start {' '.join(argv)} in {cwd}, logging to {log}: {answer['error']}")
        return Child(answer["pid"], tuple(argv), log, self, answer["ended"])

    async def temporary(self, directory: Path) -> None:
        """Have it removed when the run is over. Ask before you create it, and it cannot be left behind."""
        self._directories.append(directory.absolute())
        await self.ask({"do": "temporary", "directory": str(directory.absolute())})

    async def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        if self._over:
            raise self._over
        self._requests.write(json.dumps(request).encode() + b"\n")
        return await self._answer(request["do"])

    async def close(self, *, deadline_s: float = CLOSE_DEADLINE_S) -> None:
        """End all processes and wait until they are gone."""
        self._closing = True
        self._signal(signal.SIGTERM)  # closing the pipe is not enough: a fork of ours may hold it open
        await asyncio.wait({self._listener}, timeout=deadline_s)
        if not self._listener.done():
            self._signal(signal.SIGKILL)
            await asyncio.wait({self._listener}, timeout=ANSWER_DEADLINE_S)
            raise DeadlineError(f"waited {deadline_s:g} s for {self} to end\n{last_lines(self._log)}")
        self._listener.result()
        if isinstance(self._over, GuardianLostError):
            raise self._over
        if self._process.returncode:
            raise SupervisionError(f"{self} could not clean up\n{last_lines(self._log)}")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __str__(self) -> str:
        return f"the guardian (process {self._process.pid})"

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)

    async def _answer(self, request: str) -> dict[str, Any]:
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._answers.append(answer)
        await asyncio.wait({answer}, timeout=ANSWER_DEADLINE_S)
        if not answer.done():
            raise DeadlineError(f"waited {ANSWER_DEADLINE_S:g} s for {self} to answer to {request}")
        return answer.result()

    async def _listen(self) -> None:
        async for line in self._news:
            self._hear(json.loads(line))
        code = await self._process.wait()
        if self._closing and code >= 0:
            self._over = SupervisionError(f"{self} was closed")
        else:
            self._over = await asyncio.to_thread(self._stand_in, code)
        for waiting in (*self._answers, *self._ends.values()):
            waiting.set_exception(self._over)
            waiting.exception()  # asyncio need not complain when nobody was waiting

    def _hear(self, message: dict[str, Any]) -> None:
        if "exited" in message:
            self._living.pop(message["exited"], None)
            self._ends.pop(message["exited"]).set_result(Exit(message.get("code"), message.get("signal")))
            return
        if "pid" in message:
            # Here, not where the answer is awaited: the news of its end may be the very next line.
            message["ended"] = self._ends[message["pid"]] = asyncio.get_running_loop().create_future()
            with contextlib.suppress(psutil.NoSuchProcess):
                self._living[message["pid"]] = psutil.Process(message["pid"])
        self._answers.popleft().set_result(message)

    def _stand_in(self, code: int) -> GuardianLostError:
        left = end_sessions(self._living, deadline_s=ANSWER_DEADLINE_S)
        for directory in self._directories:
            shutil.rmtree(directory, ignore_errors=True)
        survivors = f"; processes {left} could not be killed" if left else ""
        return GuardianLostError(f"{self} has ended unasked ({code}){survivors}\n{last_lines(self._log)}")


def end_sessions(leaders: Mapping[int, psutil.Process], *, deadline_s: float) -> list[int]:
    """Kill the sessions that these processes lead or led; the pids that are left at the deadline."""
    until = monotonic() + deadline_s
    # Not psutil.process_iter: it leaves out a process once after it has seen that its pid was used again.
    while left := [pid for pid in psutil.pids() if _in_sessions(pid, leaders)]:
        for pid in left:
            with contextlib.suppress(OSError):  # ended just now, or not ours to kill: see the deadline
                os.kill(pid, signal.SIGKILL)
        if monotonic() > until:
            break
        sleep(PROBE_INTERVAL_S)
    return left


def _in_sessions(pid: int, leaders: Mapping[int, psutil.Process]) -> bool:
    try:
        session = os.getsid(pid)
        if session not in leaders or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return False
    except (ProcessLookupError, psutil.NoSuchProcess):
        return False
    # A pid may have a new owner (is_running knows), but not while its session has members, even with no leader.
    return leaders[session].is_running() or not psutil.pid_exists(session)
