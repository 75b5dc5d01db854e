"""The foot of a run's page: all that was drawn, each fault, what replicas counted, and the files."""

import re
import shutil
from pathlib import Path
from urllib.parse import unquote

import msgspec
import pytest

from harness import plan as plans
from harness.mixtures import Exponential
from harness.report.runpage import written
from harness.run import Report
from harness.systems.named import Own
from replicas.store.policy import Policy
from tests.harness.report import runs
from tests.harness.report.parsed import Parsed

BESIDE_THE_DATA = 400_000


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return runs.holding(tmp_path_factory.mktemp("held"))


@pytest.fixture(scope="module")
def page(held: Report) -> Parsed:
    return runs.shown(held)


def test_every_parameter_that_was_drawn_is_told(page: Parsed, held: Report) -> None:
    rows = [each.text() for each in page.all("tr")]
    assert len(held.drawn) > 40
    for name, value in held.drawn.items():
        assert f"{name.partition('.')[2].replace('_', ' ') or name} {value}" in rows


def test_of_a_plan_that_was_not_drawn_all_is_told_at_once(tmp_path: Path) -> None:
    page = runs.shown(runs.broken(tmp_path))
    assert "Nothing in it was drawn" in page.named("plan").text()
    rows = [each.text() for each in page.all("tr")]
    assert {"operations 3 (1 put, 1 delete, 1 get)", "dc1 r1 r2 r3", "delay max 2 ms", "sync min 0.05 ms"} <= set(rows)


def test_settings_that_differ_stand_beside_their_default(page: Parsed, held: Report) -> None:
    policy = plans.read(Path(held.folder) / "plan.json").policy
    differ = [name for name in Policy.__struct_fields__ if getattr(policy, name) != getattr(Policy(), name)]
    (table,) = page.all("table", "policy")
    for name in differ:
        words = re.sub("_(ns|ppm|bytes)$", "", name).replace("_", " ")
        assert words in table.text()
    for mechanism in ("read repair", "hints", "anti entropy", "purge"):
        assert mechanism in table.text()


def test_of_somebody_elses_system_no_settings_of_ours_are_told(held: Report, tmp_path: Path) -> None:
    folder = shutil.copytree(held.folder, tmp_path / "run")
    own = Own("store.toml", ["convergence"], links=False, disk=True)
    plans.write(msgspec.structs.replace(plans.read(folder / "plan.json"), system=own), folder / "plan.json")
    page = Parsed(Path(written.write(folder).partition("#")[0]).read_text(encoding="utf-8"))
    text = page.named("plan").text()
    assert "file store.toml claimed convergence links no fault can come between its nodes disk outlives" in text
    assert not page.all("table", "policy")
    for ours in ("settings that are as by default", "Network", "Disks", "mend within"):
        assert ours not in text


def test_each_fault_is_a_row_that_leads_to_its_band(page: Parsed, held: Report) -> None:
    (table,) = page.all("table", "faults")
    for fault in held.faults:
        told = f"{fault.id} {fault.kind} {' '.join(fault.targets)} {fault.start_s:.3f} s {fault.end_s:.3f} s"
        assert told in table.text()
        assert page.links()[fault.id] == f"#fault-{fault.id}"


def test_what_anybody_counted_is_a_row(page: Parsed, held: Report) -> None:
    (table,) = page.all("table", "metrics")
    nodes = list(held.metrics)
    for name in held.metrics[nodes[0]]:
        counts = [held.metrics[node].get(name, 0) for node in nodes]
        row = f"{name.replace('_', ' ')} {' '.join(f'{count:,}' for count in counts)}"
        assert (row in table.text()) == any(counts)


def test_links_to_files_lead_to_files(held: Report) -> None:
    folder = Path(held.folder)
    (folder / "r1").mkdir()
    (folder / "r1" / "a log?#<b>.txt").write_text("")
    found = runs.shown(held).links()
    linked = {unquote(link) for link in found.values() if not link.startswith("#")}
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert linked == there - {written.PAGE}


def test_a_page_elsewhere_says_where_the_files_are(tmp_path: Path) -> None:
    report = runs.broken(tmp_path)
    written.write(Path(report.folder), tmp_path / "elsewhere.html")
    page = Parsed((tmp_path / "elsewhere.html").read_text(encoding="utf-8"))
    assert str(Path(report.folder).absolute()) in page.named("plan").text()
    assert all(link.startswith("#") for link in page.links().values())


def test_what_stands_beside_the_data_is_small(held: Report) -> None:
    page = runs.shown(held)
    whole = written.write(Path(held.folder))
    assert Path(whole).stat().st_size - len(page.named("data").parts[0]) < BESIDE_THE_DATA


def test_many_files_are_counted_not_listed(tmp_path: Path) -> None:
    report = runs.broken(tmp_path)
    for number in range(400):
        (Path(report.folder) / f"{number}.log").write_text("")
    left_out = sum(1 for path in Path(report.folder).iterdir() if path.is_file()) - 300
    text = runs.shown(report).named("plan").text()
    assert left_out > 100
    assert f"and {left_out} more in {Path(report.folder).absolute()}" in text


def test_a_file_that_links_out_of_the_folder_is_not_listed(tmp_path: Path) -> None:
    report = runs.broken(tmp_path)
    (Path(report.folder) / "secret.txt").symlink_to("/etc/hostname")
    assert "secret.txt" not in runs.shown(report).links()


def test_mixtures_of_delays_are_told(tmp_path: Path) -> None:
    report = runs.broken(tmp_path)
    path = Path(report.folder) / "plan.json"
    plan = plans.read(path)
    network = msgspec.structs.replace(plan.network, delays={"all": [Exponential(1_000_000, 1_660)]})
    plans.write(msgspec.structs.replace(plan, network=network), path)
    assert '"share_ppm":1000000' in runs.shown(report).named("plan").text()
