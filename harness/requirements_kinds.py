"""What the kinds of anti-entropy ask of a plan, and what a kind does not promise by its nature."""

from harness.plan import Plan
from harness.requirement import Requirement

PAGED = ("full", "keys", "rows", "log", "clocks")  # they go through all keys in every exchange


def pages(plan: Plan) -> int:
    """Of one exchange. Either side may end a page."""
    if plan.policy.anti_entropy not in PAGED:
        return 1
    keys = len({operation.key for operation in plan.operations})
    taken = 0 if plan.policy.anti_entropy in ("full", "keys", "rows") else len(plan.operations)
    return 1 + (2 * keys + taken) // plan.policy.keys_per_exchange_max


def sends_too_much(plan: Plan, total: int) -> str | None:
    """Exchanges that send everything take from each other what the limit lets through, and the next one begins as soon
    as one is over: no bound says when the last one is, unless there is enough for all of them in each round."""
    policy = plan.policy
    per_round = policy.repair_bytes_per_s_max * policy.round_every_ns // 1_000_000_000
    if not _is_full(plan) or 2 * total <= per_round:
        return None
    what = f"{2 * total:,} bytes may go in each round of full anti-entropy"
    return f"{what}, and policy.repair_bytes_per_s_max = {policy.repair_bytes_per_s_max:,} lets {per_round:,} through"


def _sends_everything(plan: Plan) -> str | None:
    return "anti-entropy is full: it sends everything, whether it differs or not" if _is_full(plan) else None


def _sends_pages(plan: Plan) -> str | None:
    if not _is_full(plan) or not plan.policy.repair_bytes_per_s_max:
        return None
    return "anti-entropy is full: it sends copies by the page, and a record does not tell how many bytes a page has"


def _is_full(plan: Plan) -> bool:
    return plan.policy.anti_entropy == "full"


ONLY_DIFFERENCES = Requirement("anti-entropy that sends what differs", _sends_everything)
ONE_BY_ONE = Requirement("copies that are sent one by one, where bytes are limited", _sends_pages)
