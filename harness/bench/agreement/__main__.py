"""`ci/agreement`: the two stages side by side, and as JSON or Markdown in the file that is named."""

import sys
from pathlib import Path

import msgspec
from rich.console import Console

from harness.bench.agreement.performing import Outcome, compare_stages
from harness.bench.agreement.report import calibration, conclusion, markdown, table


def main() -> int:
    """1: something differs."""
    words, console = Console(stderr=True), Console(width=None if sys.stdout.isatty() else 160)
    outcome = compare_stages(lambda line: words.print(line, style="dim"))
    console.print(table(outcome))
    console.print(calibration(outcome), highlight=False)
    console.print(conclusion(outcome), highlight=False)
    for name in sys.argv[1:]:
        write(outcome, Path(name))
    return 1 if outcome.differing() else 0


def write(outcome: Outcome, path: Path) -> None:
    if path.suffix == ".md":
        path.write_text(markdown(outcome), encoding="utf-8")
    else:
        path.write_bytes(msgspec.json.format(msgspec.json.encode(outcome), indent=1) + b"\n")


if __name__ == "__main__":
    sys.exit(main())
