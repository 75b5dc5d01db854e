"""Lines for a terminal: nothing in them that a terminal would obey, and none longer than it is wide."""

import re

from rich.cells import cell_len, chop_cells

TEXT_MAX = 40  # characters of a key in a title


def safe(text: str) -> str:
    """Keys, values and errors come from outside: what is not printable is shown as an escape."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def brief(text: str, most: int = TEXT_MAX) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def pad(text: str, width: int) -> str:
    return text + " " * (width - cell_len(text))


def fold(text: str, width: int) -> str:
    """A line that is too long goes on below the start of its last column, or a little in from its own start."""
    return "\n".join(part for line in text.split("\n") for part in _fold_line(line, width))


def _fold_line(line: str, width: int) -> list[str]:
    if cell_len(line) <= width:
        return [line]
    start = len(line) - len(line.lstrip(" "))
    column = max((found.end() for found in re.finditer(r"(?<=\S)\s{2,}(?=\S)", line)), default=0)
    where = cell_len(line[:column])
    indent = where if start < where <= width // 2 else start + 2
    return wrapped(line, width, indent if indent < width // 2 else 2)


def wrapped(line: str, width: int, indent: int) -> list[str]:
    """Broken between words where that is possible; what comes after the first break is indented."""
    lines: list[str] = []
    rest = line
    while cell_len(rest) > width:
        head = chop_cells(rest, width)[0]
        least = len(rest) - len(rest.lstrip(" ")) if lines else len(line) - len(line.lstrip(" "))
        cut = head.rfind(" ") if rest[len(head)] != " " else len(head)
        if not head[:cut].strip() or cut <= least:
            cut = len(head)
        lines.append(rest[:cut].rstrip())
        rest = " " * indent + rest[cut:].lstrip(" ")
    return [*lines, rest] if rest.strip() else lines
