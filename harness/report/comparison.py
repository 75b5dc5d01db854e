"""The page of a comparison: one HTML file that opens without a network. Everything in it comes from the comparison."""

import shlex
from collections.abc import Callable
from itertools import groupby
from math import inf, isfinite
from pathlib import Path
from typing import Any

import msgspec

from harness.compare.result import Comparison, Curve, Difference, Figure, Subject, Value
from harness.report import html
from harness.result import write_seeds

PLANE = ("read p99", "stale reads", "bytes")  # the figures of the trade-off: across, up, and the size of the mark
_STYLES = ("shared/base.css", "comparison/comparison.css")
_SCRIPTS = (
    "shared/svg.js",
    "comparison/marks.js",
    "shared/frame.js",
    "comparison/tradeoff.js",
    "comparison/curves.js",
    "comparison/page.js",
)
_SCALES = {  # from which size on, and the scale
    "bytes": ((1e9, 1e9, "GB"), (1e6, 1e6, "MB"), (1e3, 1e3, "kB"), (0.0, 1.0, "bytes")),
    "bytes/s": ((1e9, 1e9, "GB/s"), (1e6, 1e6, "MB/s"), (1e3, 1e3, "kB/s"), (0.0, 1.0, "bytes/s")),
    "ms": ((1e4, 1e3, "s"), (0.0, 1.0, "ms")),
    "us": ((1e4, 1e3, "ms"), (0.0, 1.0, "µs")),
}
_SIGNIFICANT = 3
_COLUMNS_MAX = 8  # of a table, as many as a screen shows side by side
_MINUS, _NOTHING = "\N{MINUS SIGN}", "\N{EN DASH}"

Scale = tuple[float, str]  # what a number is divided by, and the unit that it then has


def write(comparison: Comparison, path: Path) -> None:
    path.write_text(page(comparison), encoding="utf-8")


def page(comparison: Comparison) -> str:
    values = {
        "it": comparison,
        "data": html.embedded(_drawn(comparison)),
        "groups": _groups(comparison),
        "anchors": {figure.name: f"figure-{number}" for number, figure in enumerate(comparison.figures)},
        "slots": {subject.name: number for number, subject in enumerate(comparison.policies)},
        "seeds": write_seeds(comparison.seeds),
        "infinity": inf,
        "command": _command(comparison),
    }
    return html.render("comparison/comparison.html", _STYLES, _SCRIPTS, values)


def _command(it: Comparison) -> str:
    words = ["urushi", "compare", *(subject.name for subject in it.policies), "--scenario", it.scenario]
    words += ["--seeds", write_seeds(it.seeds), "--stage", it.stage, "--baseline", it.baseline]
    return shlex.join(words)


def _drawn(it: Comparison) -> dict[str, Any]:
    """What the script draws."""
    curves = {
        "mean": it.divergent,
        "visibility": it.visibility,
        "reads": it.reads_ms,
        "writes": it.writes_ms,
        "stale": it.stale_ms,
        "everywhere": it.everywhere_ms,
    }
    examples = [
        {"seed": each.seed, "faults": each.faults, "mend": each.mend_s, "curves": _rounded(each.divergent)}
        for each in it.examples
    ]
    return {
        "policies": [subject.name for subject in it.policies],
        "plane": _plane(it),
        "curves": {name: _rounded(by_policy) for name, by_policy in curves.items()},
        "examples": examples,
    }


def _rounded(curves: dict[str, Curve]) -> dict[str, dict[str, list[float]]]:
    """Six digits are more than a screen shows. A curve without points is none."""
    return {
        name: {
            part: [float(f"{number:.6g}") for number in numbers] for part, numbers in msgspec.to_builtins(curve).items()
        }
        for name, curve in curves.items()
        if curve.x
    }


def _plane(it: Comparison) -> dict[str, Any]:
    figures = {figure.name: figure for figure in it.figures}
    axes = [figures[name] for name in PLANE if name in figures]
    values = {(each.figure, each.policy): each for each in it.values}
    points: list[dict[str, Any]] = []
    missing: list[str] = []
    for subject in it.policies if len(axes) == len(PLANE) else ():
        found = [values.get((axis.name, subject.name)) for axis in axes]
        if any(each is None or _number(each.value) is None for each in found):
            missing.append(subject.name)
            continue
        known = [each for each in found if each is not None]
        words = [f"{axis.name} {_with_interval(axis, each)}" for axis, each in zip(axes, known, strict=True)]
        numbers = [[_number(each.value), _number(each.low), _number(each.high)] for each in known]
        points.append({"policy": subject.name, "at": numbers, "words": words, "front": subject.name in it.front})
    return {"axes": axes, "points": points, "missing": missing}


