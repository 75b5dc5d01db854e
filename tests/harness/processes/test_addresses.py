"""No two runs share a block, whoever dies when; and a block's ports are free for the run that has it."""

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.stages.processes import addresses
from harness.stages.processes.addresses import AddressError, Block, claim

ROOT = Path(addresses.__file__).parents[3]
# All begin at the same block, so that every claim is contended.
CLAIM_TWENTY = """
import sys
from harness.stages.processes import addresses
addresses.os.getpid = lambda: 1
sys.stdin.readline()
held = [addresses.claim() for _ in range(20)]
print(*(block.prefix for block in held), flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def block() -> Iterator[Block]:
    with contextlib.closing(claim()) as block:
        yield block


def test_claims_of_several_processes_never_share_a_block() -> None:
    command = [sys.executable, "-c", CLAIM_TWENTY]
    env = {"PYTHONPATH": str(ROOT)}
    start = partial(subprocess.Popen, command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    claimants: list[Any] = [start() for _ in range(4)]
    try:
        for claimant in claimants:
            os.write(claimant.stdin.fileno(), b"go\n")
        claimed = [prefix for claimant in claimants for prefix in claimant.stdout.readline().split()]
    finally:
        for claimant in claimants:
            claimant.communicate(b"end\n", timeout=10)
    assert len(claimed) == 80
    assert len(set(claimed)) == 80


def test_a_block_is_taken_until_its_last_holder_has_died(block: Block) -> None:
    holder = subprocess.Popen(
        ["/bin/cat"], stdin=subprocess.PIPE, pass_fds=[block.lock.fileno()], stdout=subprocess.DEVNULL
    )
    where = block.lock.getsockname()
    block.close()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        with pytest.raises(OSError, match="Address already in use"):
            other.bind(where)
        holder.kill()
        holder.communicate(timeout=10)
        other.bind(where)


def test_all_addresses_of_a_block_differ_and_can_be_bound(block: Block) -> None:
    nodes = [block.node(index) for index in range(addresses.NODES_MAX)]
    proxies = [block.proxy(index) for index in range(addresses.PROXIES_MAX)]
    everything = [*nodes, *proxies, block.api]
    assert len(set(everything)) == len(everything)
    assert len({address.host for address in nodes}) == len(nodes)
    with contextlib.ExitStack() as stack:
        for address in everything:
            stack.enter_context(socket.create_server(address))


def test_ports_are_out_of_the_way_of_outgoing_connections(block: Block) -> None:
    low, high = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split())
    ports = [block.node(0).port, block.api.port, block.proxy(0).port, block.proxy(addresses.PROXIES_MAX - 1).port]
    assert not [port for port in ports if port in range(low, high + 1) or port < 1024]


@given(st.integers(1, 65535), st.integers(1, 65535))
@example(1, addresses.API_PORT)
@example(1, addresses.API_PORT - 1)
@example(addresses.LOCK_PORT, 65535)
@example(addresses.LOCK_PORT + 1, 65535)
def test_a_machine_is_refused_exactly_when_its_outgoing_ports_meet_ours(one: int, other: int) -> None:
    low, high = sorted((one, other))
    ours = range(addresses.API_PORT, addresses.LOCK_PORT + 1)
    meet = bool(set(ours) & set(range(low, high + 1)))
    with pytest.raises(AddressError, match="sysctl -w") if meet else contextlib.nullcontext():
        addresses._check_ephemeral_ports(f"{low}\t{high}\n")


@pytest.mark.parametrize("index", [-1, addresses.PROXIES_MAX])
def test_a_block_has_no_more_addresses_than_it_says(block: Block, index: int) -> None:
    with pytest.raises(ValueError, match=f"proxy {index}: a block has addresses for 0 to 798"):
        block.proxy(index)
    with pytest.raises(ValueError, match="a block has addresses for 0 to 199"):
        block.node(index)


def test_a_stranger_on_every_address_is_named_after_a_bounded_number_of_tries(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("0.0.0.0", 0))  # noqa: S104 - the point of the test
        port = stranger.getsockname()[1]
        monkeypatch.setattr(addresses, "LOCK_PORT", port)
        monkeypatch.setattr(addresses, "_check_ephemeral_ports", lambda _: None)  # it is one of those
        with pytest.raises(AddressError, match=f"all of {addresses.TRIES_MAX} blocks.*sport = {port}"):
            claim()


def test_the_same_process_gets_another_block_each_time() -> None:
    with contextlib.closing(claim()) as first:
        before = first.prefix
    with contextlib.closing(claim()) as second:
        assert second.prefix != before
