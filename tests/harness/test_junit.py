"""JUnit XML: valid by the schemas of Surefire and Jenkins, complete, and honest about what was not run."""

import re
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.report import junit, pipeline
from harness.report.pipeline import Wanted
from harness.result import Finished, Result
from harness.run import Report, run
from harness.suite import Order
from tests.harness.commands import SIMULATED, nothing_started, urushi
from tests.harness.plans import small_plan


class Shape(NamedTuple):
    required: AbstractSet[str]
    optional: AbstractSet[str] = frozenset()
    children: str = ""
    text: bool = False


TIME = r"(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]{0,3})?"
# What both surefire-test-report-3.0.xsd and Jenkins' junit-10.xsd allow.
SCHEMA = {
    "testsuite": Shape(
        {"name", "tests", "failures", "errors", "skipped"}, {"time"}, "(properties )*(testcase )*"
    ),
    "properties": Shape(set(), children="(property )*"),
    "property": Shape({"name", "value"}),
    "testcase": Shape(
        {"name", "time"}, {"classname"}, "(failure )*(skipped )?(error )?(system-out )?(system-err )?"
    ),
    "failure": Shape({"type"}, {"message"}, text=True),
    "error": Shape({"type"}, {"message"}, text=True),
    "skipped": Shape(set(), {"message"}, text=True),
    "system-out": Shape(set(), text=True),
    "system-err": Shape(set(), text=True),
}  # fmt: skip


def problems(element: ET.Element) -> list[str]:
    shape, names = SCHEMA[element.tag], set(element.attrib)
    found = [f"{element.tag} has no {name}" for name in shape.required - names]
    found += [f"{element.tag} has {name}" for name in names - shape.required - shape.optional]
    children = "".join(f"{child.tag} " for child in element)
    if not re.fullmatch(shape.children, children):
        found.append(f"{element.tag} has the children {children}")
    if not shape.text and (element.text or "").strip():
        found.append(f"{element.tag} has text")
    if not re.fullmatch(TIME, element.get("time", "0")):
        found.append(f"time {element.get('time')}")
    return found + [problem for child in element for problem in problems(child)]


def written(order: Order, result: Result, folder: Path) -> ET.Element:
    path = folder / "junit.xml"
    junit.write(order, result, path)
    root = ET.parse(path).getroot()  # noqa: S314 - our own file
    assert root.tag == "testsuite"
    assert problems(root) == []
    return root


def order_of(*seeds: int, scenario: str = "small") -> Order:
    return Order(scenario, list(seeds), lambda _seed: (small_plan(), {}), "simulation", "auto")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return run(small_plan(), "simulation", runs=tmp_path_factory.mktemp("runs"))


def mixed(report: Report) -> Result:
    """Seeds 1 to 5: held, violated, inconclusive, failed, not run."""
    broken = msgspec.structs.replace(report.promises["convergence"], verdict="violated", violations=1)
    change = msgspec.structs.replace
    outcomes: list[Report | str] = [
        change(report, seed=1, verdict="holds", drawn={"cluster.nodes": "3"}),
        change(
            report,
            seed=2,
            verdict="violated",
            reasons=["convergence: r1 and r2 differ"],
            promises={**report.promises, "convergence": broken},
            stories=["VIOLATED  convergence\n  r1 & r2 <differ>.", "VIOLATED  another"],
        ),
        change(report, seed=3, verdict="unknown", reasons=["fault f1 (kill) was not applied: it lives"]),
        "TimeoutError: no answer\nLinkError: link r1: no",
    ]
    result = Result(not_run=[1, 2, 3, 4, 5], stopped="--fail-fast")
    for seed, outcome in enumerate(outcomes, 1):
        result.add(Finished(seed, outcome, seed + 0.25))
    return result


def test_each_outcome_has_its_element(report: Report, tmp_path: Path) -> None:
    root = written(order_of(1, 2, 3, 4, 5), mixed(report), tmp_path)
    counts = {name: root.get(name) for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "5", "failures": "1", "errors": "1", "skipped": "2"}
    assert root.get("time") == "11.000"
    cases = {case.get("name"): case for case in root.iter("testcase")}
    assert list(cases) == [f"seed {seed}" for seed in range(1, 6)]
    assert {case.get("classname") for case in cases.values()} == {"urushi.simulation.small"}
    assert [case.get("time") for case in cases.values()] == ["1.250", "2.250", "3.250", "4.250", "0.000"]
    assert [[child.tag for child in case] for case in cases.values()] == [
        ["system-out"],
        ["failure", "system-out"],
        ["skipped", "system-out"],
        ["error"],
        ["skipped"],
    ]
    (failure,) = root.iter("failure")
    assert failure.attrib == {"type": "convergence", "message": "convergence: r1 and r2 differ"}
    again = "Reproduce elsewhere:  urushi run small --seed 2 --stage simulation"
    assert failure.text == f"VIOLATED  convergence\n  r1 & r2 <differ>.\n\nVIOLATED  another\n\n{again}"
    (error,) = root.iter("error")
    assert (error.get("message"), error.text) == (
        "TimeoutError: no answer",
        "TimeoutError: no answer\nLinkError: link r1: no",
    )
    inconclusive, not_run = root.iter("skipped")
    assert inconclusive.get("message") == "inconclusive: fault f1 (kill) was not applied: it lives"
    assert not_run.get("message") == "not run: the suite was stopped by --fail-fast"


