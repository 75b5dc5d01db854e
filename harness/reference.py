"""Writes docs/reference from the code: commands, lists, and the shapes of plan, history and verdict."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec

from checkers import history
from harness import progress
from harness.plan import Plan
from harness.report.lists import LISTS
from harness.run import Report
from harness.samples import Sample

COMMANDS = (
    "run",
    "suite",
    "canary",
    "campaign",
    "campaign report",
    "compare",
    "study",
    "zoo",
    "replay",
    "shrink",
    "explain",
    "pin",
    "watch",
    "report",
    "view",
    "check",
    "plan",
    "export",
    "list",
    "doctor",
)
NOTE = "<!-- Written by ci/reference from the code: do not edit. -->\n\n"


def commands() -> str:
    parts = ["# Commands\n"]
    for command in COMMANDS:
        shown = subprocess.run(
            [sys.executable, "-m", "harness.cli", *command.split(), "--help"],
            env={"COLUMNS": "110", "NO_COLOR": "1", "TERM": "dumb", "PYTHONPATH": str(Path.cwd())},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
        text = "\n".join(line.rstrip() for line in shown.strip().splitlines())
        parts.append(f"## urushi {command}\n\n```\n{text}\n```\n")
    return "\n".join(parts)


def lists() -> str:
    parts = ["# What there is\n"]
    for name, rows in LISTS.items():
        shown = rows()
        titles = list(shown[0])
        lines = [f"| {' | '.join(titles)} |", f"|{'---|' * len(titles)}"]
        lines += [f"| {' | '.join(row.values())} |" for row in shown]
        parts.append(f"## {name}\n\n" + "\n".join(lines) + "\n")
    return "\n".join(parts)


def shapes() -> str:
    """Field by field, as msgspec knows them."""
    parts = ["# Files and documents\n"]
    chapters: tuple[tuple[str, str, Any], ...] = (
        ("plan.json", "Everything that a run will do.", Plan),
        ("verdict.json, and what `urushi run --json` prints", "The verdict of one run.", Report),
        ("history.jsonl, the first line", "The header.", history.Header),
        ("history.jsonl, every other line", "One event; `event` says which.", history.AnyEvent),
        ("samples.jsonl", "What was seen of each replica from outside, a few times a second.", Sample),
        ("progress.jsonl", "How a run on processes goes, told while it does: for `urushi watch`.", progress.Line),
    )
    for title, about, shape in chapters:
        _, definitions = msgspec.json.schema_components([shape])
        lines = [_definition(name, schema) for name, schema in definitions.items()]
        parts.append(f"## {title}\n\n{about}\n\n" + "\n".join(lines))
    return "\n".join(parts)


def _definition(name: str, schema: dict[str, Any]) -> str:
    about = re.sub(r"\s+", " ", schema.get("description", "")).strip()
    if "properties" not in schema:
        return f"**{name}**: {about or 'a list'}: {', '.join(_word(each) for each in schema.get('prefixItems', []))}\n"
    rows = [f"| `{field}` | {_word(each)} |" for field, each in schema["properties"].items()]
    return f"**{name}**: {about}\n\n| field | type |\n|---|---|\n" + "\n".join(rows) + "\n"


def _word(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return " or ".join(_word(each) for each in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(f"`{each}`" for each in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_word(schema.get('items') or {})}" if schema.get("items") else "list"
    if schema.get("type") == "object":
        return f"object of {_word(schema.get('additionalProperties') or {})}"
    return str(schema.get("type", "anything"))


PAGES = {"commands.md": commands, "lists.md": lists, "files.md": shapes}


def write(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        (folder / name).write_text(NOTE + page(), encoding="utf-8")


if __name__ == "__main__":
    write(Path("docs/reference"))
