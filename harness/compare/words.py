"""Figures as they are read."""

from harness.compare.result import Figure, Value


def number(value: float) -> str:
    """Three figures, and all that is before the point."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def said(figure: Figure, value: Value) -> str:
    if value.value is None:
        return value.word or "nothing"
    return number(value.value) if figure.unit in ("count", figure.name) else f"{number(value.value)} {figure.unit}"
