"""A folder with the odd store in it, and a run of it that takes a second."""

import sys
from collections.abc import Sequence
from pathlib import Path

from tests.harness.commands import Outcome, urushi

HERE = Path(__file__).parent
SHORT = """
cluster = { nodes = 2, n = 2 }
workload = { operations = 20, clients = 2, keys = 2 }
faults = { count = 0 }
phases = { unrest = "300ms", client_timeout = "200ms" }
"""


def python(program: str, *words: str) -> list[str]:
    return [sys.executable, "-I", "-S", str(HERE / program), *words]


def describe(
    folder: Path, *, store: Sequence[str] = (), client: Sequence[str] = (), more: str = "", promises: Sequence[str] = ()
) -> Path:
    """`store` and `client` say how they misbehave."""
    path = folder / "odd.toml"
    start = python("odd_store.py", "{host}", "{port}", *store)
    path.write_text(
        f"start = {start}\nclient = {python('odd_client.py', *client)}\npromises = {list(promises)}\n"
        f'settles_within = "0ms"\n{more}\n'
    )
    (folder / "short.toml").write_text(SHORT)
    return path


def run(folder: Path, *words: str) -> Outcome:
    return urushi(folder, "run", "short.toml", "--system", "odd.toml", *words)
