"""What the causes of flawed substitutes, levels and bounded hints must say; as in test_causes."""

from tests.harness.report.expected import LOST, R3_ISOLATED, Expected

HALVES = "while f1 (halves r4 r5 r6) was on"
MAJORITY = "while f1 (majority r3 r5) was on"
V2_TO_R3 = [("store", "op 2", "r1", "r3", LOST)]
NO_HINT = Expected(
    "convergence",
    ["r3 missed v2 (put, op 2)", R3_ISOLATED, "no hint of v2 was sent to r3"],
    V2_TO_R3,
    "v2 on r1 r2; v1 on r3",
)

EXPECTED: dict[str, Expected] = {
    "forgets-for-others": Expected(
        "acknowledged writes kept",
        ["r1, r2 and r3 missed v2 (put, op 2)", HALVES, "op 2 was acknowledged at 0.5", "no replica had said"],
        [("store", "op 2", "r4", node, LOST) for node in ("r1", "r2", "r3")],
        "v1 < v2",
    ),
    "drops-the-newest": NO_HINT,
    "forgets-what-is-wanted": NO_HINT,
    "ignores-hint-limit": Expected(
        "limits kept",
        ["r1 missed v1 (put, op 2)", "while f1 (isolate r1) was on", "r2 sent these as hints"],
        [("store", "op 2", "r2", "r1", LOST)],
    ),
    "claims-its-level": Expected(
        "reads see acknowledged writes",
        [
            "r2 and r3 missed v2 (put, op 2)",
            "op 3 was decided at .* on r2 (v1) and r3 (v1)",
            "the question to r1 .* was lost, while f1 (isolate r1) was on",
        ],
        [("store", "op 2", "r1", node, LOST) for node in ("r2", "r3")] + [("fetch", "op 3", "r2", "r1", LOST)],
        "v1 < v2",
    ),
    "counts-remote": Expected(
        "reads see acknowledged writes",
        ["r3 and r5 missed v2 (put, op 2)", MAJORITY, "op 3 was decided at .* on r3 (v1) and r5 (v1)"],
        [("store", "op 2", "r1", node, LOST) for node in ("r3", "r5")]
        + [("fetch", "op 3", "r3", node, LOST) for node in ("r1", "r2", "r4", "r6")],
        "v1 < v2",
    ),
}
