"""The foot of the page: all that the seed decided, what each fault did, what replicas counted, and the files."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import msgspec

from harness.plan import Disk, Network, Plan
from harness.report.lists import quantity
from harness.report.runpage.subject import Subject
from harness.report.runpage.written import PAGE
from harness.systems.named import Own
from replicas.store.policy import CHOICES, Policy
from replicas.store.settings import Cluster

FILES_MAX = 300
_MECHANISMS = ("read_repair", "hints", "anti_entropy", "purge")


class Setting(NamedTuple):
    """`about` is empty for a figure; `usual` is that of a plan that says nothing of it."""

    name: str
    value: str
    about: str = ""
    usual: str = ""


class File(NamedTuple):
    name: str
    link: str
    bytes: int


def section(subject: Subject, path: Path) -> dict[str, Any]:
    """`path` is that of the page: links to files need it to be beside them."""
    plan, report = subject.plan, subject.report
    changed, usual = _policy(plan.policy)
    files = list(_files(subject.folder)) if path.parent.resolve() == subject.folder.resolve() else []
    return {
        "drawn": _by_room(report.drawn),
        "system": None if plan.system is msgspec.UNSET else _system(plan.system),
        "whole": _whole(plan),
        "cluster": _settings(plan.cluster, Cluster.__struct_fields__[1:]),
        "datacenters": _datacenters(plan.cluster),
        "network": _settings(plan.network, Network.__struct_fields__[:-1]),
        "delays": [(kind, msgspec.json.encode(parts).decode()) for kind, parts in plan.network.delays.items()],
        "disk": _settings(plan.disk, Disk.__struct_fields__),
        "policy": changed,
        "usual": usual,
        "faults": [_fault(each) for each in report.faults],
        "metrics": _metrics(report.metrics),
        "files": files[:FILES_MAX],
        "files_left": len(files[FILES_MAX:]),
        "folder": str(subject.folder.absolute()),
    }


def _by_room(drawn: dict[str, str]) -> list[tuple[str, list[tuple[str, str]]]]:
    rooms: dict[str, list[tuple[str, str]]] = {}
    for name, value in drawn.items():
        room, _, what = name.partition(".")
        rooms.setdefault(room if what else "scenario", []).append(((what or room).replace("_", " "), value))
    return list(rooms.items())


def _whole(plan: Plan) -> list[Setting]:
    """What of a plan is neither a table of its own nor in the timeline."""
    operations = plan.operations
    kinds = Counter(operation.kind for operation in operations)
    told = {
        "seed": str(plan.seed),
        "unrest": f"{plan.unrest_ns / 1e9:g} s",
        "mend": f"within {plan.mend_rounds_max} rounds",
        "client timeout": f"{plan.client_timeout_ns / 1e6:g} ms",
        "operations": f"{len(operations):,} ({', '.join(f'{count:,} {kind}' for kind, count in kinds.items())})",
        "clients": str(len({operation.client for operation in operations})),
        "keys": f"{len({operation.key for operation in operations}):,}",
        "faults": str(len(plan.faults)),
        "stay down": " ".join(plan.down) or "none",
        "fates that are fixed": f"{len(plan.fates):,}",
    }
    if plan.system is not msgspec.UNSET:
        del told["mend"], told["fates that are fixed"]  # of rounds and messages of our own store
    return [Setting(name, value) for name, value in told.items()]


def _system(own: Own) -> list[Setting]:
    """In place of our store's settings, of which it has none."""
    claimed = ", ".join(own.promises) or "nothing"
    links = "faults can come between its nodes" if own.links else "no fault can come between its nodes"
    disk = "outlives its processes, and can be wiped" if own.disk else "nothing outlives its processes"
    return [Setting("file", own.file), Setting("claimed", claimed), Setting("links", links), Setting("disk", disk)]


def _settings(of: msgspec.Struct, fields: Iterable[str]) -> list[Setting]:
    return [Setting(*_told(name, getattr(of, name))) for name in fields]


def _told(name: str, value: Any) -> tuple[str, str]:
    """`grace_ns` and 10000000000: `grace` and `10,000 ms`."""
    if not isinstance(value, int):
        return name.replace("_", " "), str(value)
    what, words = quantity(name, 0).partition("0")[0], quantity(name, value)
    return what.strip() or name.replace("_", " "), words.removeprefix(what)


def _datacenters(cluster: Cluster) -> list[tuple[str, str]]:
    found: dict[str, list[str]] = {}
    for node in cluster.nodes:
        found.setdefault(node.datacenter, []).append(node.name)
    return [(name, " ".join(nodes)) for name, nodes in found.items()]


def _policy(policy: Policy) -> tuple[list[Setting], list[Setting]]:
    """Its mechanisms and what it sets otherwise than by default, and the rest."""
    changed: list[Setting] = []
    usual: list[Setting] = []
    base = Policy()
    for name in Policy.__struct_fields__:
        value, default = getattr(policy, name), getattr(base, name)
        words, said = _told(name, value)
        about = CHOICES.get(name, {}).get(value, "")
        setting = Setting(words, said, about, _told(name, default)[1])
        (changed if value != default or name in _MECHANISMS else usual).append(setting)
    return changed, usual


def _fault(fault: Any) -> dict[str, Any]:
    return {"it": fault, "parameters": ", ".join(quantity(name, value) for name, value in fault.parameters.items())}


def _metrics(metrics: dict[str, dict[str, int]]) -> dict[str, Any]:
    """A row for what anybody counted."""
    names = dict.fromkeys(name for counted in metrics.values() for name in counted)
    rows = [(name.replace("_", " "), [counted.get(name) for counted in metrics.values()]) for name in names]
    return {"nodes": list(metrics), "rows": [row for row in rows if any(row[1])]}


def _files(folder: Path) -> Iterator[File]:
    """What the run left, the plan and what is told of it first."""
    found = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink() and path.name != PAGE]
    for path in sorted(found, key=lambda path: (len(path.relative_to(folder).parts), path)):
        name = path.relative_to(folder).as_posix()
        yield File(name, quote(name), path.stat().st_size)
