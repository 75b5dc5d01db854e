"""Tests, as users write them, of a store that is not ours: that of the guide."""

import shutil

import pytest

from tests.harness.testing.sessions import ROOT, Session, session

pytestmark = pytest.mark.xdist_group("own system")  # what is made for the module is made once

TESTS = """
import time

import pytest
from harness.testing.by_hand import NotMended
from harness.wrong import Wrong

@pytest.mark.urushi(scenario="cuts.toml", system="store.toml", stage="processes")
def test_run(urushi_run):
    raise NotImplementedError("what is broken is not looked at")

@pytest.mark.urushi(scenario="cuts.toml", system="careful.toml")
def test_run_of_the_careful(urushi_run):
    assert urushi_run.report.stage == "processes"
    assert urushi_run.report.system == "careful.toml"

@pytest.mark.urushi(system="store.toml")
def test_by_hand(urushi_cluster):
    cut_and_heal(urushi_cluster)

@pytest.mark.urushi(system="careful.toml")
def test_by_hand_of_the_careful(urushi_cluster):
    cut_and_heal(urushi_cluster)
    assert urushi_cluster.values("k") == {"r1": "v", "r2": "v", "r3": "v"}
    with pytest.raises(Wrong, match="does not tell what it holds; give it a `state`, or read"):
        urushi_cluster.copies("r1")

def cut_and_heal(cluster):
    cluster.cut("r3")
    assert cluster.write("k", "v", at="r1").outcome == "ok"
    time.sleep(0.5)  # in which its peers are told
    assert cluster.read("k", at="r3").value is None
    cluster.heal()
    cluster.wait_until_mended()

@pytest.mark.urushi(system="careful.toml", scenario="five.toml")
def test_every_node_is_asked_for_a_key(urushi_cluster):
    assert urushi_cluster.plan.cluster.n == 3
    assert list(urushi_cluster.values("k")) == ["r1", "r2", "r3", "r4", "r5"]

@pytest.mark.urushi(system="told.toml")
def test_state(urushi_cluster):
    urushi_cluster.write("k", "v", at="r1")
    assert urushi_cluster.copies("r1")["k"].value == "told"

@pytest.mark.urushi(system="store.toml", stage="simulation")
def test_wrong_stage(urushi_run):
    pass

@pytest.mark.urushi(system="store.toml")
def test_wrong_fixture(urushi_world):
    pass

@pytest.mark.urushi(system="store.toml", flaw="skips-repair")
def test_wrong_flaw(urushi_cluster):
    pass

@pytest.mark.urushi(system="gone.toml")
def test_wrong_file(urushi_cluster):
    pass

@pytest.mark.urushi(system="dies.toml")
def test_undrivable(urushi_cluster):
    pass
"""


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Session:
    folder = tmp_path_factory.mktemp("theirs")
    for file in (ROOT / "examples/naive").iterdir():
        shutil.copy(file, folder)
    careful = (folder / "careful.toml").read_text()
    (folder / "told.toml").write_text(careful + """state = ["printf", '{"k":"told"}']\n""")
    (folder / "five.toml").write_text("cluster = { nodes = 5, n = 3 }\n")
    (folder / "dies.toml").write_text(careful.replace("store.pl", "no-such.pl"))
    (folder / "test_store.py").write_text(TESTS)
    return session(folder, "-v")


def test_what_holds_passes_and_what_is_broken_fails(theirs: Session) -> None:
    assert theirs.counts() == {"failed": 2, "passed": 4, "error": 5}, theirs.out


def test_a_broken_promise_of_theirs_is_told_as_one_of_ours(theirs: Session) -> None:
    assert "VIOLATED  convergence" in theirs.out
    assert "not looked at" not in theirs.out


def test_by_hand_it_is_said_who_holds_what(theirs: Session) -> None:
    what = "the replicas have not mended in the 1 s that the system is given (settles_within): of k, "
    assert what + "r1 has 'v', r2 has 'v', r3 has None" in theirs.out
    assert "1 s to mend have passed" in theirs.out


@pytest.mark.parametrize(
    "said",
    [
        "wrong: --stage simulation: store.toml can only be run as processes",
        "wrong: --flaw: it is of our store, and --system names another",
        "wrong: --system: there is no file gone.toml in ",
        "the system could not be driven: dies.toml: ",
    ],
)
def test_what_cannot_be_is_said_in_a_line(theirs: Session, said: str) -> None:
    assert said in theirs.out
