"""What a write writes: its own name, and text behind it that hardly compresses."""

from random import Random

_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_LETTER_OF_BYTE = _LETTERS * 4


def value_of(name: str, size_bytes: int, seed: str) -> str:
    """`w17`, or `w17.` and letters: the point keeps it apart from each value of `w1` and `w170`.

    A write has a stream of its own, and a longer value begins with the shorter one: to change one size, or to leave
    out a write, leaves the others as they were.
    """
    missing = size_bytes - len(name)
    if missing < 1:
        return name
    words = -(-missing // 4)  # whole words of the generator, or the last letters would depend on the size
    drawn = Random(f"{seed}/{name}").getrandbits(32 * words).to_bytes(4 * words, "little")
    return f"{name}.{drawn.translate(_LETTER_OF_BYTE).decode()}"[:size_bytes]
