"""What a signal's handler raises while a loop works ends the work in order, whenever it comes."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Iterator

import pytest
import uvloop

from harness.testing import alarms


class Rang(Exception):
    """What pytest-timeout raises, under a name of the tests' own."""


@pytest.fixture(params=[None, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def runner(request: pytest.FixtureRequest) -> Iterator[asyncio.Runner]:
    def ring(_number: int, _frame: object) -> None:
        raise Rang

    before = signal.signal(signal.SIGALRM, ring)
    with asyncio.Runner(loop_factory=request.param) as runner:
        yield runner
    signal.signal(signal.SIGALRM, before)


async def early(number: int) -> None:
    os.kill(os.getpid(), number)
    await asyncio.sleep(60)


async def late(number: int) -> None:
    """As the work ends: the loop goes round once more, and the task is done by then."""
    asyncio.get_running_loop().call_soon(os.kill, os.getpid(), number)


async def well() -> str:
    await asyncio.sleep(0)
    return "well"


@pytest.mark.parametrize("work", [early, late])
@pytest.mark.parametrize(("number", "raises"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGALRM, Rang)])
def test_it_is_raised_and_the_loop_can_be_used_again(
    runner: asyncio.Runner, work: Callable[[int], Awaitable[None]], number: int, raises: type[BaseException]
) -> None:
    with pytest.raises(raises):
        alarms.run(runner, work(number))
    assert alarms.run(runner, well()) == "well"


def test_what_the_work_cancels_itself_is_cancelled(runner: asyncio.Runner) -> None:
    async def gives_up() -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        alarms.run(runner, gives_up())


def test_handlers_are_those_from_before(runner: asyncio.Runner) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGALRM)]
    alarms.run(runner, well())
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGALRM)] == before
