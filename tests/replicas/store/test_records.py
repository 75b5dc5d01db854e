"""A checksum covers each field, and delimits them."""

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from replicas.store.records import Record, Version, checksum, record
from tests.replicas.store.strategies import VERSIONS, records

QUICK = settings(deadline=None, max_examples=100)
TEXT = st.text(max_size=8)


@QUICK
@given(st.text(min_size=2, max_size=12), st.data(), VERSIONS)
def test_parts_are_delimited(joined: str, data: st.DataObject, version: Version) -> None:
    """ "a1" + "2" is not "a" + "12"."""
    one, other = data.draw(st.tuples(*[st.integers(0, len(joined))] * 2).filter(lambda cut: cut[0] != cut[1]))
    first, second = (checksum(joined[:cut], version, dead=False, value=joined[cut:]) for cut in (one, other))
    assert first != second


def test_parts_of_different_kinds_are_different() -> None:
    """A digest of str() parts takes these for equal: 1 and "1", nothing and "", nothing and "None"."""
    version = Version(1, "1")
    sums = [
        checksum("k", version, dead=False, value="1"),
        checksum("k", version, dead=True, value=None),
        checksum("k", version, dead=False, value=None),
        checksum("k", version, dead=False, value=""),
        checksum("k", version, dead=False, value="None"),
        checksum("k1", version, dead=False, value=""),
        checksum("k", Version(11, ""), dead=False, value=""),
        checksum("k", Version(1, "11"), dead=False, value=""),
    ]
    assert len(set(sums)) == len(sums)


@QUICK
@given(TEXT, st.integers(0, 2**62), TEXT, st.none() | TEXT, st.data())
def test_any_change_of_a_field_is_seen(key: str, time: int, by: str, value: str | None, data: st.DataObject) -> None:
    good = record(key, Version(time, by), value)
    assert good.intact()
    changed = Record(
        data.draw(st.just(key) | TEXT),
        Version(data.draw(st.just(time) | st.integers(0, 2**62)), data.draw(st.just(by) | TEXT)),
        data.draw(st.booleans()),
        data.draw(st.just(value) | st.none() | TEXT),
        good.checksum,
    )
    assume(changed != good)
    assert not changed.intact()


@QUICK
@given(records(), st.integers(0, 62))
def test_any_flipped_bit_of_the_checksum_is_seen(good: Record, bit: int) -> None:
    bad = Record(good.key, good.version, good.dead, good.value, good.checksum ^ (1 << bit))
    assert not bad.intact()


@QUICK
@given(records())
def test_a_checksum_fits_a_signed_column(good: Record) -> None:
    assert 0 <= good.checksum < 2**63
    assert good.dead == (good.value is None)
