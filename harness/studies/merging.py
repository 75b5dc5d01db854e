"""The claim on data types that merge: they lose nothing when replicas differ, and make no replica hear of anything."""

import msgspec
from msgspec.structs import replace

from checkers.facts import gather
from checkers.history import Copy, History
from harness.plan import Plan
from harness.stages.simulation.stage import perform
from harness.studies import plans
from harness.studies.looks import apart
from harness.studies.plans import QUIET
from harness.studies.study import Order, Part, Row, Seen, Study
from replicas.store.policy import Policy
from replicas.store.settings import Cluster

SEEDS = range(1, 11)
KEYS = 40
BEGUN_MS, OVER_MS = 200, 2_700
APART_MS = 20  # between two who add to one set and have not heard of each other
_decode = msgspec.json.Decoder(list[str]).decode


def _added(seed: int, of: Cluster, policy: Policy) -> Plan:
    """To each set two clients add an element of their own, through different nodes, while r3 is cut off."""
    names = plans.keys(KEYS)
    operations = [
        *plans.asked("put", names, ["r1"], BEGUN_MS + 100, OVER_MS - 200),
        *plans.asked("put", names, ["r2"], BEGUN_MS + 100 + APART_MS, OVER_MS - 200 + APART_MS, clients=5),
    ]
    faults = [plans.outage("isolate", ["r3"], BEGUN_MS, OVER_MS)]
    plan = plans.plan("merging-types", seed, policy, operations, faults, of=of)
    as_lists = [replace(each, value=msgspec.json.encode([each.value]).decode()) for each in plan.operations]
    return replace(plan, operations=as_lists)


def _elements(copy: Copy | None) -> set[str]:
    """With siblings a value is the list of theirs, each the list of its elements."""
    if copy is None or copy.value is None:
        return set()
    values = _decode(copy.value.encode())
    return {element for value in values for element in (_decode(value.encode()) if value.startswith("[") else [value])}


def _missing(history: History) -> tuple[int, int]:
    """Of the elements that were acknowledged, how many are on no replica in the end, and how many there are."""
    facts = gather(history)
    dumps = facts.last_dumps("settled")
    left = {
        key: set[str]().union(*(_elements(dump.copies.get(key)) for dump in dumps.values())) for key in plans.keys(KEYS)
    }
    added = [
        (ack.invoke.key, element) for ack in facts.acks for element in _decode((ack.invoke.value or "[]").encode())
    ]
    return sum(element not in left[key] for key, element in added), len(added)


def merging_types(order: Order) -> Seen:
    merging = replace(plans.cluster(), versions="dotted", merge="union")
    trees = replace(QUIET, anti_entropy="merkle")
    cases = {
        "sets that merge, no repair": (merging, QUIET),
        "sets that merge, hash trees": (merging, trees),
        "last writer wins, hash trees": (plans.cluster(), trees),
    }
    rows: list[Row] = []
    differ: list[Part] = []
    lost: list[Part] = []
    for done, (name, (of, policy)) in enumerate(cases.items()):
        order.watch(done, len(cases))
        histories = [perform(_added(seed, of, policy)) for seed in SEEDS]
        counts = [_missing(history) for history in histories]
        differ.append(Part(sum(len(apart(history)) for history in histories), KEYS * len(SEEDS)))
        lost.append(Part(sum(count for count, _ in counts), sum(every for _, every in counts)))
        rows.append(Row(name, {"sets apart at the end": differ[-1], "elements lost": lost[-1]}))
    why = (
        f"{differ[0]} of the sets that merge stayed apart without repair and {differ[1]} with hash trees; merging lost"
        f" {lost[1]} of the elements that were acknowledged, last writer wins {lost[2]}"
    )
    confirmed = differ[0].count > 0 == differ[1].count and lost[0].count == lost[1].count == 0 < lost[2].count
    return Seen(rows, confirmed, why)


STUDIES = (
    Study(
        "merging-types",
        "data types that merge still need repair: they lose nothing, and tell nobody",
        f"to each of {KEYS} sets two clients add an element, {APART_MS} ms apart and through different nodes, while r3"
        f" is cut off; dotted version vectors, siblings are united; {len(SEEDS)} seeds a case, in simulation",
        merging_types,
        source="seed document 003: is repair unnecessary with CRDTs?",
    ),
)
