"""Each kind of anti-entropy sends what differs, and once; what it says to find it is counted as bytes on a wire."""

import pytest

from harness.bench.differences import COPIES_IN_A_BATCH, by_share, copies, differences, with_kind
from harness.bench.entropy import KINDS

KEYS = 400


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_mends_and_sends_each_row_that_differs_once(name: str) -> None:
    """All but the full comparison, which sends all there is from both sides in each round."""
    for mended in differences(KINDS[name], copies(KEYS), [0, 1, 40, KEYS]):
        assert mended.whole
        expected = 2 * KEYS * mended.rounds if name == "full" else mended.differing
        assert mended.found == expected
        assert mended.rounds == (2 if mended.differing else 1)


@pytest.mark.parametrize("kind", ["log", "clocks", "merkle"])
def test_where_nothing_differs_the_size_of_the_data_does_not_matter(kind: str) -> None:
    few, many = (differences(with_kind(kind), copies(count), [0])[0] for count in (10, 1_000))
    assert many.quiet_bytes <= few.quiet_bytes + 8  # longer numbers


@pytest.mark.parametrize("kind", ["keys", "rows"])
def test_where_nothing_differs_pages_cost_by_their_number_and_keys_by_theirs(kind: str) -> None:
    few, many = (differences(with_kind(kind), copies(count), [0])[0] for count in (100, 1_000))
    assert (many.quiet_bytes > 9 * few.quiet_bytes) == (kind == "keys")


def test_rows_cost_their_hash_where_a_page_differs() -> None:
    """Nine bytes of a hash for each row of the page, and for each row that differs what it is."""
    none, all_of_them = by_share(with_kind("rows"), KEYS, [0, 1_000_000])
    assert none.compared_bytes < 300
    assert all_of_them.compared_bytes < 300 * 4 + KEYS * (9 + 9 + 50 + 20)


def test_a_log_that_was_cut_costs_what_comparing_all_keys_costs() -> None:
    whole = differences(with_kind("log", log_entries_max=10_000), copies(KEYS), [100])[0]
    cut = differences(with_kind("log", log_entries_max=10), copies(KEYS), [100])[0]
    assert (whole.found, cut.found) == (100, 100)
    assert cut.compared_bytes > whole.compared_bytes + 30 * KEYS


def test_what_is_written_in_many_batches_is_mended(name: str = "clocks") -> None:
    count = COPIES_IN_A_BATCH + 1
    assert differences(KINDS[name], copies(count), [count])[0].found == count
