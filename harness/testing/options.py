"""The options of the command line, and what is the same for all workers of a session."""

from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast

import pytest

from harness.testing import seeds

SEED = 1  # by default: a build is red because of what was changed
LAST = "urushi/last-failing-seed"  # in pytest's cache
STAGES = ("processes", "simulation")

Stage = Literal["processes", "simulation"]
Inconclusive = Literal["fail", "skip"]


class Settings(NamedTuple):
    """`many` and `stage` are None where the command line does not say."""

    seed: int
    many: int | None
    stage: Stage | None
    out: Path
    shrink: bool
    inconclusive: Inconclusive

    def words(self) -> str:
        """The options that a test needs to be the same again."""
        parts = [f"--urushi-seed {self.seed}"]
        parts += [f"--urushi-seeds {self.many}"] if self.many is not None else []
        parts += [f"--urushi-stage {self.stage}"] if self.stage is not None else []
        return " ".join(parts)


SETTINGS = pytest.StashKey[Settings]()


def add(parser: pytest.Parser) -> None:
    group = parser.getgroup("urushi", "Urushi: faults in replicated stores")
    group.addoption(
        "--urushi-seed",
        type=_seed,
        default=SEED,
        metavar="N|last|random",
        help=f"from which each test's own seeds are drawn (default {SEED}); last: that of the last session that failed",
    )
    group.addoption(
        "--urushi-seeds", type=_count, metavar="N", help="how many seeds each marked test gets, whatever its mark says"
    )
    group.addoption(
        "--urushi-stage", choices=STAGES, help="where tests run whose mark names no stage (default simulation)"
    )
    group.addoption(
        "--urushi-out", metavar="FOLDER", help="where the runs of failing tests are kept (default .urushi/runs)"
    )
    group.addoption(
        "--urushi-shrink", action="store_true", help="search the smallest plan that breaks the same promise"
    )
    group.addoption(
        "--urushi-inconclusive",
        choices=("fail", "skip"),
        default="fail",
        help="what becomes of a test whose run tells nothing (default fail); it never passes",
    )


def _seed(text: str) -> int | str:
    if text in ("last", "random"):
        return text
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise ArgumentTypeError(f"{text!r} is no seed: write a whole number of up to 18 digits, last or random")
    return int(text)


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= seeds.MANY):
        raise ArgumentTypeError(f"{text!r} is no number of seeds: write 1 to {seeds.MANY}")
    return int(text)


def settings_of(config: pytest.Config) -> Settings:
    """A worker of pytest-xdist has them from its controller: `random` means one seed for all."""
    told = getattr(config, "workerinput", {}).get("urushi")
    option = config.getoption
    seed, out = (told["seed"], told["out"]) if told else (_chosen(config), _out(config))
    stage, inconclusive = option("--urushi-stage"), option("--urushi-inconclusive")
    return Settings(seed, option("--urushi-seeds"), stage, Path(out), bool(option("--urushi-shrink")), inconclusive)


def for_worker(settings: Settings) -> dict[str, Any]:
    return {"seed": settings.seed, "out": str(settings.out)}


def _chosen(config: pytest.Config) -> int:
    seed = config.getoption("--urushi-seed")
    if seed == "random":
        return seeds.fresh()
    if seed != "last":
        return int(seed)
    cache = cache_of(config)
    last = cache.get(LAST, None) if cache else None
    if last is None:
        raise pytest.UsageError("--urushi-seed last: no session has failed here yet; write a number, or random")
    return cast("int", last)


def cache_of(config: pytest.Config) -> pytest.Cache | None:
    """None where the plugin of pytest that keeps it is turned off."""
    return getattr(config, "cache", None)


def _out(config: pytest.Config) -> Path:
    """Not relative: a test may change its working directory."""
    return config.invocation_params.dir / (config.getoption("--urushi-out") or ".urushi/runs")
