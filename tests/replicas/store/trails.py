"""The contract of a trail, read from its own words and kept apart from the code that writes it."""

import json
from pathlib import Path
from typing import Any

CopyLine = tuple[int, str, bool, str | None, bool]
Held = dict[str, CopyLine]


class Trail:
    """Judges each line as it comes. `held` is what the committed changes add up to."""

    def __init__(self, path: Path) -> None:
        self.held: Held = {}
        self.committed = 0
        self.incarnations: list[str] = []
        self.counts: dict[str, int] = {}
        self._open: list[dict[str, Any]] = []
        self._at = 0
        judges = {"started": self._started, "changed": self._changed, "committed": self._committed, "sent": self._sent}
        for text in path.read_text().splitlines():
            line = json.loads(text)
            kind = line["line"]
            self.counts[kind] = self.counts.get(kind, 0) + 1
            assert line["at"] >= self._at, "time goes back"
            self._at = line["at"]
            judges.get(kind, self._received)(line)

    def _started(self, line: dict[str, Any]) -> None:
        """The database may have a commit that the trail does not call one; never the other way round."""
        assert line["batch"] >= self.committed, "a batch was declared durable, and is lost"
        self._apply(up_to=line["batch"])
        self._open.clear()
        self.committed = line["batch"]
        self.incarnations.append(line["incarnation"])

    def _received(self, line: dict[str, Any]) -> None:
        assert line["line"] == "received"
        assert not self._open, "received in the middle of a batch"

    def _changed(self, line: dict[str, Any]) -> None:
        assert line["batch"] == self.committed + 1, "changed in a batch that is not the next"
        self._open.append(line)

    def _committed(self, line: dict[str, Any]) -> None:
        assert line["batch"] == self.committed + 1, "a commit was left out"
        self._apply(up_to=line["batch"])
        self.committed = line["batch"]

    def _sent(self, line: dict[str, Any]) -> None:
        assert not self._open, f"{line} was sent before its batch was committed"

    def _apply(self, up_to: int) -> None:
        for change in self._open:
            if change["batch"] <= up_to:
                before = self.held.pop(change["key"], None)
                assert before == (tuple(change["old"]) if change["old"] else None), "the audit has a gap"
                if change["new"]:
                    self.held[change["key"]] = tuple(change["new"])
        self._open.clear()
