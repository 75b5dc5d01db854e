"""What is wrong with a system is said before anything is started, with its place and what to do."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from harness import plan as plans
from harness.faults.kinds import MS, Fault
from harness.systems.named import Own
from harness.systems.owning import over
from tests.harness.commands import nothing_started, urushi
from tests.harness.plans import small_plan
from tests.harness.systems.odd import describe, run


def changed(old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / "odd.toml"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    return change


WRONG: dict[str, tuple[Callable[[Path], None], tuple[str, ...], str]] = {
    "no file": (lambda folder: (folder / "odd.toml").unlink(), (), "--system: there is no file odd.toml in "),
    "no such key": (changed("settles_within", "settle_within"), (), "did you mean 'settles_within'?"),
    "no such placeholder": (changed("{port}", "{prot}"), (), "odd.toml: start: {prot} is filled in by nobody"),
    "no such promise": (
        changed("promises = []", 'promises = ["convergense"]'),
        (),
        "odd.toml: promises: 'convergense' cannot be judged of a system whose versions are not known",
    ),
    "no such program": (
        changed("client = [", "client = ['no-such-program', "),
        (),
        "odd.toml: client: 'no-such-program' is not on this machine; install it",
    ),
    "no program at its path": (
        changed("start = [", "start = ['./bin/store', "),
        (),
        "bin/store is no program that can be run",
    ),
    "no command": (changed("promises", "state = []\npromises"), ("--proxy", "nonsense"), "--proxy"),
    "no time": (changed('"0ms"', '"soon"'), (), "settles_within"),
    "two ways to be ready": (
        changed("settles_within", 'ready = { http = "/", line = "up" }\nsettles_within'),
        (),
        "odd.toml: ready: it has both http and line; write one of them",
    ),
    "the simulation": (
        lambda _: None,
        ("--stage", "simulation"),
        "--stage simulation: odd.toml can only be run as processes",
    ),
    "a flaw": (lambda _: None, ("--flaw", "stops-rounds"), "--flaw: it is of our store, and --system names another"),
    "a policy": (lambda _: None, ("--policy", "dynamo"), "--policy: it is of our store"),
}


@pytest.mark.parametrize(("change", "words", "said"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_refused(
    tmp_path: Path, change: Callable[[Path], None], words: tuple[str, ...], said: str
) -> None:
    describe(tmp_path)
    change(tmp_path)
    outcome = run(tmp_path, *words)
    assert outcome.code == 2, outcome.out
    assert said in outcome.said
    assert nothing_started(tmp_path)


CLASSES: dict[str, tuple[str, str]] = {
    "odd": ("", "'odd' is no system; write a .toml file, or a .py file, a colon and a class"),
    "odd.py": ("", "'odd.py' is no system"),
    "odd.py:Odd": ("import no_such_module", "odd.py: it cannot be imported: ModuleNotFoundError"),
    "odd.py:Even": (
        "from replicas.own import OwnStore\nclass Odd(OwnStore): ...",
        "odd.py:Even: there is none of this name that is a replicas.own.OwnStore; allowed: Odd",
    ),
    "./odd.py:Odd": (
        "from replicas.own import OwnStore\nclass Odd(OwnStore): ...",
        "Can't instantiate abstract class Odd",
    ),
}


@pytest.mark.parametrize(("name", "text", "said"), [(name, *each) for name, each in CLASSES.items()], ids=CLASSES)
def test_a_class_that_is_none_is_refused(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / "odd.py").write_text(text)
    outcome = urushi(tmp_path, "run", "calm", "--system", name)
    assert outcome.code == 2
    assert said in outcome.said
    assert nothing_started(tmp_path)


def test_a_demonstration_is_refused(tmp_path: Path) -> None:
    describe(tmp_path)
    outcome = urushi(tmp_path, "run", "demo:stops-rounds", "--system", "odd.toml")
    assert outcome.code == 2
    assert "a demonstration is of a flaw of our store" in outcome.said


def test_a_plan_carries_its_system(tmp_path: Path) -> None:
    describe(tmp_path, promises=["convergence"])
    plan = urushi(tmp_path, "plan", "short.toml", "--system", "odd.toml").document
    assert plan["system"] == {"file": "odd.toml", "promises": ["convergence"], "links": False, "disk": False}


def test_a_plan_of_our_own_store_is_as_it_was(tmp_path: Path) -> None:
    plans.write(small_plan(), tmp_path / "plan.json")
    assert b'"system"' not in (tmp_path / "plan.json").read_bytes()
    assert plans.read(tmp_path / "plan.json") == small_plan()


FAULTS = [
    Fault("f1", "isolate", ["r3"], 50 * MS, 200 * MS),
    Fault("f2", "kill", ["r3"], 250 * MS, 300 * MS),
    Fault("f3", "wipe", ["r1"], 350 * MS, 400 * MS),
    Fault("f4", "lost-request", ["r1"], 450 * MS, 500 * MS),
]


@pytest.mark.parametrize(
    ("links", "disk", "left"),
    [(True, True, "f1 f2 f3 f4"), (False, True, "f2 f3 f4"), (True, False, "f1 f2 f4"), (False, False, "f2 f4")],
)
def test_faults_that_a_system_cannot_have_are_left_out_in_words(links: bool, disk: bool, left: str) -> None:  # noqa: FBT001 - a case of the table
    plan = msgspec.structs.replace(small_plan(), faults=FAULTS)
    own = Own("odd.toml", [], links=links, disk=disk)
    drawn, words = over((plan, {"policy.hints": "handoff", "workload.keys": "1"}), own)
    assert [fault.id for fault in drawn.faults] == left.split()
    assert "policy.hints" not in words
    told = " ".join(f"{name} {value}" for name, value in words.items())
    assert ("without f1 (isolate) since its nodes cannot be told each other's addresses" in told) is not links
    assert ("without f3 (wipe) since its nodes keep nothing on a disk" in told) is not disk


def test_a_plan_with_a_fault_that_the_system_cannot_have_is_refused(tmp_path: Path) -> None:
    describe(tmp_path)
    plan = msgspec.structs.replace(small_plan(), system=Own("odd.toml", [], links=False, disk=False))
    plans.write(plan, tmp_path / "plan.json")
    outcome = urushi(tmp_path, "replay", "plan.json")
    assert outcome.code == 2
    assert "odd.toml cannot have fault f1 (isolate): its nodes cannot be told each other's addresses" in outcome.said
    assert nothing_started(tmp_path)