def test_what_the_seeds_have_in_common_and_what_each_drew(report: Report, tmp_path: Path) -> None:
    root = written(order_of(1, 2, 3, 4, 5), mixed(report), tmp_path)
    values = {each.get("name"): each.get("value") for each in root.iter("property")}
    assert (values["scenario"], values["stage"], values["proxy"]) == ("small", "simulation", "none")
    assert re.fullmatch(r"\d+\.\d+.*", values["version"] or "")
    assert values["drawn by seed 1"] == "cluster.nodes 3"
    assert [values[f"seed {seed}"] for seed in (1, 2, 3)] == [
        f"{verdict}, run {report.id}" for verdict in ("holds", "violated", "unknown")
    ]


def test_known_failures_are_skipped_and_fixed_ones_fail(report: Report, tmp_path: Path) -> None:
    result = mixed(report)
    result.known = {2: ("convergence: a bug (issue 7)",)}
    result.fixed = ["known failure 'x' did not happen in any of its 3 seeds: remove it"]
    root = written(order_of(1, 2, 3, 4, 5), result, tmp_path)
    counts = {name: root.get(name) for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "6", "failures": "1", "errors": "1", "skipped": "3"}
    assert next(root.iter("skipped")).get("message") == "known failure: convergence: a bug (issue 7)"
    *_, last = root.iter("testcase")
    assert (last.get("name"), [child.text for child in last]) == ("known failure 'x'", result.fixed)
    values = {each.get("name"): each.get("value") for each in root.iter("property")}
    assert values["seed 2"] == f"known, run {report.id}"


def test_a_run_says_what_was_injected_promised_and_measured(report: Report, tmp_path: Path) -> None:
    root = written(order_of(1, 2, 3, 4, 5), mixed(report), tmp_path)
    said = next(root.iter("system-out")).text or ""
    assert f"run {report.id} " in said
    assert all(f"fault {fault.id}: {fault.kind} " in said for fault in report.faults)
    assert all(f"\n{name}: " in said for name in report.promises)
    assert f"{report.operations['ok']} ok" in said


def in_xml(character: str) -> bool:
    """XML 1.0, production [2]."""
    code = ord(character)
    ranges = ((0x20, 0xD7FF), (0xE000, 0xFFFD), (0x10000, 0x10FFFF))
    return code in {0x9, 0xA, 0xD} or any(low <= code <= high for low, high in ranges)


@given(text=st.text(st.characters(), max_size=40))
def test_any_text_can_be_told(text: str, report: Report, tmp_path_factory: pytest.TempPathFactory) -> None:
    """What XML cannot hold is shown by its number; nothing else is changed but line ends, as XML does."""
    red = msgspec.structs.replace(
        report, seed=1, verdict="violated", reasons=[text], stories=[text], proxy=text, drawn={text: text}, flaw=text
    )
    result = Result(not_run=[1, 2])
    result.add(Finished(1, red, 1.0))
    result.add(Finished(2, text, 123456.7891))
    order = order_of(1, 2, scenario=text)
    root = written(order, result, tmp_path_factory.mktemp("xml"))
    shown = "".join(each if in_xml(each) else f"\\x{ord(each):02x}" for each in text)
    lines = shown.replace("\r\n", "\n").replace("\r", "\n")
    assert (next(root.iter("failure")).text or "").partition("\n\nReproduce elsewhere:  ")[0] == lines
    assert (next(root.iter("error")).text or "") == lines
    assert root.get("name") == f"urushi {shown}"


def test_what_was_measured_without_a_promise_is_told(report: Report, tmp_path: Path) -> None:
    promise = msgspec.structs.replace(
        report.promises["convergence"], verdict="not promised", why="anti-entropy is off", measured="violated"
    )
    result = Result(not_run=[1])
    promises = {**report.promises, "convergence": promise}
    result.add(Finished(1, msgspec.structs.replace(report, seed=1, promises=promises), 1.0))
    said = next(written(order_of(1), result, tmp_path).iter("system-out")).text or ""
    assert "convergence: not promised (anti-entropy is off), measured: violated" in said


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("nowhere/a.xml", "cannot write nowhere/a.xml: No such file or directory; make the folder nowhere first"),
        (".", "cannot write .: Is a directory; choose another path"),
    ],
)
def test_a_path_that_cannot_be_written_starts_nothing(path: str, said: str, tmp_path: Path) -> None:
    outcome = urushi(tmp_path, "suite", "calm", "--seeds", "1", *SIMULATED, "--junit", path)
    assert outcome.code == 2
    assert outcome.err == f"wrong: --junit: {said}\n"
    assert nothing_started(tmp_path)


def test_an_older_file_is_not_taken_for_ours(tmp_path: Path) -> None:
    """A suite that is killed leaves an empty file, which no reader takes for a green one."""
    path = tmp_path / "a.xml"
    path.write_text("<testsuite name='green'/>")
    pipeline.open_for(Wanted(junit=path))
    assert path.read_bytes() == b""


def test_wrong_usage_leaves_an_older_file_alone(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text("older")
    assert urushi(tmp_path, "suite", "lossy", "--seeds", "1", "--junit", "a.xml").code == 2
    assert (tmp_path / "a.xml").read_text() == "older"
