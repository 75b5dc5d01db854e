"""Of flawed versions with siblings."""

from typing import cast

from msgspec.structs import replace

from replicas.store.causal import read, values_of
from replicas.store.parts import Parts
from replicas.store.records import Record
from replicas.store.siblings import Dotted
from replicas.store.version_kinds import versions_of
from tests.replicas.store.decisions import Decision
from tests.replicas.store.rig import cluster


def _dotted(parts: Parts, incarnation: str = "r1.1") -> Dotted:
    keeping = replace(cluster(), versions="dotted", merge="siblings")
    return cast("Dotted", versions_of(keeping, parts.versions, incarnation, 0))


def _put(versions: Dotted, value: str, seen: Record | None = None, wall: int = 10) -> Record:
    return versions.written("k", value, seen.version.by if seen else "", wall, lambda _key: None)


def _values(copy: Record | None) -> list[str | None]:
    return values_of(copy.value, len(read(copy.version.by).dots)) if copy else []


def what_is_left_of_two_at_once(parts: Parts) -> list[str | None]:
    one, other = _dotted(parts), _dotted(parts, "r2.1")
    return _values(one.merge(_put(one, "z"), _put(other, "a", wall=20)))


def what_is_left_of_a_copy_and_its_like(parts: Parts) -> list[str | None]:
    versions = _dotted(parts)
    made = _put(versions, "a")
    return _values(versions.merge(made, replace(made)))


def what_is_left_of_a_write_and_one_that_has_read_it(parts: Parts) -> list[str | None]:
    versions = _dotted(parts)
    first = _put(versions, "a")
    return _values(versions.merge(first, _put(versions, "b", first, wall=20)))


def what_is_left_of_writes_before_and_after_a_wipe(parts: Parts) -> list[str | None]:
    before, after = _dotted(parts, "r3.1"), _dotted(parts, "r3.2")
    return _values(before.merge(_put(before, "a"), _put(after, "b")))


DECISIONS: list[Decision] = [
    ("compares-scalars", what_is_left_of_two_at_once, ["z", "a"], ["a"]),
    ("compares-scalars", what_is_left_of_a_copy_and_its_like, ["a"], ["a"]),
    ("merges-to-the-larger", what_is_left_of_two_at_once, ["z", "a"], ["z"]),
    ("merges-to-the-larger", what_is_left_of_a_write_and_one_that_has_read_it, ["b"], ["b"]),
    ("merges-equals-to-nothing", what_is_left_of_a_copy_and_its_like, ["a"], []),
    ("merges-equals-to-nothing", what_is_left_of_two_at_once, ["z", "a"], ["z", "a"]),
    ("ignores-contexts", what_is_left_of_a_write_and_one_that_has_read_it, ["b"], ["a", "b"]),
    ("ignores-contexts", what_is_left_of_two_at_once, ["z", "a"], ["z", "a"]),
    ("mints-dots-again", what_is_left_of_writes_before_and_after_a_wipe, ["a", "b"], ["b"]),
    ("mints-dots-again", what_is_left_of_a_write_and_one_that_has_read_it, ["b"], ["b"]),
]
