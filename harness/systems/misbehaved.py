"""A system of the user's that cannot be driven: neither a verdict on it nor a failure of ours."""


class Misbehaved(Exception):
    """Exit code 4. Says which part of it, what it did, its last words, and what to do."""

    def __init__(self, who: str, what: str, remedy: str, words: str = "") -> None:
        super().__init__(f"{who}: {what}; {remedy}" + (f"\n{words}" if words else ""))
        self._given = (who, what, remedy, words)

    def __reduce__(self) -> tuple[type["Misbehaved"], tuple[str, str, str, str]]:
        return Misbehaved, self._given
