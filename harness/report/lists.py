"""What there is: scenarios, faults, workloads, checkers, policies, flaws and the promise matrix."""

from typing import Any, get_args, get_type_hints

from checkers.properties import PROPERTIES
from harness.faults.table import KINDS
from harness.promises import MATRIX
from harness.scenario import built_in, load
from replicas.store.flaws import FLAWS
from replicas.store.settings import Policy
from workloads.keys import Distribution

Rows = list[dict[str, str]]


def _scenarios() -> Rows:
    return [{"name": name, "about": load(name).about} for name in built_in()]


def _faults() -> Rows:
    return [{"name": kind.name, "about": kind.legend, "levers": " ".join(kind.levers)} for kind in KINDS.values()]


def _workloads() -> Rows:
    about = {"uniform": "each key as often as any other", "zipf": "a key's share is one over its rank"}
    return [{"name": name, "about": about[name]} for name in get_args(Distribution)]


def _checkers() -> Rows:
    modules: list[Any] = [__import__(check.__module__, fromlist=["check"]) for check in PROPERTIES.values()]
    about = [str(module.__doc__).strip().splitlines()[0].rstrip(".") for module in modules]
    return [{"name": name, "about": words} for name, words in zip(PROPERTIES, about, strict=True)]


def _policies() -> Rows:
    """Each mechanism with its choices; limits are in `urushi plan`."""
    rows: Rows = []
    for name, hint in get_type_hints(Policy).items():
        choices = [str(each) for each in get_args(hint)]
        if choices and name in ("read_repair", "anti_entropy", "purge"):
            rows.append({"name": name, "about": ", ".join(choices)})
    return rows


def _flaws() -> Rows:
    return [
        {"name": name, "about": flaw.legend, "breaks": flaw.breaks or "nothing: a near miss"}
        for name, flaw in FLAWS.items()
    ]


def _promises() -> Rows:
    return [
        {
            "property": cell.property,
            "promised with": ", ".join(requirement.text for requirement in cell.requirements) or "any configuration",
            "as long as": ", ".join(premise.text for premise in cell.premises) or "always",
            "broken by": ", ".join(cell.flaws),
            "near miss": ", ".join(cell.near_misses),
        }
        for cell in MATRIX
    ]


LISTS = {
    "scenarios": _scenarios,
    "faults": _faults,
    "workloads": _workloads,
    "checkers": _checkers,
    "policies": _policies,
    "flaws": _flaws,
    "promises": _promises,
}
