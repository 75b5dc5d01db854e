"""A store of the user's that does not do what it should: which part, its last words, the log, what to do."""

from pathlib import Path

import pytest

import harness.stages.processes.owned as stage
from tests.harness.commands import living_in, urushi
from tests.harness.systems.odd import describe, python, run

pytestmark = pytest.mark.processes
SOON = '[ready]\nwithin = "1s"'
ONE_OBJECT = "one JSON object a line is expected for each request"


def test_a_sound_one_holds(tmp_path: Path) -> None:
    describe(tmp_path)
    outcome = run(tmp_path, "--json")
    assert outcome.code == 0, outcome.err
    assert outcome.document["promises"]["stays up"]["verdict"] == "holds"
    assert outcome.document["operations"]["failed"] == 0
    assert outcome.document["system"] == "odd.toml"


NOT_DRIVEN: dict[str, tuple[dict[str, object], tuple[str, ...]]] = {
    "a node ends at once": (
        {"store": ["ends at once"]},
        ("odd.toml: ", "ended (exit code 1) while waiting for r", "log.txt", "no licence was found"),
    ),
    "a node is never ready": (
        {"store": ["is never ready"], "more": SOON},
        ("odd.toml: waited 1 s for process", "it is running", "when it is ready", "warming up"),
    ),
    "a node is not well": (
        {"store": ["is not well"], "more": f'{SOON}\nhttp = "/health"'},
        ("odd.toml: waited 1 s for process", "open for business"),
    ),
    "a node never says that it is ready": (
        {"more": f'{SOON}\nline = "at your service"'},
        ("odd.toml: waited 1 s for process", "open for business"),
    ),
    "a client prints garbage": (
        {"client": ["prints garbage"]},
        ("the client of c", "'Connected to the server!', which is no JSON object", ONE_OBJECT),
    ),
    "a client prints a list": ({"client": ["prints a list"]}, ("'[1, 2]', which is no JSON object", ONE_OBJECT)),
    "a client answers nobody": (
        {"client": ["answers nobody"]},
        ("424242", "whose op answers no open request", ONE_OBJECT),
    ),
    "a client has an outcome of its own": (
        {"client": ["has an outcome of its own"]},
        ("its reply to op", "Invalid enum value 'great'", ONE_OBJECT),
    ),
    "a client reads a number": ({"client": ["reads a number"]}, ("Expected `str | null`, got `int`", "$.value")),
    "a client leaves out the outcome": (
        {"client": ["leaves out the outcome"]},
        ("Object missing required field `outcome`", ONE_OBJECT),
    ),
    "a client ends": (
        {"client": ["ends"]},
        ("the client of c", "it closed its output (it ended: exit code 1)", "client-c", "no route to the moon"),
    ),
    "the state is garbage": (
        {"more": "state = ['/bin/echo', 'all is well']"},
        ("the command for the state of r", "its output is no JSON object", "print one of keys and values"),
    ),
    "the state never comes": (
        {"more": "state = ['/bin/sleep', '1000']"},
        ("the command for the state of r", "it has not closed its output within 0.5 s", "let it end by itself"),
    ),
}


@pytest.mark.parametrize(("odd", "said"), NOT_DRIVEN.values(), ids=NOT_DRIVEN)
def test_what_cannot_be_driven_is_no_verdict(
    tmp_path: Path, odd: dict[str, object], said: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.systems.declared.STATE_DEADLINE_S", 0.5)
    describe(tmp_path, **odd)  # type: ignore[arg-type]
    outcome = run(tmp_path)
    assert outcome.code == 4, outcome.out
    for words in (*said, "your system could not be driven", ".urushi/runs/"):
        assert " ".join(words.split()) in outcome.said
    assert "the harness itself failed" not in outcome.said


def test_a_node_that_ends_of_itself_is_a_finding(tmp_path: Path) -> None:
    describe(tmp_path, store=["ends in the middle"])
    outcome = run(tmp_path, "--json")
    assert outcome.code == 1, outcome.err
    [reason] = [each for each in outcome.document["reasons"] if each.startswith("stays up")]
    assert "ended of itself (exit code 7), its last words: 'panic: index out of range'" in reason
    assert "log.txt" in reason
    assert "VIOLATED  stays up" in outcome.document["stories"][0]


def test_a_node_that_hangs_makes_the_run_say_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "READ_PATIENCE_S", 0.5)
    describe(tmp_path, store=["hangs in the middle"])
    outcome = run(tmp_path, "--json")
    assert outcome.code == 3, outcome.err
    assert any(" did not answer to a read of " in reason for reason in outcome.document["reasons"])


def test_a_client_that_is_silent_makes_the_run_say_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "READ_PATIENCE_S", 0.5)
    describe(tmp_path, client=["is silent"])
    outcome = run(tmp_path, "--json")
    assert outcome.code == 3, outcome.err
    assert "not one operation succeeded" in outcome.document["reasons"]
    assert any("no reply within 0.2 s" in reason for reason in outcome.document["reasons"])


def test_one_client_for_all_sessions_may_answer_in_any_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two sessions wait at a time, so that a reply that is given to the other one would show. The final reads come one
    by one, and the second of a pair never does."""
    monkeypatch.setattr(stage, "READ_PATIENCE_S", 0.1)
    describe(tmp_path, client=["turns replies round"], more="shared_client = true")
    document = run(tmp_path, "--json").document
    assert document["operations"]["ok"] >= 2
    assert len(list(tmp_path.glob(".urushi/runs/*/clients/client-shared*.log"))) == 1


def test_nothing_of_a_store_that_forks_is_left(tmp_path: Path) -> None:
    describe(tmp_path, store=["forks"])
    assert run(tmp_path).code == 0
    assert living_in(tmp_path) == []


MINE = """
from replicas.own import OwnStore
from replicas.system import Reply

class Session:
    async def ask(self, op, kind, key, value, level, context=None):
        {ask}

    def close(self):
        pass

class Mine(OwnStore):
    promises = ()
    settles_within_s = 0.0

    def prepare(self, node, incarnation, listen, links, folder):
        return {start} + [listen.host, str(listen.port)]

    async def connect(self, address, session, deadline_s):
        return Session()
"""


def mine(folder: Path, ask: str) -> Path:
    describe(folder)
    path = folder / "mine.py"
    path.write_text(MINE.format(ask=ask, start=python("odd_store.py")))
    return path


OF_PYTHON: dict[str, tuple[str, int, str]] = {
    "it answers": ("return Reply('ok')", 0, "HOLDS"),
    "it raises": ("return {}['k']", 4, "mine.py:Mine: the client c1.1: it raised KeyError: 'k'; correct it"),
    "it returns something else": ("return 'ok'", 4, "it returned 'ok' to op"),
    "it refuses": ("return Reply('failed', error='no quorum')", 3, "not one operation succeeded"),
}


@pytest.mark.parametrize(("ask", "code", "said"), OF_PYTHON.values(), ids=OF_PYTHON)
def test_a_class_of_python(tmp_path: Path, ask: str, code: int, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "READ_PATIENCE_S", 0.2)
    mine(tmp_path, ask)
    outcome = urushi(tmp_path, "run", "short.toml", "--system", "mine.py:Mine")
    assert outcome.code == code, outcome.err
    assert said in outcome.said + " ".join(outcome.out.split())
