"""The command, as a user sees it: an exit code, standard output and standard error."""

import contextlib
import io
import json
import os
import re
import subprocess
import sys
import time  # noqa: TID251 - real processes have deadlines
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import psutil

from harness.cli import main

ROOT = Path(__file__).parents[2]
SIMULATED = ("--stage", "simulation")
BROKEN = "demo:purges-unconfirmed"


class Outcome(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """Standard error without frames and line breaks, which depend on the width."""
        return " ".join(re.sub("[│╭╮╰╯─]", " ", self.err).split())

    @property
    def document(self) -> Any:
        """Standard output as the one JSON document that it must be."""
        return json.loads(self.out)


def urushi(folder: Path, *words: str) -> Outcome:
    """In this process, which saves its start."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = _code_of_main(list(words))
    return Outcome(code, out.getvalue(), err.getvalue())


def _code_of_main(words: list[str]) -> int:
    with mock.patch.object(sys, "argv", ["urushi", *words]):
        try:
            main()
        except SystemExit as ended:
            return int(ended.code or 0)
    raise AssertionError("main ended without an exit code")


def stored(folder: Path, scenario: str = "calm") -> dict[str, Any]:
    """A run of this scenario, by its document."""
    outcome = urushi(folder, "run", scenario, *SIMULATED, "--json")
    document = outcome.document
    assert isinstance(document, dict)
    return document


def urushi_process(
    folder: Path, *words: str, stdout: int = subprocess.PIPE, deadline_s: float = 60, **environment: str
) -> Outcome:
    """In a process of its own: for what starts processes itself, or writes to another standard output."""
    done = subprocess.run(
        [sys.executable, "-m", "harness.cli", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=deadline_s,
    )
    return Outcome(done.returncode, done.stdout or "", done.stderr)


def urushi_started(folder: Path, *words: str) -> subprocess.Popen[str]:
    """For who wants to do something to it while it runs."""
    command = [sys.executable, "-m", "harness.cli", *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=pipe, stderr=pipe, text=True)


def living_in(folder: Path) -> list[str]:
    """The commands of all processes that work below a folder: what a suite has started and not ended."""
    found: list[str] = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()).is_relative_to(folder):
                found.append(" ".join(process.cmdline()))
    return found


def left_in(folder: Path) -> list[str]:
    """The same once all that ends has ended, which may take a moment after the harness is gone."""
    until = time.monotonic() + 60
    while living_in(folder) and time.monotonic() < until:
        time.sleep(0.1)
    return living_in(folder)


def nothing_started(folder: Path) -> bool:
    return not (folder / ".urushi").exists()
