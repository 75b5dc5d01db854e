"""What is said on standard error when Urushi stops early: wrong input, or a failure of the harness itself."""

import os
import shutil
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from harness.systems.misbehaved import Misbehaved

FULL_BYTES = 1_000_000


def say(line: str) -> None:
    """`line` may have markup."""
    Console(stderr=True).print(line, highlight=False, soft_wrap=True)


def words(problem: BaseException) -> str:
    """Tasks that ran side by side fail as a group."""
    if isinstance(problem, BaseExceptionGroup):
        return "\n".join(words(each) for each in problem.exceptions)
    return f"{type(problem).__name__}: {problem}"


def tell(problem: Exception, runs: Path) -> None:
    say(f"[bold red]failed:[/] {escape(words(problem))}")
    latest = max(runs.glob("*/plan.json"), key=lambda path: path.stat().st_mtime, default=None)
    where = f"; the latest run's folder, {escape(str(latest.parent))}, has what was recorded" if latest else ""
    say(f"{'your system could not be driven' if _is_theirs(problem) else 'the harness itself failed'}{where}")
    say_if_disk_full(runs)
    if os.environ.get("URUSHI_TRACEBACK"):
        Console(stderr=True).print_exception()


def _is_theirs(problem: BaseException) -> bool:
    if isinstance(problem, BaseExceptionGroup):
        return all(_is_theirs(each) for each in problem.exceptions)
    return isinstance(problem, Misbehaved)


def say_if_disk_full(runs: Path) -> None:
    """What fails first on a full disk is often something else: a replica that ends without a word in its log."""
    folder = (runs if runs.exists() else Path()).absolute()
    free = shutil.disk_usage(folder).free
    if free < FULL_BYTES:
        say(f"the disk of {escape(str(folder))} is full: {free:,} bytes are free; free some space and try again")
