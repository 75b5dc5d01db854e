"""A page with a part that a command writes: what stands between two marks is replaced."""

from pathlib import Path

from harness.wrong import Wrong


def check(path: Path, part: str) -> None:
    """Refuses, before hours of work, a page without the marks."""
    _split(path, part)


def write(path: Path, part: str, text: str) -> None:
    before, after = _split(path, part)
    path.write_text(f"{before}\n{text}\n{after}", encoding="utf-8")


def _split(path: Path, part: str) -> tuple[str, str]:
    begin, end = f"<!-- {part}: written by the command -->", f"<!-- end of {part} -->"
    try:
        page = path.read_text(encoding="utf-8")
    except OSError as problem:
        raise Wrong(str(path), f"cannot be read: {problem.strerror}", "name a page that is there") from None
    before, found, rest = page.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise Wrong(str(path), f"has no part {part!r}", f"write the lines {begin} and {end} into it")
    return before + begin, end + after
