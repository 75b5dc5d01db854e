"""`urushi check FILE --model …` and `urushi export`, as a user sees them."""

import json
import re
from pathlib import Path

import pytest

from checkers import files
from checkers.calls import Call, OutOfBudget, calls_of
from checkers.formats import table
from checkers.formats.choices import Choices
from checkers.models.table import MODELS, Model
from checkers.verdict import Verdict, conclude
from harness.commands import limits
from harness.commands.limits import Limits
from harness.wrong import Wrong
from tests.harness.commands import ROOT, Outcome, stored, urushi

HISTORY = """\
{:type :invoke, :f :write, :value 1, :process 0, :index 0}
{:type :ok, :f :write, :value 1, :process 0, :index 1}
{:type :invoke, :f :read, :value nil, :process 1, :index 2}
{:type :ok, :f :read, :value %s, :process 1, :index 3}
{:type :info, :f :kill, :value "n1", :process :nemesis, :index 4}
"""


def check(folder: Path, text: str, *words: str, model: str = "register") -> Outcome:
    (folder / "history.edn").write_text(text, encoding="utf-8")
    return urushi(folder, "check", "history.edn", "--model", model, *words)


def test_a_history_that_holds(tmp_path: Path) -> None:
    outcome = check(tmp_path, HISTORY % "1")
    assert outcome.code == 0
    assert "operations: 2 ok, 0 failed, 0 unknown; processes: 2; in the order of their index" in outcome.out
    assert "operations of :nemesis, which is no client, left out: 1" in outcome.out
    assert outcome.out.endswith("HOLDS   model register   edn history.edn\n")
    assert not (tmp_path / ".urushi").exists()


def test_a_violation_names_the_calls_that_prove_it(tmp_path: Path) -> None:
    outcome = check(tmp_path, HISTORY % "[2 :b]", "--keys", "none")
    assert outcome.code == 1
    assert "VIOLATED  linearizability   model register" in outcome.out
    assert re.search(r'^ +3  1 +read +→ \[2,":b"\]  ok +2   3$', outcome.out, re.MULTILINE), outcome.out
    document = check(tmp_path, HISTORY % "2", "--json").document
    assert (document["verdict"], document["model"], document["order"]) == ("violated", "register", "index")
    (broken,) = document["properties"]["linearizability"]["violations"]
    read = broken["calls"][-1]
    assert (read["line"], read["process"], read["function"], read["said"]) == (3, "1", "read", "→ 2")
    assert document["operations"] == {"ok": 2, "failed": 0, "unknown": 0}


def test_what_there_is_at_first(tmp_path: Path) -> None:
    """A write that nobody recorded: it is not counted, and shown if it proves something."""
    history = HISTORY.replace(":write", ":read") % "0"
    outcome = check(tmp_path, history.replace("1,", "0,", 2), "--initial", "0")
    assert outcome.code == 0
    assert "operations: 2 ok" in outcome.out
    assert check(tmp_path, history, "--initial", "1").code == 1
    assert check(tmp_path, history.replace("value 0", "value nil"), "--initial", "1").code == 1
    assert check(tmp_path, HISTORY % "nil").code == 1
    assert check(tmp_path, HISTORY % "nil", "--nil", "unknown").code == 0
    txn = '{:type :invoke :process 0 :f :txn :value [[:r :x nil] [:r "y" nil]]}\n'
    told = txn.replace("invoke", "ok").replace("nil", "7")
    assert check(tmp_path, txn + told, model="multi-register").code == 1
    assert check(tmp_path, txn + told, "--initial", "7", model="multi-register").code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("history.edn", ["--model", "history.edn is a file, and no run", "say what to judge it as: register,"]),
        ("history.edn --nil unknown", ["--nil is for histories of a model, and no model is given"]),
        ("history.edn --model registre", ["--model", "no model 'registre'", "did you mean 'register'?"]),
        ("history.edn --model register --format ednn", ["--format", '"auto"', 'Did you mean "edn"?']),
        ("history.edn --model register --property x", ["--property", "a register has no property 'x'"]),
        ("history.edn --property x", ["--property is for histories of a model"]),
        ("history.edn --model register --nil null", ["--nil", '"value", "unknown"']),
        ("history.edn --model register --keys x", ["--keys", '"auto", "tuples", "none"']),
        ("history.edn --model register --initial [", ["--initial", "'[' is no value"]),
        ("history.edn --model set --initial 1", ["--initial", "a set is empty at first"]),
        ("history.edn --model register --time-limit soon", ["--time-limit", "'soon' is no time"]),
        ("history.edn --model register --memory-limit big", ["--memory-limit", "'big' is no amount", "2GiB"]),
        ("history.edn --model register --memory-limit 0", ["--memory-limit", "'0' is no amount"]),
        ("history.edn --model register --format minimal", ["history.edn, line 1: no operation"]),
        ("history.edn --model set", ["history.edn, line 1: the model does not know the function 'write'"]),
        ("nowhere --model register", ["there is no run 'nowhere'"]),
        (". --model register", ["there is no run '.'"]),
    ],
)  # fmt: skip
def test_wrong_usage(words: str, said: list[str], tmp_path: Path) -> None:
    (tmp_path / "history.edn").write_text(HISTORY % "1", encoding="utf-8")
    outcome = urushi(tmp_path, "check", *words.split())
    assert (outcome.code, outcome.out) == (2, "")
    for part in said:
        assert part in outcome.said


