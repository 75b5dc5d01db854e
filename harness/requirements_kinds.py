"""What the kinds of anti-entropy ask of a plan, and what a kind does not promise by its nature."""

from harness.plan import Plan
from harness.requirement import Requirement

PAGED = ("full", "keys", "rows")  # they go through all keys in every exchange


def pages(plan: Plan) -> int:
    """Of one exchange. Either side may end a page."""
    if plan.policy.anti_entropy not in PAGED:
        return 1
    keys = len({operation.key for operation in plan.operations})
    return 1 + 2 * (keys // plan.policy.keys_per_exchange_max)


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
