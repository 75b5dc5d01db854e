"""Networks in scenarios and plans: drawn, printed, refused, and what a promise needs of them."""

import tomllib
from collections import Counter
from typing import Any, get_args

import pytest
from msgspec import structs

from harness import requirements as needs
from harness.levers import STAGE_LEVERS
from harness.plan import Distribution, Network, Plan, check, levers_of
from harness.scenario import Scenario, draw, load
from harness.wrong import Wrong, convert
from tests.harness.plans import small_plan
from tests.harness.simulation.worlds import MS

SCENARIO = """
[workload]
operations = 5
[network]
delay = "1..9ms"
distribution = ["uniform", "exponential", "pareto", "bimodal"]
loss = "0..30%"
duplicates = "0..5%"
reorder = ["0%", "1..10%"]
reorder_by = "5..50ms"
bandwidth = [0, "20000..500000"]
queue = "4..64"
last_words = ["0%", "50%"]
"""


def drawn(text: str, seed: int = 1) -> tuple[Plan, dict[str, str]]:
    return draw(convert(tomllib.loads(text), Scenario, "odd"), "odd", seed)


def test_a_seed_draws_each_part_from_its_range_and_all_is_printed() -> None:
    networks: list[Network] = []
    for seed in range(200):
        plan, said = drawn(SCENARIO, seed)
        network = plan.network
        networks.append(network)
        assert said["network.delay"] == "1..9 ms"
        assert said["network.distribution"] == network.distribution
        assert said["network.loss"] == f"{network.loss_ppm / 10_000:g} %"
        assert said["network.duplicates"] == f"{network.duplicate_ppm / 10_000:g} %"
        assert said["network.reorder"] == f"{network.reorder_ppm / 10_000:g} %"
        assert said["network.bandwidth"] == str(network.bytes_per_s)
        assert said["network.queue"] == str(network.queue_max)
        assert said["network.last_words"] == f"{network.last_words_ppm / 10_000:g} %"
        if network.reorder_ppm:
            assert said["network.reorder_by"] == f"{network.reorder_ns / MS:g} ms"
    assert {network.distribution for network in networks} == set(get_args(Distribution))
    assert all(network.loss_ppm <= 300_000 and network.duplicate_ppm <= 50_000 for network in networks)
    assert {network.last_words_ppm for network in networks} == {0, 500_000}
    assert len({network.queue_max for network in networks} & set(range(4, 65))) > 50
    for network in networks:
        assert 10_000 <= network.reorder_ppm <= 100_000 or network.reorder_ppm == network.reorder_ns == 0
        assert 5 * MS <= network.reorder_ns <= 50 * MS or network.reorder_ppm == 0
        assert 20_000 <= network.bytes_per_s <= 500_000 or network.bytes_per_s == 0
    halves = Counter((network.reorder_ppm > 0, network.bytes_per_s > 0) for network in networks)
    assert min(halves[one, other] for one in (True, False) for other in (True, False)) > 20


def test_a_scenario_that_asks_for_nothing_has_a_plain_network() -> None:
    plan, _ = drawn("[workload]\noperations = 5")
    assert plan.network == Network()


def test_to_ask_for_one_thing_leaves_all_else_as_it_was() -> None:
    plain, _ = draw(load("default"), "default", 7)
    scenario = load("default")
    network = structs.replace(scenario.network, duplicates="5%", distribution="pareto", queue="1..9")
    odd, _ = draw(structs.replace(scenario, network=network), "default", 7)
    assert odd != plain
    assert structs.replace(odd, network=plain.network) == plain


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('distribution = "parreto"', "odd: network.distribution: 'parreto' is not possible here"),
        ('distribution = "parreto"', "did you mean 'pareto'?"),
        ('distribution = ["uniform", "normal"]', "network.distribution: 'normal' is not possible here"),
        ('duplicates = "5"', "network.duplicates: '5' is no such value; write a share"),
        ('duplicates = "0..101%"', "network.duplicates: '0..101%' is too much; 100 % is the most"),
        ('reorder = "5ms"', "network.reorder: '5ms' is no such value; write a share"),
        ('reorder_by = "0ms"', "network.reorder_by: '0ms' is too little; 0.001 ms is the least"),
        ('reorder_by = "5%"', "network.reorder_by: '5%' is no such value; write a duration"),
        ('bandwidth = "1ms"', "network.bandwidth: '1ms' is no such value; write a count"),
        ('queue = "64..4"', "network.queue: '64..4' ends before it begins; write the smaller number first"),
        ('last_words = "150%"', "network.last_words: '150%' is too much"),
        ('duplicate = "5%"', "network"),
    ],
)
def test_what_is_wrong_in_a_scenario_is_refused(line: str, said: str) -> None:
    with pytest.raises(Wrong) as refused:
        drawn(f"[network]\n{line}")
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("network", "said"),
    [
        ({"duplicate_ppm": -1}, "p: network.duplicate_ppm: -1 is too little; 0 is the least"),
        ({"reorder_ppm": 1_000_001, "reorder_ns": 1}, "network.reorder_ppm: 1000001 is too much"),
        ({"last_words_ppm": 1_000_001}, "network.last_words_ppm: 1000001 is too much; 1000000 is the most"),
        ({"queue_max": -1}, "network.queue_max: -1 is too little"),
        ({"bytes_per_s": -1}, "network.bytes_per_s: -1 is too little"),
        ({"reorder_ppm": 1}, "network.reorder_ppm: 1 with reorder_ns = 0 holds nothing back; give a reorder_ns"),
    ],
)
def test_what_is_wrong_in_a_plan_is_refused(network: dict[str, Any], said: str) -> None:
    with pytest.raises(Wrong) as refused:
        check(structs.replace(small_plan(), network=Network(**network)), "p")
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("field", "lever"),
    [
        ("loss_ppm", "loss"), ("last_words_ppm", "loss"), ("duplicate_ppm", "duplication"),
        ("reorder_ppm", "reordering"), ("bytes_per_s", "capacity"), ("queue_max", "capacity"),
    ],
)  # fmt: skip
def test_what_a_network_does_needs_a_lever_that_only_the_simulation_has(field: str, lever: str) -> None:
    plan = structs.replace(small_plan(), network=structs.replace(Network(reorder_ns=MS), **{field: 7}))
    of_network = {name: why for name, why in levers_of(plan).items() if why.startswith("network.")}
    assert of_network == {lever: f"network.{field} = 7"}
    assert lever in STAGE_LEVERS["simulation"]
    assert lever not in STAGE_LEVERS["processes"]


@pytest.mark.parametrize("distribution", get_args(Distribution))
def test_a_promise_needs_the_slowest_message_to_fit_an_exchange(distribution: Distribution) -> None:
    """Whatever the distribution: each ends with its range. Six messages and six syncs are less than a second; what is
    held back comes on top."""
    plan = structs.replace(small_plan(), policy=structs.replace(small_plan().policy, message_lifetime_ns=10**12))
    most = 10**9 // plan.policy.exchange_hops() - plan.disk.sync_max_ns
    for slower, missed in ((0, False), (1, True)):
        slowest = Network(0, most + slower, distribution=distribution)
        held = Network(0, most - 20 * MS + slower, distribution=distribution, reorder_ppm=1, reorder_ns=20 * MS)
        unheld = structs.replace(held, reorder_ppm=0)
        assert bool(needs.IN_TIME.missed(structs.replace(plan, network=slowest))) == missed
        assert bool(needs.IN_TIME.missed(structs.replace(plan, network=held))) == missed
        assert needs.IN_TIME.missed(structs.replace(plan, network=unheld)) is None
