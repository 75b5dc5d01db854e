"""From what is valid to what is not quite: documents with something wrong in them, and bytes with damage."""

import copy
from typing import Any

from hypothesis import strategies as st

HUGE = [2**31, 2**53, 2**63 - 1, 2**63, 2**64 - 1, -1, -(2**63), 0]
NESTED = st.recursive(
    st.none() | st.integers(-2, 2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=6,
)
TEXT = st.text(max_size=6) | st.sampled_from(["", "\x00", "\n", "é", "鍵", "\u2028", "[/]", "r1", "x" * 2_000])
JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**80), 2**80), st.sampled_from(HUGE), st.floats(), TEXT, NESTED
)


@st.composite
def spoilt(draw: st.DrawFn, document: Any, words: list[Any]) -> Any:
    """With an edit or a few, each anywhere. `words` are values that mean something to who reads the document."""
    found = copy.deepcopy(document)
    for _ in range(draw(st.sampled_from([1, 1, 1, 2, 3]))):
        _edit(draw, found, words)
    return found


def _edit(draw: st.DrawFn, document: Any, words: list[Any]) -> None:
    place = document
    while True:
        steps = list(place) if isinstance(place, dict) else range(len(place))
        if not steps:
            return
        step = draw(st.sampled_from(steps))
        if not (isinstance(place[step], dict | list) and place[step] and draw(st.integers(0, 4))):
            break
        place = place[step]
    edit = draw(st.sampled_from(["value", "near", "near", "near", "word", "delete", "double", "swap", "name"]))
    if edit == "delete":
        del place[step]
    elif edit == "near" and isinstance(place[step], int):
        place[step] += draw(st.sampled_from([-1, 1, 1_000, -1_000_000, 10**9]))
    elif edit == "double" and isinstance(place, list):
        place.insert(step, copy.deepcopy(place[step]))
    elif edit == "swap":
        other = draw(st.sampled_from(steps))
        place[step], place[other] = place[other], place[step]
    elif edit == "name" and isinstance(place, dict):
        place[draw(TEXT)] = place.pop(step)
    else:
        place[step] = draw(JUNK if edit == "value" else st.sampled_from(words).map(copy.deepcopy))


@st.composite
def damaged(draw: st.DrawFn, whole: st.SearchStrategy[bytes]) -> bytes:
    """Bits flipped, bytes written over, a piece cut out, doubled or put elsewhere, the end cut off."""
    data = bytearray(draw(whole))
    for _ in range(draw(st.integers(1, 3))):
        if not data:
            break
        at = draw(st.integers(0, len(data) - 1))
        length = draw(st.integers(0, min(len(data) - at, 40)))
        kind = draw(st.sampled_from(["bit", "byte", "cut out", "double", "splice", "end"]))
        if kind == "bit":
            data[at] ^= 1 << draw(st.integers(0, 7))
        elif kind == "byte":
            data[at] = draw(st.integers(0, 255))
        elif kind == "cut out":
            del data[at : at + length]
        elif kind == "double":
            data[at:at] = data[at : at + length]
        elif kind == "splice":
            piece = data[at : at + length]
            to = draw(st.integers(0, len(data)))
            data[to:to] = piece
        else:
            del data[at:]
    return bytes(data)
