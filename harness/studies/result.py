"""What a study found: a claim, how it was looked at, the figures, and whether they agree with it."""

import msgspec


class Row(msgspec.Struct, frozen=True):
    """Figures under one name, each under a title of its own."""

    name: str
    figures: dict[str, float | int | str]


class Finding(msgspec.Struct, frozen=True):
    """`why` says in a sentence, with figures, what makes the claim confirmed or not."""

    study: str
    claim: str
    source: str
    method: str
    rows: list[Row]
    confirmed: bool
    why: str


def percent(count: int, of: int) -> str:
    return f"{100 * count / of:.1f} % ({count} of {of})"
