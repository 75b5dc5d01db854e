"""Sessions of pytest in a repository of somebody else's, in processes of their own."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

ROOT = Path(__file__).parents[3]
PLUGIN = ("-p", "no:urushi", "-p", "harness.plugin", "-p", "no:randomly")  # also where it is installed already
DEADLINE_S = 60
PATIENCE_S = 20


class Session(NamedTuple):
    code: int
    out: str

    def counts(self) -> dict[str, int]:
        """Of the last line."""
        last = self.out.rstrip().rpartition("\n")[2]
        return {what.rstrip("s"): int(many) for many, what in re.findall(r"(\d+) ([a-z]+)", last.partition(" in ")[0])}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pytest", *PLUGIN, *arguments]


def environment(folder: Path) -> dict[str, str]:
    """The folder's name marks every process of the session."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "MARK": str(folder), "COLUMNS": "140"}


def session(folder: Path, *arguments: str) -> Session:
    done = subprocess.run(
        command(*arguments), cwd=folder, env=environment(folder), stdout=-1, stderr=subprocess.STDOUT, text=True,
        timeout=DEADLINE_S, check=False,
    )  # fmt: skip
    return Session(done.returncode, done.stdout)


@contextmanager
def begun(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        command(*arguments), cwd=folder, env=environment(folder), stdout=-1, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    ) as running:  # fmt: skip
        try:
            yield running
        finally:
            if running.poll() is None:
                os.killpg(running.pid, signal.SIGKILL)


def properties(junit: Path) -> dict[str, dict[str, str]]:
    """Of each test, by its name."""
    cases = ET.parse(junit).getroot().iter("testcase")  # noqa: S314 - pytest has just written it
    return {
        case.attrib["name"]: {each.attrib["name"]: each.attrib["value"] for each in case.iter("property")}
        for case in cases
    }
