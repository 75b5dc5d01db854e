"""Artefacts: which runs are copied, in which order, and never more than was asked for."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.known import let_through
from harness.report import artefacts
from harness.run import Report
from tests.harness.judged import broken, held, of, order_of, result_of, unknown
from tests.harness.test_known import known

KINDS: dict[str, Callable[[], Report]] = {"broken": broken, "unknown": unknown, "held": held}


def a_run(folder: Path, seed: int, kind: str, size: int) -> Report:
    """In two files, one of them in a folder."""
    run = folder / "runs" / f"run{seed}"
    (run / "r1").mkdir(parents=True)
    (run / "history.jsonl").write_bytes(b"h" * (size // 2))
    (run / "r1" / "log").write_bytes(b"l" * (size - size // 2))
    return of(seed, KINDS[kind](), run.name, run)


def bytes_in(folder: Path) -> int:
    return sum(os.path.getsize(Path(where) / name) for where, _, names in os.walk(folder) for name in names)  # noqa: PTH202


@given(
    asked=st.lists(st.tuples(st.sampled_from(list(KINDS)), st.integers(0, 60)), max_size=7),
    most=st.integers(0, 200),
    before=st.integers(0, 50),
)
def test_the_smallest_first_and_never_too_much(
    asked: list[tuple[str, int]], most: int, before: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("artefacts")
    runs = {seed: a_run(folder, seed, *each) for seed, each in enumerate(asked)}
    out = folder / "out"
    out.mkdir()
    (out / "junit.xml").write_bytes(b"j" * before)
    copied = artefacts.copy(result_of(runs, order_of(*runs)), out, most)
    assert bytes_in(out) <= max(most, before)
    assert set(copied.runs) == {path.name for path in out.iterdir()} - {"junit.xml"}
    room = most - before
    for kind in ("broken", "unknown"):
        sizes = {f"run{seed}": size for seed, (each, size) in enumerate(asked) if each == kind}
        left = [size for name, size in sizes.items() if name not in copied.runs]
        taken = [size for name, size in sizes.items() if name in copied.runs]
        room -= sum(taken)
        assert not left or max(taken, default=0) <= min(left)
        assert not left or min(left) > room, "what is less urgent has taken its place"
    assert not {f"run{seed}" for seed, (kind, _) in enumerate(asked) if kind == "held"} & set(copied.runs)
    missing = sum(kind != "held" for kind, _ in asked) - len(copied.runs)
    many = f"{missing} runs" if missing > 1 else "one run"
    assert (f"): {many}: " in "\n".join(copied.words)) == bool(missing)


def test_a_copy_is_whole(tmp_path: Path) -> None:
    result = result_of({1: a_run(tmp_path, 1, "broken", 9)}, order_of(1))
    copied = artefacts.copy(result, tmp_path / "out", 100)
    assert copied.runs == {"run1": tmp_path / "out" / "run1"}
    assert (tmp_path / "out/run1/r1/log").read_bytes() == b"lllll"
    assert copied.words == [f"artefacts: one run in {tmp_path / 'out'}, 0.0 MB"]


def test_known_failures_are_not_copied(tmp_path: Path) -> None:
    order = order_of(1)._replace(known=partial(let_through, known(1)))
    result = result_of({1: a_run(tmp_path, 1, "broken", 9)}, order)
    assert artefacts.copy(result, tmp_path / "out", 100) == ({}, [])


def test_what_was_not_kept_is_not_missed(tmp_path: Path) -> None:
    result = result_of({1: of(1, broken())}, order_of(1))
    assert artefacts.copy(result, tmp_path / "out", 100) == ({}, [])