def _with_interval(figure: Figure, value: Value) -> str:
    scale = _scale(figure.unit, [value.value])
    unit = f" {scale[1]}".rstrip()
    interval = _interval(value, scale)
    return f"{_say(value.value, scale)}{unit}{interval and f' ({interval})'}"


def _groups(it: Comparison) -> list[dict[str, Any]]:
    """The figures in tables, in the order of their groups; a large group takes several. Cells are by policy."""
    order = list(dict.fromkeys(figure.group for figure in it.figures))
    figures = sorted(it.figures, key=lambda figure: order.index(figure.group))
    values = {(each.figure, each.policy): each for each in it.values}
    differences = {(each.figure, each.policy): each for each in it.differences}
    groups: list[dict[str, Any]] = []
    for title, group in groupby(figures, key=lambda figure: figure.group):
        columns = [_column(figure, it.policies, values, differences, it.baseline) for figure in group]
        tables = -(-len(columns) // _COLUMNS_MAX)
        wide = -(-len(columns) // tables)
        for table in range(tables):
            more = f" ({table + 1} of {tables})" if tables > 1 else ""
            groups.append({"title": title + more, "columns": columns[table * wide : (table + 1) * wide]})
    return groups


def _column(
    figure: Figure,
    policies: list[Subject],
    values: dict[tuple[str, str], Value],
    differences: dict[tuple[str, str], Difference],
    baseline: str,
) -> dict[str, Any]:
    mine = [values.get((figure.name, subject.name)) for subject in policies]
    scale = _scale(figure.unit, [each.value for each in mine if each is not None])
    cells = {
        subject.name: _cell(figure, value, differences.get((figure.name, subject.name)), scale)
        for subject, value in zip(policies, mine, strict=True)
    }
    cells[baseline] |= {"difference": None, "told": True}
    return {"figure": figure, "unit": scale[1], "cells": cells}


def _cell(figure: Figure, value: Value | None, difference: Difference | None, scale: Scale) -> dict[str, Any]:
    number = _number(value.value) if value is not None else None
    word = value.word if value is not None else ""
    cell: dict[str, Any] = {"number": number, "text": _say(number, scale), "difference": None, "told": True}
    cell["interval"] = _interval(value, scale) if value is not None else ""
    if number is None and word:
        cell |= {"number": inf, "text": word}
    change = _number(difference.difference) if difference is not None else None
    if difference is not None and change is not None:
        less = change < 0
        cell["difference"] = {
            "text": _signed(change, scale),
            "interval": _interval(difference, scale, _signed),
            "shown": difference.shown,
            "verdict": "better" if less == (figure.better == "less") else "worse",
        }
    elif difference is not None and cell["number"] is not None:
        cell["told"] = False
    return cell


def _number(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None


def _scale(unit: str, values: list[float | None]) -> Scale:
    """What the numbers of one figure are divided by, and the unit that makes of it."""
    most = max((abs(value) for value in values if _number(value) is not None and value is not None), default=0.0)
    for least, divisor, name in _SCALES.get(unit, ()):
        if most >= least:
            return divisor, name
    return 1.0, "" if unit == "count" else unit


def _say(value: float | None, scale: Scale) -> str:
    """Three significant digits, never an exponent; whole from a hundred on."""
    value = _number(value)
    if value is None:
        return _NOTHING
    scaled = value / scale[0]
    if abs(scaled) < 1e-9:
        return "0"
    if abs(scaled) >= 100:
        return f"{scaled:,.0f}".replace("-", _MINUS)
    digits = f"{scaled:.{_SIGNIFICANT}g}"
    plain = f"{float(digits):.9f}".rstrip("0").rstrip(".")
    return plain.replace("-", _MINUS)


def _signed(value: float | None, scale: Scale) -> str:
    said = _say(value, scale)
    return said if said.startswith(_MINUS) or said == "0" else f"+{said}"


def _interval(it: Value | Difference, scale: Scale, say: Callable[[float | None, Scale], str] = _say) -> str:
    low, high = _number(it.low), _number(it.high)
    if low is None and high is None:
        return ""
    if low is None or high is None:
        return f"{say(low, scale)} or more" if high is None else f"{say(high, scale)} or less"
    return f"{say(low, scale)} to {say(high, scale)}"
