"""Wrong input: one message with the place, what is wrong, what is allowed, and the near miss."""

import difflib
import re
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

_UNKNOWN_FIELD = re.compile(r"Object contains unknown field `(?P<field>.*?)`(?: - at `\$(?P<path>.*)`)?$", re.DOTALL)
_AT = re.compile(r"^(?P<what>.*?)(?: - at `\$(?P<path>.*)`)?$", re.DOTALL)


class Wrong(Exception):
    """Exit code 2: nothing has been started."""

    def __init__(self, place: str, what: str, remedy: str) -> None:
        super().__init__(f"{place}: {what}; {remedy}" if place else f"{what}; {remedy}")
        self.place = place
        self.what = what
        self.remedy = remedy


def near(word: str, allowed: list[str]) -> str:
    """The allowed words, and which of them was probably meant."""
    close = difflib.get_close_matches(word, allowed, n=1, cutoff=0.5)
    meant = f"; did you mean {close[0]!r}?" if close else ""
    return f"allowed: {', '.join(allowed)}{meant}"


def parse_json(data: bytes, shape: type[T], where: str) -> T:
    try:
        return msgspec.json.decode(data, type=shape)
    except msgspec.MsgspecError as problem:
        raise explain(problem, shape, where) from None


def convert(data: Any, shape: type[T], where: str) -> T:
    try:
        return msgspec.convert(data, type=shape)
    except msgspec.ValidationError as problem:
        raise explain(problem, shape, where) from None


def explain(problem: msgspec.MsgspecError, shape: type[Any], where: str) -> Wrong:
    unknown = _UNKNOWN_FIELD.match(str(problem))
    if unknown:
        path = (unknown["path"] or "").lstrip(".")
        place = f"{where}: {path}.{unknown['field']}" if path else f"{where}: {unknown['field']}"
        return Wrong(place, "this key is not known", near(unknown["field"], _fields_at(shape, path)))
    found = _AT.match(str(problem))
    path = (found["path"] or "").lstrip(".") if found else ""
    what = found["what"] if found else str(problem)
    return Wrong(f"{where}: {path}" if path else where, what, "see `urushi plan --help` and docs/ for the format")


def _fields_at(shape: type[Any], path: str) -> list[str]:
    """The field names of the struct that lies at this path of the shape."""
    info: Any = msgspec.inspect.type_info(shape)
    for step in [step for step in re.split(r"[.\[]", path) if step]:
        if step.endswith("]"):
            info = getattr(info, "item_type", None) or getattr(info, "value_type", info)
        elif isinstance(info, msgspec.inspect.StructType):
            info = next((field.type for field in info.fields if field.encode_name == step), info)
        if isinstance(info, msgspec.inspect.UnionType):
            info = next((each for each in info.types if isinstance(each, msgspec.inspect.StructType)), info)
    return [field.encode_name for field in getattr(info, "fields", ())]
