"""Runs for the tests of their page."""

from pathlib import Path

import msgspec

from checkers import properties
from checkers.facts import gather
from checkers.history import History
from harness.plan import Plan
from harness.promises import judge
from harness.report.runpage.subject import Subject
from harness.run import assess
from harness.samples import Sample, write
from harness.scenario import draw, load
from harness.stages.simulation.stage import perform

HOSTILE = "</script><img src=x onerror=alert(1)>&amp;"


def plan(seed: int = 3, scenario: str = "default", flaw: str | None = None) -> Plan:
    return draw(load(scenario), scenario, seed, flaw)[0]


def subject(of: Plan, history: History, folder: Path) -> Subject:
    facts = gather(history)
    report = assess(of, facts, folder, proxy=None, drawn={})
    promises = judge(of, facts, {verdict.property: verdict for verdict in properties.judge(facts)})
    return Subject(of, facts, report, promises, folder)


def simulated(folder: Path, seed: int = 3, *, measured: bool = False, flaw: str | None = None) -> Subject:
    of = plan(seed, flaw=flaw)
    return subject(of, perform(of, measured=measured), folder)


def renamed(history: History, names: dict[str, str]) -> History:
    """Wherever a whole text is one of the names."""
    text = msgspec.json.encode(History(history.header, history.events)).decode()
    for old, new in names.items():
        text = text.replace(msgspec.json.encode(old).decode(), msgspec.json.encode(new).decode())
    return msgspec.json.decode(text, type=History)


def sampled(folder: Path, nodes: list[str]) -> None:
    """Every tenth of a second for two seconds: the first node spends a quarter of a core, the next half of it ..."""
    write(
        [
            Sample(tick * 10**8, node, tick * 10**8 // (4 << place), (50 + place) << 20, place * tick)
            for tick in range(21)
            for place, node in enumerate(nodes)
        ],
        folder,
    )
