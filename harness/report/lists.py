"""What there is: scenarios, faults, workloads, checkers, models, policies and their mechanisms, versions, flaws and the
promise matrix."""

from typing import Any

from rich.console import Console
from rich.table import Table

from checkers import availability, bounds
from checkers.models.table import MODELS
from checkers.properties import PROPERTIES
from harness import policy as policies
from harness.faults.table import KINDS
from harness.promises import MATRIX
from harness.scenario import built_in, load
from harness.studies.table import STUDIES
from harness.systems.claims import CLAIMS
from replicas.store.flaws import FLAWS
from replicas.store.policy import CHOICES
from replicas.store.settings import MERGES, VERSIONS
from workloads.generate import MIX_LEGENDS
from workloads.keys import DISTRIBUTIONS

Rows = list[dict[str, str]]


def _scenarios() -> Rows:
    return [{"name": name, "about": load(name).about} for name in built_in()]


def _faults() -> Rows:
    return [
        {
            "name": kind.name,
            "about": kind.legend,
            "levers": " ".join(kind.levers),
            "drawn": ", ".join(quantity(name, *drawn[:2]) for name, drawn in kind.parameters.items()) or "nothing",
        }
        for kind in KINDS.values()
    ]


def quantity(name: str, *values: int) -> str:
    """`delay_ns` and 5000000: `delay 5 ms`; of two values the span between them."""
    words, unit, size = name, "", 1
    if name.endswith("_ns"):
        words, unit, size = name.removesuffix("_ns"), " ms", 1_000_000
    elif name.endswith("bytes_per_s"):
        words, unit = name.removesuffix("bytes_per_s").rstrip("_"), " bytes/s"
    elif name.endswith("_bytes"):
        words, unit = name.removesuffix("_bytes"), " bytes"
    elif name.endswith("_ppm"):
        words, unit = name.removesuffix("_ppm"), " ppm"
    numbers = "..".join(f"{value / size:,.10g}" for value in values)
    return f"{words.replace('_', ' ')} {numbers}{unit}".strip()


def _workloads() -> Rows:
    keys = [{"what": "keys", "name": name, "about": about} for name, about in DISTRIBUTIONS.items()]
    return [*keys, *({"what": "mix", "name": name, "about": about} for name, about in MIX_LEGENDS.items())]


def _checkers() -> Rows:
    modules: list[Any] = [__import__(check.__module__, fromlist=["check"]) for check in PROPERTIES.values()]
    modules += [bounds, availability]  # these must know more than a history
    about = [str(module.__doc__).strip().splitlines()[0].rstrip(".") for module in modules]
    names = [*PROPERTIES, bounds.NAME, availability.NAME]
    return [{"name": name, "about": words} for name, words in zip(names, about, strict=True)]


def _policies() -> Rows:
    return [
        {
            "name": name,
            "about": policies.load(name).about,
            "is": ", ".join(f"{key} = {value}" for key, value in policies.load(name).given.items()) or "nothing",
        }
        for name in policies.built_in()
    ]


def _mechanisms() -> Rows:
    """Each with its choices; their figures are in `urushi plan`."""
    return [
        {"mechanism": mechanism, "choice": str(choice), "about": about}
        for mechanism, choices in CHOICES.items()
        for choice, about in choices.items()
    ]


def _versions() -> Rows:
    """Of `cluster.versions`, and of `cluster.merge` where those keep siblings."""
    kinds = [{"what": "versions", "name": str(name), "about": about} for name, about in VERSIONS.items()]
    return [*kinds, *({"what": "merge", "name": str(name), "about": about} for name, about in MERGES.items())]


def _flaws() -> Rows:
    return [
        {
            "name": name,
            "about": flaw.legend,
            "breaks": flaw.breaks or "nothing: a near miss",
            "seen in": flaw.source,
        }
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


def _claims() -> Rows:
    """Of a system of one's own."""
    return [{"name": name, "about": about} for name, (about, _) in CLAIMS.items()]


def _models() -> Rows:
    """Of objects that clients share, for `urushi check FILE --model`."""
    return [
        {
            "name": name,
            "about": model.legend,
            "functions": ", ".join(model.functions),
            "checks": ", ".join(model.checks),
        }
        for name, model in MODELS.items()
    ]


def _studies() -> Rows:
    return [
        {
            "name": study.name,
            "claim": study.claim,
            "method": study.method,
            "parameters": ", ".join(f"{name}={value}" for name, value in study.parameters.items()) or "none",
        }
        for study in STUDIES.values()
    ]


LISTS = {
    "scenarios": _scenarios,
    "faults": _faults,
    "workloads": _workloads,
    "checkers": _checkers,
    "models": _models,
    "claims": _claims,
    "policies": _policies,
    "mechanisms": _mechanisms,
    "versions": _versions,
    "flaws": _flaws,
    "promises": _promises,
    "studies": _studies,
}


def show(console: Console, chosen: dict[str, Rows]) -> None:
    for name, rows in chosen.items():
        table = Table(title=name, title_justify="left", box=None, pad_edge=False)
        for number, title in enumerate(rows[0]):
            table.add_column(title, overflow="fold", no_wrap=number == 0)
        for row in rows:
            table.add_row(*row.values())
        console.print(table)
