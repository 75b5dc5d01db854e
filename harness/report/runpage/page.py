"""Puts the page of a run together: verdict first, then what happened, in one file that opens without a network."""

from pathlib import Path
from typing import Any

from harness.report import html
from harness.report.runpage import divergence, performance, timeline
from harness.report.runpage.subject import Subject

_SECTIONS = ("run/divergence.html", "run/performance.html")  # their templates, in the order in which they stand
_STYLES = ("shared/base.css", "run/run.css", "run/charts.css")
_CHARTS = ("moves", "curves", "heat", "stacked", "latency", "sections")
_SCRIPTS = (
    *("shared/svg.js", "shared/frame.js", "shared/unpack.js", "run/state.js"),
    *("run/charts.js", *(f"run/charts-{part}.js" for part in _CHARTS)),
    "run/start.js",
)


def write(subject: Subject, path: Path) -> None:
    path.write_text(page(subject), encoding="utf-8")


def page(subject: Subject) -> str:
    data: dict[str, Any] = {
        "timeline": timeline.section(subject),
        "divergence": divergence.section(subject),
        "performance": performance.section(subject),
    }
    values = {"it": subject.report, "sections": _SECTIONS, "data": html.packed(data)}
    return html.render("run/run.html", _STYLES, _SCRIPTS, values)