def _what_our_store_does(model: str) -> bool:
    return {"read", "write", "delete"} <= set(MODELS[model].functions)


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (model, name)
        for model in sorted(MODELS)
        for name in sorted(table.FORMATS)
        if name != "urushi" or _what_our_store_does(model)
    ],
)
def test_every_model_judges_every_format(model: str, name: table.Name, tmp_path: Path) -> None:
    functions = MODELS[model].functions
    if name == "urushi":
        run = stored(tmp_path)
        path = Path(run["folder"]) / "history.jsonl"
    else:
        path = tmp_path / "history"
        path.write_text(_first_of(functions, name), encoding="utf-8")
    outcome = urushi(tmp_path, "check", str(path), "--model", model, "--json")
    assert outcome.code in (0, 3), outcome.err
    assert outcome.document["verdict"] == ("holds" if outcome.code == 0 else "unknown")
    assert sum(outcome.document["operations"].values()) == (300 if name == "urushi" else 1)
    assert outcome.document["format"] == name
    assert set(outcome.document["properties"]) == set(MODELS[model].checks)


def _first_of(functions: tuple[str, ...], name: table.Name) -> str:
    """One operation, of the function that the model has first."""
    values = {"txn": ("[[:r :x nil]]", [["r", "x", None]]), "cas": ("[1 2]", [1, 2]), "contains": ("1", 1)}
    edn, plain = values.get(functions[0], ("1", 1) if functions[0] not in ("read", "generate") else ("nil", None))
    lines = []
    for kind in ("invoke", "info"):
        if name == "edn":
            lines.append(f"{{:process 0, :type :{kind}, :f :{functions[0]}, :value {edn}}}")
        elif name == "text":
            lines.append(f"INFO  jepsen.util - 0\t:{kind}\t:{functions[0]}\t{edn}")
        else:
            lines.append(json.dumps({"process": 0, "type": kind, "f": functions[0], "value": plain}))
    return "\n".join(lines) + "\n"


def test_a_run_is_judged_by_a_model_too(tmp_path: Path) -> None:
    run = stored(tmp_path)
    outcome = urushi(tmp_path, "check", run["id"], "--model", "register", "--json")
    assert outcome.document["file"].endswith("history.jsonl")
    assert sum(outcome.document["operations"].values()) == sum(run["operations"].values())
    (Path(run["folder"]) / "history.jsonl").unlink() if Path(run["folder"]).is_absolute() else (
        tmp_path / run["folder"] / "history.jsonl"
    ).unlink()
    assert "the run has no history" in urushi(tmp_path, "check", run["id"], "--model", "register").said


def test_the_example_of_the_guide_is_what_one_sees(tmp_path: Path) -> None:
    guide = (ROOT / "docs/guides/check-any-history.md").read_text(encoding="utf-8")
    shown, lines, *_ = re.findall(r"^```\n(.*?)^```$", guide, re.DOTALL | re.MULTILINE)
    (tmp_path / "history.jsonl").write_text(lines, encoding="utf-8")
    outcome = urushi(tmp_path, "check", "history.jsonl", "--model", "register", "--property", "linearizability")
    assert outcome.code == 1
    assert outcome.out.startswith(shown)


