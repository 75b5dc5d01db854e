"""Values of EDN that Python has no type for. All that is read can be hashed, and is not to be changed."""

from typing import Any, NamedTuple


class Keyword(str):
    """With its colon, so that it is no equal of a string of the same letters."""

    __slots__ = ()


class Symbol(str):
    __slots__ = ()


class Map(dict[Any, Any]):
    def __hash__(self) -> int:  # type: ignore[override]  # a dict says that it has none
        return hash(frozenset(self.items()))


class Tagged(NamedTuple):
    tag: str
    value: Any
