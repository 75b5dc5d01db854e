"""Wrong input: one message with the place, what is wrong, what is allowed, and the near miss."""

import difflib
import re
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

LISTED_MAX = 50

_SAID = re.compile(r"(?P<what>.*?)(?: - at `\$(?P<path>.*)`)?", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<word>.*)`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<word>.*)`", re.DOTALL)
_CHOICE = re.compile(r"Invalid enum value '?(?P<word>.*?)'?", re.DOTALL)
_TYPE = re.compile(r"Expected `(?P<wanted>.*)`, got `(?P<got>.*)`", re.DOTALL)

_PLAIN = {
    "int": "a whole number",
    "float": "a number with a fraction",
    "str": "text in quotes",
    "bool": "true or false",
    "null": "null",
    "array": "a list",
    "object": "a table of keys and values",
}


class Wrong(Exception):
    """Exit code 2: nothing has been started."""

    def __init__(self, place: str, what: str, remedy: str) -> None:
        super().__init__(f"{place}: {what}; {remedy}" if place else f"{what}; {remedy}")
        self.place = place
        self.what = what
        self.remedy = remedy

    def __reduce__(self) -> tuple[type["Wrong"], tuple[str, str, str]]:
        """A worker may raise it: what cannot be unpickled would end the whole pool."""
        return Wrong, (self.place, self.what, self.remedy)


def near(word: str, allowed: list[str]) -> str:
    """The allowed words, and which of them was probably meant. Nobody reads very many: then the nearest."""
    close = difflib.get_close_matches(word, allowed, n=1, cutoff=0.5)
    meant = f"; did you mean {close[0]!r}?" if close else ""
    if len(allowed) > LISTED_MAX:
        nearest = difflib.get_close_matches(word, allowed, n=5, cutoff=0)
        return f"{len(allowed)} are allowed, such as {', '.join(nearest)}{meant}"
    return f"allowed: {', '.join(allowed)}{meant}"


def parse_json(data: bytes, shape: type[T], where: str) -> T:
    try:
        return msgspec.json.decode(data, type=shape)
    except msgspec.MsgspecError as problem:
        raise explain(problem, shape, where) from None
    except (UnicodeDecodeError, RecursionError) as problem:
        raise Wrong(where, f"this cannot be read: {problem}", "correct it, or write it anew") from None


def convert(data: Any, shape: type[T], where: str) -> T:
    try:
        return msgspec.convert(data, type=shape)
    except msgspec.ValidationError as problem:
        raise explain(problem, shape, where) from None


def explain(problem: msgspec.MsgspecError, shape: type[Any], where: str) -> Wrong:
    """What msgspec says, as place, what and remedy. What it may say some day in other words is passed on as it is."""
    said = _SAID.fullmatch(str(problem))
    what, path = (said["what"], (said["path"] or "").lstrip(".")) if said else (str(problem), "")
    place = f"{where}: {path}" if path else where
    here = _type_at(shape, path)
    if unknown := _UNKNOWN.fullmatch(what):
        fields = [field.encode_name for field in getattr(here, "fields", ())]
        return Wrong(_below(place, path, unknown["word"]), "this key is not known", near(unknown["word"], fields))
    if missing := _MISSING.fullmatch(what):
        return Wrong(_below(place, path, missing["word"]), "this key is missing", "it has no default: write it")
    if choice := _CHOICE.fullmatch(what):
        allowed = [str(value) for value in getattr(here, "values", ())]
        return Wrong(place, f"{choice['word']!r} is not possible here", near(choice["word"], allowed))
    if wrong_type := _TYPE.fullmatch(what):
        return Wrong(place, f"this is {_plain(wrong_type['got'])}", f"write {_plain(wrong_type['wanted'])}")
    return Wrong(place, what, "correct it; `urushi plan` prints a whole plan to compare with")


def _below(place: str, path: str, key: str) -> str:
    return f"{place}.{key}" if path else f"{place}: {key}"


def _plain(types: str) -> str:
    return " or ".join(_PLAIN.get(each, each) for each in types.split(" | "))


def _type_at(shape: type[Any], path: str) -> Any:
    """What the shape has at this path; of a union, the part that says most."""
    info: Any = _part(msgspec.inspect.type_info(shape))
    for step in [step for step in re.split(r"[.\[]", path) if step]:
        if step.endswith("]"):
            info = getattr(info, "item_type", None) or getattr(info, "value_type", info)
        else:
            info = next((field.type for field in getattr(info, "fields", ()) if field.encode_name == step), info)
        info = _part(info)
    return info


def _part(info: Any) -> Any:
    tells = (msgspec.inspect.StructType, msgspec.inspect.LiteralType)
    return next((each for each in getattr(info, "types", ()) if isinstance(each, tells)), info)
