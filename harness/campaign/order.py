"""What a campaign was asked for, and by which words its file knows it again."""

from functools import cache
from importlib import metadata
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import msgspec
from xxhash import xxh3_64

import checkers
import harness
import replicas
import workloads
from harness import run as runs
from harness import suite
from harness.campaign import ranges
from harness.campaign.ranges import Ranges
from harness.run import Prefer, Stage
from harness.worker import Job, PlanOf
from harness.wrong import Wrong

FOLDER = Path(".urushi/campaigns")


class Order(NamedTuple):
    seeds: Ranges
    scenario: str
    policy: str | None
    system: str | None
    flaw: str | None
    stage: Stage
    proxy: Prefer
    plan_of: PlanOf

    def job(self, seed: int) -> Job:
        return Job(seed, self.plan_of, self.stage, self.proxy)

    def words(self) -> dict[str, str]:
        return {
            "seeds": ranges.write(self.seeds),
            "scenario": self.scenario,
            "policy": self.policy or "",
            "system": self.system or "",
            "flaw": self.flaw or "",
            "stage": self.stage,
            "proxy": self.proxy,
        }


def run_command(words: dict[str, str], seed: int) -> str:
    options = [f"--{name} {words[name]}" for name in ("policy", "system", "flaw") if words[name]]
    options += [f"--proxy {words['proxy']}"] if words["proxy"] != "auto" else []
    return " ".join([f"urushi run {words['scenario']} --seed {seed} --stage {words['stage']}", *options])


def check(order: Order) -> str:
    """Refuses what cannot be run before anything starts. Returns the digest of the first plans: the same words may draw
    others, after a scenario's file was edited."""
    digest = xxh3_64()
    for seed in islice(ranges.seeds(order.seeds), suite.DRAWN_FIRST):
        plan = order.plan_of(seed)[0]
        runs.require_levers(plan, order.stage)
        digest.update(msgspec.msgpack.encode(plan))
    return digest.hexdigest()


def file_of(order: Order) -> Path:
    """The same order has the same file."""
    name = xxh3_64(msgspec.json.encode(order.words())).hexdigest()[:8]
    scenario = Path(order.scenario).stem.replace(":", "-")
    return FOLDER / f"{scenario}-{name}.sqlite"


@cache
def identity() -> str:
    """Of this Urushi: two with one version number may still differ in their code."""
    digest = xxh3_64()
    for package in (checkers, harness, replicas, workloads):
        folder = Path(next(iter(package.__path__)))
        for path in sorted((*folder.rglob("*.py"), *folder.rglob("*.toml"))):
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return f"{metadata.version('urushi')}, source {digest.hexdigest()[:8]}"


def latest() -> Path:
    files = sorted(FOLDER.glob("*.sqlite"), key=lambda path: path.stat().st_mtime)
    if not files:
        raise Wrong("FILE", f"there is no campaign in {FOLDER}", "name its file, or begin one: `urushi campaign`")
    return files[-1]
