"""Puts the page of a run together: verdict first, then what happened, in one file that opens without a network."""

from pathlib import Path
from typing import Any

from harness.report import html
from harness.report.runpage import divergence, order, performance, plan, timeline, verdict
from harness.report.runpage.subject import Subject
from harness.wrong import Wrong

_SECTIONS = tuple(  # their templates, in the order in which they stand
    f"run/{name}.html" for name in ("verdict", "timeline", "order", "divergence", "performance", "plan")
)
_STYLES = (
    "shared/base.css",
    *(f"run/{name}.css" for name in ("run", "verdict", "timeline", "order", "charts", "plan")),
)
_TIMELINE = (
    *("data", "filters", "layout", "marks", "clients", "replicas", "messages", "paint", "overview"),
    *("events", "details", "picking", "window", "pointing", "keyboard", "start"),
)
_CHARTS = ("moves", "curves", "heat", "stacked", "latency", "sections")
_SCRIPTS = (
    *("shared/svg.js", "shared/frame.js", "shared/unpack.js", "run/state.js", "run/verdict.js"),
    *(f"run/timeline-{part}.js" for part in _TIMELINE),
    *("run/order_layout.js", "run/order.js"),
    *("run/charts.js", *(f"run/charts-{part}.js" for part in _CHARTS)),
    "run/start.js",
)


def write(subject: Subject, path: Path) -> None:
    html = page(subject, path)
    try:
        path.write_text(html, encoding="utf-8")
    except OSError as problem:
        raise Wrong(str(path), f"it cannot be written: {problem.strerror}", "choose another path") from None


def page(subject: Subject, path: Path) -> str:
    """`path` is where it will be, or be served."""
    data: dict[str, Any] = {
        "timeline": timeline.section(subject),
        "order": order.section(subject),
        "divergence": divergence.section(subject),
        "performance": performance.section(subject),
    }
    told = {"verdict": verdict.section(subject), "plan": plan.section(subject, path)}
    values = {"it": subject.report, "sections": _SECTIONS, "data": html.packed(data), **told}
    return html.render("run/run.html", _STYLES, _SCRIPTS, values)
