"""What the API takes and shows, and how it refuses."""

from typing import Any, Literal, TypeVar

import msgspec

from harness.stages.processes.links.standin.toxics import KINDS

T = TypeVar("T")
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
    name: str | None = None
    listen: str | None = None
    upstream: str | None = None
    enabled: bool | None = None


class ToxicBody(msgspec.Struct):
    type: str = ""
    name: str | None = None
    stream: str = "downstream"
    toxicity: float = 1.0
    attributes: dict[str, Any] | None = None


class ToxicChange(msgspec.Struct):
    toxicity: float | None = None
    attributes: dict[str, Any] | None = None


class Toxic(msgspec.Struct, frozen=True):
    attributes: msgspec.Struct
    name: str
    type: str
    stream: Stream
    toxicity: float


def read(body: bytes, shape: type[T]) -> T:
    if not body:
        raise Refused(400, "bad request body: EOF")
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Refused(400, f"bad request body: {error}") from None


def new_toxic(body: bytes) -> Toxic:
    asked = read(body, ToxicBody)
    stream = next((stream for stream in STREAMS if stream == asked.stream.lower()), None)
    if stream is None:
        raise Refused(400, "stream was invalid, can be either upstream or downstream")
    if asked.type not in KINDS:
        raise Refused(400, "invalid toxic type")
    name = asked.name or f"{asked.type}_{stream}"
    return Toxic(_attributes(asked.type, asked.attributes or {}), name, asked.type, stream, asked.toxicity)


def changed_toxic(toxic: Toxic, body: bytes) -> Toxic:
    """All of the change or, where it is refused, nothing of it."""
    asked = read(body, ToxicChange)
    values = msgspec.to_builtins(toxic.attributes) | _given(asked.attributes or {})
    toxicity = toxic.toxicity if asked.toxicity is None else asked.toxicity
    return msgspec.structs.replace(toxic, attributes=_attributes(toxic.type, values), toxicity=toxicity)


def _attributes(kind: str, values: dict[str, Any]) -> msgspec.Struct:
    try:
        return msgspec.convert(_given(values), KINDS[kind].attributes)
    except msgspec.ValidationError as error:
        raise Refused(400, f"bad request body: attributes of {kind}: {error}") from None


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
