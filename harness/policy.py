"""Policies by name: how each of their figures is written in TOML, drawn in a scenario, and put over a plan.

A name in TOML is that of the field without its unit: `grace = "10s"` is `grace_ns`, `round_jitter = "5%"` is
`round_jitter_ppm`. A named policy says which mechanisms it has, and those that it does not mention are off; a figure
that it does not mention is the plan's.
"""

import os
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, get_args, get_type_hints

import msgspec

from harness.draws import Drawing, Spec
from harness.plan import LEAST, MOST, MOST_OF, Plan, check
from harness.quorums import PRESETS, preset
from harness.toml import parsed, texts_in
from harness.wrong import Wrong, convert, near
from replicas.store.policy import OFF, Policy
from replicas.store.settings import Cluster

_UNITS = ("_ns", "_ppm")
_OF_CLUSTER = ("r", "w", "tie", "versions", "merge", "siblings_max", "cluster.quorums")


class Named(NamedTuple):
    """`given` has all that was written for it, and in what it uses, under the names of TOML."""

    name: str
    about: str
    given: dict[str, Spec]


def names_in_toml() -> dict[str, str]:
    """By the field of Policy."""
    return {field: _in_toml(field) for field in Policy.__struct_fields__}


def _in_toml(field: str) -> str:
    return next((field.removesuffix(unit) for unit in _UNITS if field.endswith(unit)), field)


def draw_policy(drawing: Drawing, given: dict[str, Spec], base: Policy) -> Policy:
    """What is not given is that of the base, and is not drawn."""
    fields = {in_toml: field for field, in_toml in names_in_toml().items()}
    check_keys(given, f"{drawing.where}: policy")
    drawn = {fields[name]: _draw(drawing, fields[name], name, spec) for name, spec in given.items()}
    return convert({**msgspec.structs.asdict(base), **drawn}, Policy, f"{drawing.where}: policy")


def check_keys(given: dict[str, Spec], place: str) -> None:
    """What is misspelt is so for every seed."""
    known = list(names_in_toml().values())
    for name in given:
        if name not in known:
            raise Wrong(f"{place}.{name}", "this key is not known", near(name, known))


def _draw(drawing: Drawing, field: str, name: str, spec: Spec) -> int | str:
    place, least = f"policy.{name}", LEAST.get(f"policy.{field}", 0)
    if field.endswith("_ns"):
        return drawing.duration_ns(place, spec, least)
    if field.endswith("_ppm"):
        return drawing.share_ppm(place, spec, MOST_OF.get(f"policy.{field}", 1_000_000))
    allowed = choices(field)
    if not allowed:
        return drawing.count(place, spec, least, most=MOST_OF.get(f"policy.{field}", MOST))
    chosen = drawing.choice(place, [str(each) for each in spec] if isinstance(spec, list) else str(spec), allowed)
    return int(chosen) if chosen.isdecimal() else chosen


@cache
def choices(field: str) -> list[str]:
    """None: it is a figure."""
    return [str(value) for value in get_args(get_type_hints(Policy)[field])]


def built_in() -> dict[str, str]:
    """Name and text of each policy that comes with Urushi."""
    return texts_in("harness.policies")


def load(name: str, within: tuple[str, ...] = ()) -> Named:
    """A built-in name or a TOML file. What it `uses` is put together first, in that order, and its own on top."""
    data = parsed(name, built_in(), "policy")
    about, uses = data.pop("about", ""), data.pop("uses", [])
    cluster = data.pop("cluster", {})
    if not isinstance(cluster, dict) or cluster.keys() - {"quorums"}:
        raise Wrong(f"{name}: cluster", "of a cluster a policy sets quorums alone", 'write cluster.quorums = "strong"')
    for key in (key for key, value in data.items() if isinstance(value, dict)):
        remedy = f"write what is below [{key}] at the top of the file"
        raise Wrong(f"{name}: [{key}]", "a policy has no table but [cluster]", remedy)
    data |= {f"cluster.{key}": value for key, value in cluster.items()}
    if not isinstance(uses, list) or not all(isinstance(each, str) for each in uses):
        raise Wrong(f"{name}: uses", "this is no list of policies", 'write uses = ["async", "merkle"]')
    if not isinstance(about, str):
        raise Wrong(f"{name}: about", "this is no text", "write it in quotes")
    given: dict[str, Any] = {}
    for used in (_beside(name, each) for each in uses):
        if used in (*within, name):
            raise Wrong(f"{name}: uses", f"{used!r} would be part of itself", "leave it out")
        given |= load(used, (*within, name)).given
    named = Named(name, about, {**given, **data})
    _check(named)
    return named


def _beside(name: str, used: str) -> str:
    """A file counts from the one that uses it, wherever the command is run."""
    both = name.endswith(".toml") and used.endswith(".toml")
    return os.path.normpath(Path(name).parent / used) if both else used


def _check(named: Named) -> None:
    """Nothing is left to chance: two who use a policy use the same."""
    for key, value in named.given.items():
        if isinstance(value, bool) or not isinstance(value, int | str) or ".." in str(value):
            raise Wrong(f"{named.name}: {key}", f"{value!r} is not one value", "a policy draws nothing: write one")
    draw_policy(Drawing(0, named.name, fixed=True), _of_policy(named), Policy())


def _of_policy(named: Named) -> dict[str, Spec]:
    return {key: value for key, value in named.given.items() if key not in _OF_CLUSTER}


def over(plan: Plan, named: Named) -> Plan:
    """The same plan with this policy instead of its own."""
    base = msgspec.structs.replace(plan.policy, **OFF)
    policy = draw_policy(Drawing(plan.seed, named.name, fixed=True), _of_policy(named), base)
    cluster = _cluster(plan.cluster, named)
    changed = msgspec.structs.replace(plan, policy=policy, cluster=cluster)
    check(changed, named.name)
    return changed


def replaced_by(named: Named, key: str) -> bool:
    """Whether what was drawn under this key counts no more: all of a policy, and of the cluster what is given."""
    where, _, name = key.partition(".")
    given = {*named.given, *(("r", "w") if "cluster.quorums" in named.given else ())}
    return where == "policy" or (where == "cluster" and name in given)


def _cluster(cluster: Cluster, named: Named) -> Cluster:
    drawing, n = Drawing(0, named.name, fixed=True), cluster.n
    own = {key: named.given[key] for key in _OF_CLUSTER if key in named.given}
    words = counts_in_words(n)
    chosen = own.pop("cluster.quorums", None)
    if chosen is not None:
        own = dict(zip("rw", preset(drawing.choice("cluster.quorums", chosen, list(PRESETS)), n), strict=True)) | own
    numbers = {key: drawing.count(f"cluster.{key}", spec, 1, words) for key, spec in own.items() if key in ("r", "w")}
    return convert({**msgspec.structs.asdict(cluster), **own, **numbers}, Cluster, f"{named.name}: cluster")


def counts_in_words(n: int) -> dict[str, int]:
    return {"ONE": 1, "TWO": 2, "THREE": 3, "QUORUM": n // 2 + 1, "ALL": n}
