"""`urushi view` over real sockets: what it answers, what it refuses, and that nothing of it stays."""

import http.client
import os
import re
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from harness.report.runpage import written
from harness.report.runpage.subject import Subject
from harness.report.view import server
from harness.report.view.server import ADDRESS, Served, serving
from harness.run import Report
from harness.wrong import Wrong
from tests.harness.commands import urushi, urushi_started
from tests.harness.report import runs
from tests.harness.report.parsed import Parsed

DEADLINE_S = 30


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes


Ask = Callable[..., Answer]


@contextmanager
def served(folder: Path) -> Iterator[Served]:
    """Its thread is seen to end."""
    with serving(folder, 0) as it:
        thread = threading.Thread(target=it.serve_forever, args=(0.01,))
        thread.start()
        yield it
        it.shutdown()
        thread.join(DEADLINE_S)
        assert not thread.is_alive()


def ask(it: Served, path: str, method: str = "GET", **headers: str) -> Answer:
    connection = http.client.HTTPConnection(ADDRESS, it.port, timeout=DEADLINE_S)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return Answer(answer.status, answer.headers, body)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return runs.broken(tmp_path_factory.mktemp("view") / "runs")


@pytest.fixture(scope="module")
def folder(report: Report) -> Path:
    """With a secret beside it, and ways to it."""
    found = Path(report.folder).parent
    (found.parent / "secret.txt").write_text("secret")
    (found / report.id / "out.txt").symlink_to(found.parent / "secret.txt")
    (found / "away").symlink_to(found.parent)
    os.mkfifo(found / report.id / "pipe.log")
    return found


@pytest.fixture
def it(folder: Path) -> Iterator[Served]:
    with served(folder) as found:
        yield found


def test_the_list_leads_to_the_page_and_the_page_to_the_files(it: Served, report: Report) -> None:
    links = Parsed(ask(it, "/").body.decode()).links()
    assert links == {report.id: f"runs/{report.id}/"}
    answer = ask(it, f"/runs/{report.id}/")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    page = Parsed(answer.body.decode())
    assert page.named("h-verdict").text() == "Broken: purge soundness, on key k3"
    for name in ("plan.json", "verdict.json", "history.jsonl"):
        file = ask(it, f"/runs/{report.id}/{page.links()[name]}")
        assert file.body == (Path(report.folder) / name).read_bytes()
        assert file.headers["Content-Type"] == "text/plain; charset=utf-8"


def test_a_run_without_its_slash_is_sent_on(it: Served, report: Report) -> None:
    answer = ask(it, f"/runs/{report.id}")
    assert (answer.status, answer.headers["Location"]) == (302, f"/runs/{report.id}/")


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/runs/../secret.txt",
        "/runs/../../secret.txt",
        "/runs/%2e%2e/secret.txt",
        "/runs/%2e%2e%2fsecret.txt",
        "/runs/..%2f..%2fsecret.txt",
        "/runs/%252e%252e/secret.txt",
        "/runs/RUN/../../secret.txt",
        "/runs/RUN/%2e%2e/%2e%2e/secret.txt",
        "/runs/RUN/./plan.json",
        "/runs/RUN//plan.json",
        "/runs/RUN/plan.json/",
        "/runs/RUN/plan.json%00.txt",
        "/runs/RUN/..\\..\\secret.txt",
        "/runs/RUN/out.txt",
        "/runs/RUN/pipe.log",
        "/runs/away/secret.txt",
        "/runs/away/",
        "/runs//etc/passwd",
        "/runs/%2fetc%2fpasswd",
        "//etc/passwd",
        "/etc/passwd",
        "/runs/",
        "/runs",
        "/runs/nothing/",
        "/favicon.ico",
    ],
)
def test_nothing_outside_of_the_folder_is_read(path: str, it: Served, report: Report) -> None:
    answer = ask(it, path.replace("RUN", report.id))
    assert answer.status == 404
    assert b"secret" not in answer.body
    assert b"root:" not in answer.body


def test_a_name_that_is_too_long_is_no_file(it: Served) -> None:
    assert ask(it, f"/runs/{'x' * 5000}/").status == 404


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "[::1]", "localhost.", "localhost,evil"]
)
def test_another_name_for_this_machine_is_refused(host: str, it: Served, report: Report) -> None:
    """A page of elsewhere whose name leads to 127.0.0.1 since just now could read all of it otherwise."""
    for path in ("/", f"/runs/{report.id}/plan.json"):
        answer = ask(it, path, Host=host)
        assert answer.status == 403
        assert report.id.encode() not in answer.body


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "localhost:9999"])
def test_its_own_names_are_answered(host: str, it: Served) -> None:
    assert ask(it, "/", Host=host).status == 200


def test_nothing_can_be_sent_to_it(it: Served) -> None:
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert ask(it, "/", method).status == 501