def test_the_library_of_the_guide_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    guide = (ROOT / "docs/guides/check-any-history.md").read_text(encoding="utf-8")
    code = "\n".join(line[4:] for line in guide.partition("## As a library")[2].splitlines() if line.startswith("    "))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "history.edn").write_text(HISTORY % "1", encoding="utf-8")
    said: list[tuple[str, ...]] = []
    exec(code, {"print": lambda *words: said.append(words)})  # noqa: S102 - the guide's own lines
    assert ("linearizability", "holds", "") in said


@pytest.mark.parametrize("model", sorted(MODELS))
def test_the_guide_knows_every_model_and_function(model: str) -> None:
    guide = (ROOT / "docs/guides/check-any-history.md").read_text(encoding="utf-8")
    assert f"`{model}`" in guide
    assert all(f"`{function}`" in guide for function in MODELS[model].functions)


def test_one_property_of_many(tmp_path: Path) -> None:
    """A store need not be linearizable to be good: who asks for less gets an exit code for that."""
    stale = (HISTORY % "1") + (HISTORY % "1").replace("value 1", "value 2").replace(":index ", ":index 1")
    late = stale.replace(":read, :value 2", ":read, :value 1")
    assert check(tmp_path, stale).code == 0
    assert check(tmp_path, late).code == 1
    both = ["--property", "monotonic reads", "--property", "read your writes"]
    outcome = check(tmp_path, late, *both, "--json")
    assert outcome.code == 0
    assert list(outcome.document["properties"]) == ["read your writes", "monotonic reads"]


def test_a_verdict_over_nothing_is_unknown(tmp_path: Path) -> None:
    only_a_failure = "".join(f"{{:type {kind}, :f :write, :value 1, :process 0}}\n" for kind in (":invoke", ":fail"))
    outcome = check(tmp_path, only_a_failure)
    assert outcome.code == 3
    assert "nothing was looked at" in outcome.out


def test_a_value_that_a_model_cannot_take_is_said_with_the_file(tmp_path: Path) -> None:
    outcome = check(tmp_path, HISTORY.replace(":write", ":add") % "1", model="set")
    assert outcome.code == 2
    assert "wrong: history.edn: call 3 is a read of a set that did not return a list" in outcome.said


def _slow(calls: object, out_of_budget: OutOfBudget) -> Verdict:
    """Goes on until it is told to stop."""
    del calls
    while (reason := out_of_budget()) is None:
        pass
    return conclude("patience", [], 0, reason)


def test_a_time_limit_makes_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MODELS, "slow", Model("never done", ("read", "write"), {"patience": _slow}))
    outcome = check(tmp_path, HISTORY % "1", "--time-limit", "0.2s", model="slow")
    assert outcome.code == 3
    assert re.search(r"patience +unknown +0 +it took longer than 0.2 s \(--time-limit\)", outcome.out)
    assert "UNKNOWN   model slow" in outcome.out


