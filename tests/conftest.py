"""For all tests: nothing may be left behind, and what is simulated repeats."""

import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import psutil
import pytest
from hypothesis import HealthCheck, settings

from harness.scratch import scratch
from tests import gate

settings.register_profile(
    "ci", max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("ci")

_PATIENCE_S = 5.0
_FOLDER = pytest.StashKey[ExitStack]()
_GATED = pytest.StashKey[gate.Outcome]()


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Before the workers start, which inherit the environment."""
    if not _is_worker(session.config):
        folder = session.config.stash[_FOLDER] = ExitStack()
        os.environ[gate.FOLDER] = str(folder.enter_context(scratch("gate")))


@pytest.fixture(autouse=True, scope="session")
def sampled() -> Iterator[None]:
    with gate.samples(Path(os.environ[gate.FOLDER])):
        yield


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if _is_worker(session.config):
        return
    with session.config.stash[_FOLDER]:
        outcome = session.config.stash[_GATED] = gate.perform_again(Path(os.environ.pop(gate.FOLDER)))
    if outcome.differences:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    outcome = config.stash.get(_GATED, None)
    if outcome is not None:
        terminalreporter.section("determinism")
        terminalreporter.write_line(outcome.words())
        for difference in outcome.differences:
            terminalreporter.write_line(difference, red=True)


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """Fails a test that leaks a process, a thread or a listening port of this process."""
    this = psutil.Process(os.getpid())
    children_before = set(_descendants(this.pid))
    threads_before = {thread.ident for thread in threading.enumerate()}
    ports_before = _listening(this)
    yield
    new = set(_descendants(this.pid)) - children_before
    children = [child for child in this.children(recursive=True) if child.pid in new] if new else []
    _, alive = psutil.wait_procs(children, timeout=_PATIENCE_S)
    assert not alive, f"the test left processes running: {[_command(child) for child in alive]}"
    left = [thread for thread in threading.enumerate() if thread.ident not in threads_before and not _pooled(thread)]
    for thread in left:
        thread.join(_PATIENCE_S)
    assert not [thread for thread in left if thread.is_alive()], f"the test left threads running: {left}"
    ports = _listening(this) - ports_before
    assert not ports, f"the test left ports listening: {ports}"


def _descendants(pid: int) -> Iterator[int]:
    """As psutil knows them, which looks at every process of the machine, twice for each of thousands of tests."""
    with suppress(OSError):  # it has just ended
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield int(child)
                yield from _descendants(int(child))


def _pooled(thread: threading.Thread) -> bool:
    """Pytest's own, which live as long as the session."""
    return thread.name.startswith(("execnet", "pytest_timeout"))


def _listening(process: psutil.Process) -> set[tuple[str, int]]:
    connections = process.net_connections(kind="inet")
    return {(each.laddr.ip, each.laddr.port) for each in connections if each.status == psutil.CONN_LISTEN}


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return f"process {process.pid}"