def test_who_asks_for_the_head_gets_no_body(it: Served, report: Report) -> None:
    answer = ask(it, f"/runs/{report.id}/plan.json", "HEAD")
    size = (Path(report.folder) / "plan.json").stat().st_size
    assert (answer.status, answer.body, answer.headers["Content-Length"]) == (200, b"", str(size))


def test_a_page_is_made_once_as_long_as_its_files_are_the_same(
    it: Served, report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Path] = []
    read = written.read

    def counted(folder: Path) -> Subject:
        made.append(folder)
        return read(folder)

    monkeypatch.setattr(written, "read", counted)
    first, again = (ask(it, f"/runs/{report.id}/").body for _ in range(2))
    assert first == again
    assert len(made) == 1
    verdict = Path(report.folder) / "verdict.json"
    os.utime(verdict, ns=(0, verdict.stat().st_mtime_ns + 1))
    ask(it, f"/runs/{report.id}/")
    assert len(made) == 2
    assert not (Path(report.folder) / "report.html").exists(), "to look at a run leaves nothing in its folder"


def test_a_run_that_did_not_end_says_so(tmp_path: Path) -> None:
    report = runs.broken(tmp_path)
    (Path(report.folder) / "verdict.json").unlink()
    with served(tmp_path) as it:
        assert "unfinished" in ask(it, "/").body.decode()
        answer = ask(it, f"/runs/{report.id}/")
    assert answer.status == 422
    assert "the run has no verdict: it did not end" in answer.body.decode()


def test_a_history_that_is_broken_is_said_and_the_rest_is_served(tmp_path: Path) -> None:
    report = runs.broken(tmp_path)
    (Path(report.folder) / "history.jsonl").write_text("<b>no history</b>\n")
    with served(tmp_path) as it:
        answer = ask(it, f"/runs/{report.id}/")
        assert answer.status == 422
        assert "<b>" not in answer.body.decode()
        assert ask(it, "/").status == 200


def test_a_failure_of_ours_is_said_and_the_rest_is_served(
    it: Served, report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_folder: Path) -> None:
        raise ZeroDivisionError("by <nothing>")

    monkeypatch.setattr(written, "read", fail)
    answer = ask(it, f"/runs/{report.id}/")
    assert answer.status == 500
    assert "ZeroDivisionError: by &lt;nothing&gt;" in answer.body.decode()
    assert ask(it, "/").status == 200


def test_who_says_nothing_does_not_keep_it_from_ending(folder: Path) -> None:
    """A browser opens connections in advance."""
    before = threading.active_count()
    with served(folder) as it:
        silent = [socket.create_connection((ADDRESS, it.port)) for _ in range(3)]
        assert ask(it, "/").status == 200
    assert threading.active_count() == before
    for each in silent:
        assert each.recv(1) == b""
        each.close()


def test_who_goes_away_in_the_middle_is_no_error(it: Served, report: Report, capfd: pytest.CaptureFixture[str]) -> None:
    for _ in range(5):
        with socket.create_connection((ADDRESS, it.port)) as connection:
            connection.sendall(f"GET /runs/{report.id}/ HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    assert ask(it, "/").status == 200
    assert capfd.readouterr().err == ""


def test_it_listens_on_loopback_alone(it: Served) -> None:
    assert it.server_address[0] == "127.0.0.1"


def test_a_port_that_is_taken_is_refused_with_the_remedy(it: Served, folder: Path) -> None:
    with pytest.raises(Wrong, match=rf"--port: port {it.port} of 127.0.0.1 is taken already; end what has it, or name"):
        serving(folder, it.port).__enter__()


def test_what_cannot_be_served_is_refused(tmp_path: Path) -> None:
    outcome = urushi(tmp_path, "view", "--no-open")
    assert outcome.code == 2
    assert ".urushi/runs: there is no such folder of runs; `urushi run` makes one" in outcome.said
    outcome = urushi(tmp_path, "view", ".", "--port", "65536", "--no-open")
    assert (outcome.code, "--port: 65536 is no port; 0 to 65535 are possible" in outcome.said) == (2, True)


def test_the_command_ends_with_ctrl_c_and_leaves_nothing(folder: Path) -> None:
    process = urushi_started(folder.parent, "view", "runs", "--port", "0", "--no-open")
    assert process.stdout is not None
    said = process.stdout.readline()
    found = re.search(r"http://127\.0\.0\.1:(\d+)/", said)
    assert found, said
    connection = http.client.HTTPConnection("127.0.0.1", int(found[1]), timeout=DEADLINE_S)
    connection.request("GET", "/")
    assert connection.getresponse().status == 200
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=DEADLINE_S)
    assert (process.returncode, out.strip(), err) == (0, "ended", "")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(found[1])))


def test_a_browser_is_opened_only_where_there_is_a_display(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    server.open_browser("http://127.0.0.1:1/")
    assert opened == []
    monkeypatch.setenv("DISPLAY", ":0")
    server.open_browser("http://127.0.0.1:1/")
    assert opened == ["http://127.0.0.1:1/"]
