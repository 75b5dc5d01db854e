"""A Dask cluster. Its workers take tasks of many seeds; what a worker had when it died, Dask gives to another."""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from harness.campaign import child
from harness.campaign.order import identity
from harness.campaign.tasks import Lost, Task
from harness.run import Stage
from harness.wrong import Wrong

if TYPE_CHECKING:
    from distributed import Client, Future

CONNECT_S = 15.0
WORKERS_S = 60.0
AHEAD = 2  # tasks for each thread of a worker: the next one is there when one is over
PORTION: dict[Stage, int] = {"simulation": 100, "processes": 4}  # seeds of a task: about ten seconds
LEAST: dict[Stage, int] = {"simulation": 4, "processes": 1}  # to start a process takes as long as some seeds
SHARES = 2  # of what is left a thread gets so many tasks, so that all end at about the same time
_PLACE = "--cluster"


class Cluster:
    def __init__(self, client: "Client", stage: Stage) -> None:
        self._client, self._stage = client, stage
        self._running: dict[Future[list[Any]], Task] = {}

    def portion(self, left: int) -> int:
        return max(LEAST[self._stage], min(PORTION[self._stage], left // (self._threads() * SHARES)))

    def room(self) -> int:
        return self._threads() * AHEAD - len(self._running)

    def _threads(self) -> int:
        """Workers may come and go."""
        threads: dict[str, int] = self._client.nthreads()
        return max(1, sum(threads.values()))

    def busy(self) -> bool:
        return bool(self._running)

    def add(self, task: Task) -> None:
        self._running[self._client.submit(perform, identity(), task, pure=False)] = task

    def done(self, wait_s: float) -> list[tuple[Task, list[Any] | Lost]]:
        from distributed import wait  # noqa: PLC0415 - only where there is a cluster

        with contextlib.suppress(TimeoutError):
            wait(list(self._running), timeout=wait_s, return_when="FIRST_COMPLETED")
        over = [future for future in self._running if future.status != "pending"]
        return [(self._running.pop(future), _outcome(future)) for future in over]

    def end(self) -> None:
        self._client.cancel(list(self._running))


def _outcome(future: "Future[list[Any]]") -> list[Any] | Lost:
    from distributed import KilledWorker  # noqa: PLC0415 - as above

    if future.status in ("cancelled", "lost"):
        raise Wrong(_PLACE, "the scheduler is gone", "start one, and give the same order again: it goes on")
    problem = future.exception()
    if isinstance(problem, KilledWorker):
        return Lost(str(problem))
    if problem is not None:
        raise problem
    outcomes: list[Any] = future.result()
    return outcomes


def perform(mine: str, task: Task) -> list[Any]:
    """In a thread of a worker."""
    _require_same(mine, {"a worker": identity()})
    return child.perform(task)


@contextlib.contextmanager
def connected(address: str, stage: Stage) -> Iterator[Cluster]:
    try:
        from distributed import Client  # noqa: PLC0415 - an extra
    except ModuleNotFoundError:
        raise Wrong(_PLACE, "Dask is not installed here", "pip install 'urushi[cluster]'") from None
    try:
        client = Client(address, timeout=CONNECT_S)
    except (OSError, TimeoutError, ValueError) as problem:
        what = f"no scheduler answers at {address!r} ({problem})"
        raise Wrong(_PLACE, what, "write the address that it printed, such as tcp://10.0.0.1:8786") from None
    with client:
        _require_workers(client, address)
        yield Cluster(client, stage)


def _require_workers(client: "Client", address: str) -> None:
    """That there are some, and that their Urushi is ours."""
    try:
        client.wait_for_workers(1, timeout=WORKERS_S)
    except TimeoutError:
        what = f"the scheduler at {address} has no worker after {WORKERS_S:g} s"
        raise Wrong(_PLACE, what, f"start some: dask worker {address}") from None
    try:
        found: dict[str, str] = client.run(identity)
    except ModuleNotFoundError as problem:
        raise Wrong(_PLACE, f"a worker cannot import Urushi ({problem})", _SAME) from None
    _require_same(identity(), found)


_SAME = "install the same Urushi on all machines, and start the workers again"


def _require_same(mine: str, found: dict[str, str]) -> None:
    others = [f"{where} has {theirs}" for where, theirs in found.items() if theirs != mine]
    if others:
        more = f", and {len(others) - 1} more differ" if len(others) > 1 else ""
        raise Wrong(_PLACE, f"this is Urushi {mine}, and {others[0]}{more}", _SAME)
