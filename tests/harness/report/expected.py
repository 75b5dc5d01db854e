"""What the causes of flawed repairs, hints, trees and versions must say; as in test_causes."""

from typing import NamedTuple

LOST, CAME = False, True


class Expected(NamedTuple):
    promise: str
    words: list[str]
    messages: list[tuple[str, str, str, str, bool]]
    figures: str = ""


MISSED = "r1 missed v2 (put, op 2)"
R3_MISSED = "r3 missed ✝ v2 (delete, op 2)"
ISOLATED = "while f1 (isolate r1) was on"
R3_ISOLATED = "while f1 (isolate r3) was on"
DIFFER = "v1 on r1; v2 on r2 r3"

EXPECTED: dict[str, Expected] = {
    "answers-before-repair": Expected(
        "monotonic reads",
        [
            "op 3 was decided at .* on r2 (v1) and r1 (v2)",
            "r2 and r3 missed v2 (put, op 2)",
            ISOLATED,
            "op 4 was decided at .* on r2 (v1) and r3 (v1)",
            "the question to r1 .* was lost, while f5 (isolate r1) was on",
        ],
        [
            ("store", "op 2", "r1", "r2", LOST),
            ("store", "op 2", "r1", "r3", LOST),
            ("fetch", "op 4", "r2", "r1", LOST),
        ],
        "v1 < v2",
    ),
    "repairs-holders-only": Expected(
        "monotonic reads",
        [
            "op 2 was decided at .* on r1 (v1) and r2 (nothing) and repaired nobody",
            "r2 and r3 missed v1 (put, op 1)",
            ISOLATED,
            "op 3 was decided at .* on r2 (nothing) and r3 (nothing)",
            "the question to r1 .* was lost, while f3 (isolate r1) was on",
        ],
        [
            ("store", "op 1", "r1", "r2", LOST),
            ("store", "op 1", "r1", "r3", LOST),
            ("fetch", "op 3", "r2", "r1", LOST),
        ],
        "nothing < v1",
    ),
    "takes-silence-for-nothing": Expected(
        "reads see acknowledged writes",
        [f"the question to {node} [^;]* was lost, while f1 (isolate r4) was on" for node in ("r1", "r2", "r3")],
        [("fetch", "op 2", "r4", node, LOST) for node in ("r1", "r2", "r3")],
        "nothing < v1",
    ),
    "counts-hints": Expected(
        "reads see acknowledged writes",
        ["r2 and r3 missed v2 (put, op 2)", ISOLATED, "op 3 was decided at .* on r2 (v1) and r3 (v1)", ISOLATED],
        [
            ("store", "op 2", "r1", "r2", LOST),
            ("store", "op 2", "r1", "r3", LOST),
            ("fetch", "op 3", "r2", "r1", LOST),
        ],
        "v1 < v2",
    ),
    "hints-first-only": Expected(
        "convergence",
        ["r3 missed v2 (put, op 2)", ISOLATED, "no hint of v2 was sent to r3"],
        [("store", "op 2", "r1", "r3", LOST)],
        "v2 on r1 r2; v1 on r3",
    ),
    "drops-hints": Expected(
        "convergence",
        ["r3 missed v1 (put, op 2)", R3_ISOLATED, "no hint of v1 was sent to r3"],
        [("store", "op 2", "r1", "r3", LOST)],
        "v1 on r1 r2; nothing on r3",
    ),
    "forgets-sent-hints": Expected(
        "convergence",
        [
            "r2 and r3 missed v2 (put, op 2)",
            ISOLATED,
            "the last hint of it for r2 [^;]* was lost at",
            ISOLATED,
            "the last hint of it for r3 [^;]* was lost at",
            ISOLATED,
        ],
        [
            ("store", "op 2", "r1", "r2", LOST),
            ("store", "op 2", "r1", "r3", LOST),
            ("store", "hint for r2", "r1", "r2", LOST),
            ("store", "hint for r3", "r1", "r3", LOST),
        ],
        "v2 on r1; v1 on r2 r3",
    ),
    "hashes-no-tombstones": Expected(
        "convergence",
        [
            "r3 missed ✝ v1 (delete, op 1)",
            R3_ISOLATED,
            "compared r3 with r1 and r2 after 0.600 s and found no difference",
        ],
        [("store", "op 1", "r1", "r3", LOST)],
        "✝ v1 on r1 r2; nothing on r3",
    ),
    "hashes-run-together": Expected(
        "convergence",
        ["r3 missed v2 (put, op 2)", R3_ISOLATED, "compared r3 with r1 and r2 after 1.000 s and found no difference"],
        [("store", "op 2", "r1", "r3", LOST)],
        "v2 on r1 r2; v1 on r3",
    ),
    "shows-purgeable": Expected(
        "convergence",
        ["purged ✝ v1", "anti-entropy round .* brought ✝ v1 r[123] → r[123]", "which had purged ✝ v1"],
        [("store", "round .*", "r[123]", "r[123]", CAME)],
    ),
    "compares-by-position": Expected(
        "convergence",
        [
            "r1 missed v1 (put, op 1)",
            ISOLATED,
            "compared r1 with r2 and r3 after 0.600 s and found a difference, yet v1 was not sent",
        ],
        [("store", "op 1", "r2", "r1", LOST)],
        "nothing on r1; v1 on r2 r3",
    ),
    "deletes-outright": Expected(
        "no tombstone resurrection",
        [
            R3_MISSED,
            R3_ISOLATED,
            "r1 and r2 purged ✝ v2 from 0.30. s on",
            "f1 ended at 0.600 s",
            "brought v1 r3 → r[12]",
            "had purged ✝ v2",
        ],
        [("store", "op 2", "r1", "r3", LOST), ("store", "round .*", "r3", "r[12]", CAME)],
        "v1 < ✝ v2",
    ),
    "counts-versions": Expected(
        "nothing invented",
        ["r1 and r3 gave op 1 and op 2 the same version", "r3 took v1 at .* (the write op 2)"],
        [],
        "w1 v1, w2 v1",
    ),
    "ties-by-arrival": Expected(
        "convergence",
        [
            "r1 and r2 missed v3 (put, op 3)",
            "while f2 (isolate r3) was on",
            "compared r1 with r3 after 1.000 s and found a difference, yet v3 was not sent",
        ],
        [("store", "op 3", "r3", "r1", LOST), ("store", "op 3", "r3", "r2", LOST)],
        "v2 on r1 r2; v3 on r3",
    ),
    "rejoins-as-the-same": Expected(
        "nothing invented",
        [
            "r4 was wiped at 1.000 s by f3 (wipe r4)",
            "r4 gave op 3 and op 6 the same version",
            "the write op 6 brought v2 r4 → r[123]",
        ],
        [("store", "op 6", "r4", "r[123]", CAME)],
        "w3 v2, w6 v2",
    ),
}
