"""What the API takes and shows, and how it refuses."""

import json
import math
import re
import sys
from collections.abc import Container
from itertools import accumulate
from typing import Annotated, Any, Literal, TypeVar, get_origin

import msgspec

from harness.stages.processes.links.standin.toxics import KINDS

DEPTH_MAX = 100
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKET = re.compile(r"[\[\]{}]")

T = TypeVar("T")
Finite = Annotated[float, msgspec.Meta(ge=-sys.float_info.max, le=sys.float_info.max)]
Stream = Literal["upstream", "downstream"]
STREAMS: tuple[Stream, Stream] = ("upstream", "downstream")


class Refused(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message

    def body(self) -> dict[str, Any]:
        return {"error": self.message, "status": self.status}


class ProxyBody(msgspec.Struct):
    name: str = ""
    listen: str | None = None
    upstream: str | None = None
    enabled: bool | None = None


class ToxicBody(msgspec.Struct):
    type: str = ""
    name: str = ""
    stream: str = "downstream"
    toxicity: Finite = 1.0
    attributes: dict[str, Any] = {}


class ToxicChange(msgspec.Struct):
    toxicity: Finite | None = None
    attributes: dict[str, Any] = {}


class Toxic(msgspec.Struct, frozen=True):
    attributes: msgspec.Struct
    name: str
    type: str
    stream: Stream
    toxicity: float


def read(body: bytes, shape: type[T]) -> T:
    """As Go reads it: names in any case, null is as if it were not there, and what follows the value is ignored."""
    text = body.decode("utf-8", "replace").lstrip(" \t\r\n")
    if not text:
        raise Refused(400, "bad request body: EOF")
    if _depth(text) > DEPTH_MAX:
        raise Refused(400, f"bad request body: nested deeper than {DEPTH_MAX}")
    try:
        return msgspec.convert(_given(_READER.raw_decode(text)[0], shape), shape)
    except ValueError as error:  # msgspec.ValidationError is one
        raise Refused(400, f"bad request body: {error}") from None


def _depth(text: str) -> int:
    """At most; Python's own limit depends on its version."""
    bare = _STRING.sub("", text)
    return max(accumulate((1 if mark in "[{" else -1 for mark in _BRACKET.findall(bare)), initial=0))


def _given(value: Any, shape: Any) -> Any:
    """Null is a list of nothing, or an object without fields."""
    if get_origin(shape) is list:
        return [_given(each, None) for each in value] if isinstance(value, list) else [] if value is None else value
    return {} if value is None else value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name.casefold(): _text(value) for name, value in pairs if value is not None}


def _text(value: Any) -> Any:
    """Half of a surrogate pair cannot be written back."""
    if not isinstance(value, str):
        return value
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _whole(digits: str) -> float:
    return int(digits) if len(digits) <= 20 else math.inf  # more than any number here may have


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


_READER = json.JSONDecoder(object_pairs_hook=_object, parse_int=_whole, parse_constant=_no_number)


def new_toxic(body: bytes, taken: Container[str]) -> Toxic:
    asked = read(body, ToxicBody)
    stream = next((stream for stream in STREAMS if stream == asked.stream.lower()), None)
    if stream is None:
        raise Refused(400, "stream was invalid, can be either upstream or downstream")
    if asked.type not in KINDS:
        raise Refused(400, "invalid toxic type")
    name = asked.name or f"{asked.type}_{stream}"
    if name in taken:
        raise Refused(409, "toxic already exists")
    return Toxic(_attributes(asked.type, asked.attributes), name, asked.type, stream, asked.toxicity)


def changed_toxic(toxic: Toxic, body: bytes) -> Toxic:
    """All of the change or, where it is refused, nothing of it."""
    asked = read(body, ToxicChange)
    values = msgspec.to_builtins(toxic.attributes) | asked.attributes
    toxicity = toxic.toxicity if asked.toxicity is None else asked.toxicity
    return msgspec.structs.replace(toxic, attributes=_attributes(toxic.type, values), toxicity=toxicity)


def _attributes(kind: str, values: dict[str, Any]) -> msgspec.Struct:
    try:
        return msgspec.convert(values, KINDS[kind].attributes)
    except msgspec.ValidationError as error:
        raise Refused(400, f"bad request body: attributes of {kind}: {error}") from None
