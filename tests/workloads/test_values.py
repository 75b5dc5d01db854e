"""Values have the size asked for, name their write, and are like no other."""

import re
import zlib
from random import Random
from string import ascii_lowercase, ascii_uppercase, digits

from hypothesis import given
from hypothesis import strategies as st

from workloads.values import value_of

ALPHABET = ascii_uppercase + ascii_lowercase + digits + "-_"
SEED = "7/workload/values"
NUMBERS = st.integers(1, 20_000)
SIZES = st.integers(0, 5_000)


@given(NUMBERS, SIZES)
def test_a_value_has_its_size_in_bytes_and_begins_with_its_name(number: int, size_bytes: int) -> None:
    name = f"w{number}"
    value = value_of(name, size_bytes, SEED)
    assert len(value.encode()) == max(size_bytes, len(name))
    assert re.fullmatch(rf"{name}(\.[A-Za-z0-9_-]*)?", value)


@given(st.lists(st.tuples(NUMBERS, SIZES), unique_by=lambda write: write[0]))
def test_values_of_different_writes_differ(writes: list[tuple[int, int]]) -> None:
    values = {value_of(f"w{number}", size_bytes, SEED) for number, size_bytes in writes}
    assert len(values) == len(writes)


@given(NUMBERS, SIZES, SIZES)
def test_a_longer_value_begins_with_the_shorter_one(number: int, one: int, other: int) -> None:
    values = [value_of(f"w{number}", size_bytes, SEED) for size_bytes in sorted((one, other))]
    assert values[1].startswith(values[0])


def test_each_word_drawn_is_four_letters_the_lowest_byte_first() -> None:
    random = Random(f"{SEED}/w17")
    words = [random.getrandbits(32) for _ in range(50)]
    letters = [ALPHABET[(word >> shift) % 64] for word in words for shift in (0, 8, 16, 24)]
    assert value_of("w17", 204, SEED) == "w17." + "".join(letters)


def test_a_large_value_hardly_compresses() -> None:
    """64 letters are six bits in eight: nothing can do better than three quarters, and no repetition helps."""
    value = value_of("w1", 300_000, SEED)
    assert 0.74 < len(zlib.compress(value.encode(), 9)) / len(value) < 0.77
    others = [value_of("w2", 300_000, SEED), value_of("w1", 300_000, "8/workload/values")]
    assert all(value[10:50] not in other for other in others)


def test_the_letters_are_the_same_on_every_python() -> None:
    values = [value_of("w17", size_bytes, SEED) for size_bytes in (0, 3, 4, 20)]
    assert values == ["w17", "w17", "w17.", "w17.YfNY_G8hl2gK9Ea4"]
