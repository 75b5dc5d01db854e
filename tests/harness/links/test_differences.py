"""Where the stand-in differs from the real server: each is meant, and each is seen on both."""

import inspect
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.harness.links.differences import DIFFERENCES, PAGE, Difference, page
from tests.harness.links.seen_in_api import MEANINGLESS

if TYPE_CHECKING:
    from tests.harness.links.conftest import Link, Server

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("row", DIFFERENCES, ids=lambda row: row.seen.__name__)
def test_both_do_what_the_table_says(row: Difference, server: "Server", request: pytest.FixtureRequest) -> None:
    asked = {
        name: server.kind if name == "kind" else request.getfixturevalue(name)
        for name in inspect.signature(row.seen).parameters
    }
    assert row.seen(**asked) == (row.stand_in if server.kind == "stand-in" else row.real)


def test_a_row_is_a_difference() -> None:
    assert [row.what for row in DIFFERENCES if row.real == row.stand_in or not row.why] == []
    assert len({row.seen for row in DIFFERENCES}) == len(DIFFERENCES)


def test_the_page_shows_the_table() -> None:
    stored = (ROOT / PAGE).read_text(encoding="utf-8")
    assert stored == page(), "stale: run `python -m tests.harness.links.differences`"


@pytest.mark.parametrize(("kind", "attributes"), MEANINGLESS)
def test_what_is_refused_is_said(own_link: "Link", kind: str, attributes: dict[str, int]) -> None:
    answer = own_link.server.call("POST", "/proxies/link/toxics", {"type": kind, "attributes": attributes})
    assert (answer.status, answer.json["status"]) == (400, 400)
    assert answer.json["error"].startswith(f"bad request body: attributes of {kind}: ")
    assert own_link.server.call("GET", "/proxies/link/toxics").json == []
