"""What all pages share: one file each, which opens without a network and runs nothing but its own script."""

import base64
import hashlib
import zlib
from functools import cache
from importlib import resources
from typing import Any

import msgspec
from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup


def render(name: str, styles: tuple[str, ...], scripts: tuple[str, ...], values: dict[str, Any]) -> str:
    """A template of pages/, with the style and the script that its content security policy allows by their hashes."""
    style, script = "\n".join(map(source, styles)), "\n".join(map(source, scripts))
    return (
        _pages()
        .get_template(name)
        .render(
            **values,
            style=Markup(style),  # noqa: S704 (files of this package)
            script=Markup(script),  # noqa: S704 (likewise)
            style_hash=_hash(style),
            script_hash=_hash(script),
        )
    )


@cache
def source(name: str) -> str:
    return (resources.files("harness.report") / "pages" / name).read_text("utf-8")


def embedded(data: Any) -> Markup:
    """JSON in which nothing can end the element that holds it."""
    text = msgspec.json.encode(data).decode()
    for each in "<>&\u2028\u2029":
        text = text.replace(each, f"\\u{ord(each):04x}")
    return Markup(text)  # noqa: S704 (escaped in the line above)


def packed(data: Any) -> str:
    """JSON, compressed, as text: its letters are safe in any element. `unpack` in shared/unpack.js reads it."""
    deflate = zlib.compressobj(6, wbits=16 + zlib.MAX_WBITS)  # the wrapping of gzip, and no time in it
    raw = deflate.compress(msgspec.json.encode(data)) + deflate.flush()
    return base64.b64encode(raw).decode()


@cache
def _pages() -> Environment:
    return Environment(
        loader=FunctionLoader(source), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def _hash(text: str) -> str:
    """As a content security policy names what may run: nothing else in the page does."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
