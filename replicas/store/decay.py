"""Counts that fade: integers that lose half of themselves in each half-life, and come to nothing in the end."""


def decayed(value: int, age_ns: int, half_life_ns: int) -> int:
    """Between two halvings it falls along a straight line, at most a sixteenth above the curve."""
    halvings, rest_ns = divmod(max(0, age_ns), half_life_ns)
    if halvings >= value.bit_length():
        return 0
    left = value >> halvings
    return left - left * rest_ns // (2 * half_life_ns)