def test_a_memory_limit_makes_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a check uses beyond what reading needed."""

    def hungry(calls: object, out_of_budget: OutOfBudget) -> Verdict:
        held = []
        while not out_of_budget():
            held.append(bytearray(1_000_000))
            assert len(held) < 2_000
        return _slow(calls, out_of_budget)

    monkeypatch.setitem(MODELS, "hungry", Model("wants all", ("read", "write"), {"patience": hungry}))
    used = Limits(None, None)._used()
    outcome = check(tmp_path, HISTORY % "1", "--memory-limit", str(used + 300_000_000), model="hungry")
    assert outcome.code == 3
    assert "it took more memory than" in outcome.out
    assert "(--memory-limit)" in outcome.out


def test_the_time_limit_counts_while_the_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter(range(10**9))
    monkeypatch.setattr(limits, "monotonic", lambda: next(ticks))
    outcome = check(tmp_path, (HISTORY % "1") * 3_000, "--time-limit", "1s")
    assert outcome.code == 3
    assert "the file was not read to its end: it took longer than 1 s (--time-limit)" in outcome.out


def test_a_file_that_needs_too_much_memory_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "history.edn").open("wb") as file:
        file.write(b"{:type")
        file.truncate(2**40)  # a hole: it takes no room on the disk
    outcome = urushi(tmp_path, "check", "history.edn", "--model", "register")
    assert (outcome.code, outcome.out) == (2, "")
    assert "to judge it takes about 12288.0 GiB of memory, and this machine has" in outcome.said
    assert "allow more with --memory-limit" in outcome.said
    monkeypatch.setattr(limits, "free_memory", lambda: 1000)
    assert "this machine has 900 bytes to spare" in check(tmp_path, HISTORY % "1").said


@pytest.mark.parametrize(("most", "free"), [("5000", 2000), ("1000", 0), ("max", None), ("", None)])
def test_memory_is_that_of_the_control_group(
    most: str, free: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = limits.free_memory()
    (tmp_path / "max").write_text(f"{most}\n", encoding="ascii")
    (tmp_path / "current").write_text("3000\n", encoding="ascii")
    monkeypatch.setattr(limits, "_GROUP_LIMITS", ((str(tmp_path / "max"), str(tmp_path / "current")), ("no", "where")))
    found = limits.free_memory()
    assert found == free if free is not None else found > whole // 2


def test_reading_ends_when_memory_does() -> None:
    """The estimate may be too low."""
    limit = Limits(None, 2**60)
    limit.pause()
    limit._most = 1000
    with pytest.raises(Wrong, match=r"takes more memory than 1,000 bytes, and --memory-limit is 1073741824\.0 GiB"):
        limit.pause()


@pytest.mark.parametrize(
    ("text", "size"),
    [("1000", 1000), ("5kB", 5000), ("3MiB", 3 * 2**20), ("2 GiB", 2**31), ("1gb", 10**9), ("7B", 7)],
)
def test_amounts_of_memory(text: str, size: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given: list[int | None] = []

    class Spy(Limits):
        def __init__(self, time_s: float | None, memory_bytes: int | None) -> None:
            given.append(memory_bytes)
            super().__init__(time_s, None)

    monkeypatch.setattr("harness.commands.checking.Limits", Spy)
    assert check(tmp_path, HISTORY % "1", "--memory-limit", text).code == 0
    assert given == [size]


def test_an_exported_run_reads_back_as_the_same_calls(tmp_path: Path) -> None:
    run = stored(tmp_path, "default")
    outcome = urushi(tmp_path, "export", run["id"], "history.edn")
    assert outcome.code == 0
    history = files.read(tmp_path / run["folder"] / "history.jsonl")
    ours = calls_of(history)
    functions = MODELS["register"].functions
    theirs = table.read(tmp_path / "history.edn", "edn", functions, Choices(), lambda: None).calls
    text = (tmp_path / "history.edn").read_text(encoding="utf-8")
    assert f"wrote {text.count(chr(10))} lines to history.edn" in outcome.out.replace(",", "")
    assert len(ours) == len(theirs) > 100
    sessions: dict[str, set[str]] = {}
    for our, their in zip(ours, theirs, strict=True):
        sessions.setdefault(their.process, set()).add(our.process)
        assert their.function == ("write" if our.function == "delete" else our.function)
        assert (their.key, their.value, their.result, their.outcome) == (our.key, our.value, our.result, our.outcome)
    assert all(len(clients) == 1 for clients in sessions.values())
    assert {"ok", "unknown"} <= {call.outcome for call in ours}
    order = [(call.start, "start") for call in ours] + [(call.end, "end") for call in ours if call.end]
    assert len(order) == len({place for place, _ in order})
    assert _ranks(ours) == _ranks(theirs)


def _ranks(calls: list[Call]) -> list[tuple[int, int | None]]:
    """The order of starts and ends, without the places of what an export leaves out."""
    places = sorted(place for call in calls for place in (call.start, call.end) if place is not None)
    rank = {place: number for number, place in enumerate(places)}
    return [(rank[call.start], None if call.end is None else rank[call.end]) for call in calls]


def test_an_export_writes_over_nothing(tmp_path: Path) -> None:
    run = stored(tmp_path)
    (tmp_path / "mine.edn").write_text("mine", encoding="utf-8")
    outcome = urushi(tmp_path, "export", run["id"], "mine.edn")
    assert (outcome.code, outcome.out) == (2, "")
    assert "mine.edn: there is a file of this name" in outcome.said
    assert (tmp_path / "mine.edn").read_text(encoding="utf-8") == "mine"
    assert "this cannot be written" in urushi(tmp_path, "export", run["id"], "no/where.edn").said
    assert "there is no run" in urushi(tmp_path, "export", "nowhere", "mine.edn").said
