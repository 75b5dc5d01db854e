"""TOML files by name: one that comes with Urushi, or a path."""

import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

from harness.wrong import Wrong, near


def texts_in(package: str) -> dict[str, str]:
    """Name and text of each that comes with Urushi. Python may keep a folder of its own beside them."""
    files = resources.files(package).iterdir()
    texts = {each.name.removesuffix(".toml"): each.read_text("utf-8") for each in files if each.name.endswith(".toml")}
    return dict(sorted(texts.items()))


def parsed(name: str, built_in: dict[str, str], what: str) -> dict[str, Any]:
    """`what` it is to be is said of a name that is not known."""
    if name.endswith(".toml"):
        try:
            text = Path(name).read_text(encoding="utf-8")
        except OSError as problem:
            raise Wrong(name, f"cannot be read: {problem.strerror}", "check the path") from None
        except UnicodeDecodeError as problem:
            raise Wrong(name, f"this is not UTF-8 at byte {problem.start}", "save the file as UTF-8") from None
    elif name in built_in:
        text = built_in[name]
    else:
        also = "or write the path of a .toml file"
        raise Wrong(what, f"there is no {name!r}", f"{near(name, list(built_in))}; {also}")
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as problem:  # as a number of very many digits, or lists in lists without end
        raise Wrong(name, f"this is not TOML: {problem}", "correct the file") from None
