"""Which server is found, where, and what is said when there is none."""

import sys
from pathlib import Path

import pytest

from harness.stages.processes.links import server
from harness.stages.processes.links.server import BINARY, VARIABLE, NoServer, ServerChoice, argv, find


def program(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return str(path)


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A place without any server."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setattr(server, "CHECKOUT", tmp_path / "checkout")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "venv" / "bin" / "python"))


def test_places_are_tried_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each program added comes before those that were there."""
    assert find("auto").name == "stand-in"
    for place in ("checkout/.tools", ".tools", "venv/bin", "path"):
        path = program(tmp_path / place / BINARY)
        assert find("auto").command == find("toxiproxy").command == (path,)
    path = program(tmp_path / "elsewhere" / "proxy")
    monkeypatch.setenv(VARIABLE, path)
    assert find("auto").command == (path,)
    assert VARIABLE in find("auto").found


def test_the_variable_may_hold_a_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = program(tmp_path / "here" / "proxy")
    monkeypatch.setenv(VARIABLE, "here/proxy")
    assert find("toxiproxy").command == (path,)


def test_a_file_that_cannot_be_run_is_no_server(tmp_path: Path) -> None:
    Path(program(tmp_path / "path" / BINARY)).chmod(0o644)
    assert find("auto").name == "stand-in"


def test_a_missing_server_is_an_error_that_says_where_and_how(tmp_path: Path) -> None:
    with pytest.raises(NoServer) as raised:
        find("toxiproxy")
    for words in (
        VARIABLE,
        "PATH",
        str(tmp_path / "venv"),
        ".tools",
        "ci/toxiproxy",
        "--proxy stand-in",
    ):
        assert words in str(raised.value)


@pytest.mark.parametrize("prefer", ["auto", "toxiproxy"])
def test_a_wrong_variable_is_an_error_even_where_another_server_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prefer: str
) -> None:
    program(tmp_path / "path" / BINARY)
    monkeypatch.setenv(VARIABLE, "missing/proxy")
    with pytest.raises(NoServer, match="missing/proxy"):
        find("auto" if prefer == "auto" else "toxiproxy")


def test_the_stand_in_needs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "missing/proxy")
    assert find("stand-in").name == "stand-in"


def test_both_are_started_with_a_host_and_a_port() -> None:
    real = ServerChoice("toxiproxy", ("/x/toxiproxy-server",), "")
    assert argv(real, "127.0.0.1", 7) == ["/x/toxiproxy-server", "-host", "127.0.0.1", "-port", "7"]
    own = [sys.executable, "-P", "-m", "harness.stages.processes.links.standin", "--host", "127.0.0.1", "--port", "7"]
    assert argv(find("stand-in"), "127.0.0.1", 7) == own
