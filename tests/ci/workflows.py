"""The workflows that users copy, read as data; and a runner for the steps of one job."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / "ci/github/urushi.yml"
GITLAB = ROOT / "ci/gitlab/urushi.yml"
BASH = "/bin/bash"
COMMIT = "3f2a91c0d4e5b6a7988776655443322110ffeedd"


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def github_scripts() -> dict[str, str]:
    jobs = read(GITHUB)["jobs"]
    steps = [(f"{name}: {step['name']}", step["run"]) for name in jobs for step in jobs[name]["steps"] if "run" in step]
    return dict(steps)


def gitlab_scripts() -> dict[str, str]:
    """Each is one shell script, in which the lines follow each other."""
    parts = ("before_script", "script", "after_script")
    jobs = {name: job for name, job in read(GITLAB).items() if name != "variables"}
    return {f"{name}: {part}": "\n".join(job[part]) for name, job in jobs.items() for part in parts if part in job}


def commands(script: str, values: dict[str, str]) -> list[list[str]]:
    """The words of each urushi command, as a shell would hand them over."""
    joined = script.replace("\\\n", " ")
    lines = [line.strip() for line in joined.splitlines() if line.strip().startswith("urushi ")]
    plain = [re.split(r" > | \|\| ", line)[0] for line in lines]
    filled = [re.sub(r"\$\{?(\w+)\}?", lambda name: values[name[1]], line) for line in plain]
    return [shlex.split(line)[1:] for line in filled]


class Done(NamedTuple):
    """Of each step that was run, its exit code; and all that was printed."""

    codes: dict[str, int]
    log: str


def perform(job: dict[str, Any], folder: Path, **environment: str) -> Done:
    """As a runner does: each step in a shell of its own that ends at the first error, those after a failed one only if
    they ask for it. Actions, which only GitHub has, and the installation are left out."""
    tools = folder.parent / "tools"
    tools.mkdir()
    (tools / "urushi").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m harness.cli "$@"\n')
    (tools / "urushi").chmod(0o755)
    given = {**os.environ, **job.get("env", {}), **environment}
    given |= {"PATH": f"{tools}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    codes: dict[str, int] = {}
    log = ""
    for step in job["steps"]:
        if "run" not in step or step["name"] == "Install" or (any(codes.values()) and "if" not in step):
            continue
        shell = [BASH, "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        done = subprocess.run(shell, cwd=folder, env=given, capture_output=True, text=True, check=False, timeout=110)
        codes[step["name"]] = done.returncode
        log += done.stdout + done.stderr
    return Done(codes, log)
