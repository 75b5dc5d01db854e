"""`python -P -m harness.stages.processes.links.standin --host H --port P [--seed N]`."""

import argparse
import asyncio
import resource
import signal
import sys

import uvloop

from harness.stages.processes.links.standin.api import api
from harness.stages.processes.links.standin.web import serve


def main() -> int:
    parser = argparse.ArgumentParser(prog="standin", description="A stand-in for toxiproxy-server 2.12.")
    parser.add_argument("--host", default="localhost", help="where the API listens")
    parser.add_argument("--port", type=int, default=8474)
    parser.add_argument("--seed", type=int, default=0, help="what toxicity, jitter and slices are drawn from")
    asked = parser.parse_args()
    _, descriptors_max = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors_max, descriptors_max))  # a connection takes two
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run(asked.host, asked.port, asked.seed))


async def _run(host: str, port: int, seed: int) -> int:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    try:
        server = await serve(host, port, api(seed))
    except OSError as error:
        print(f"the API cannot listen on {host}:{port}: {error}; choose another --host or --port", file=sys.stderr)  # noqa: T201 - this is the program's terminal
        return 1
    await stopped.wait()
    server.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
