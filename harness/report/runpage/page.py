"""Puts the page of a run together: verdict first, then what happened, in one file that opens without a network."""

from pathlib import Path
from typing import Any

from harness.report import html
from harness.report.runpage import plan, timeline, verdict
from harness.report.runpage.subject import Subject

_SECTIONS: tuple[str, ...] = (  # their templates, in the order in which they stand
    "run/verdict.html",
    "run/plan.html",
)
_STYLES = ("shared/base.css", "run/run.css", "run/verdict.css", "run/plan.css")
_SCRIPTS = ("shared/svg.js", "shared/frame.js", "shared/unpack.js", "run/state.js", "run/verdict.js", "run/start.js")


def write(subject: Subject, path: Path) -> None:
    path.write_text(page(subject, path), encoding="utf-8")


def page(subject: Subject, path: Path) -> str:
    """`path` is where it will be, or be served."""
    data: dict[str, Any] = {"timeline": timeline.section(subject)}
    told = {"verdict": verdict.section(subject), "plan": plan.section(subject, path)}
    values = {"it": subject.report, "sections": _SECTIONS, "data": html.packed(data), **told}
    return html.render("run/run.html", _STYLES, _SCRIPTS, values)
