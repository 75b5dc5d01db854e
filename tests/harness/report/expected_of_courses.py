"""What the causes of flawed courses of reads must say; as in test_causes."""

from tests.harness.report.expected import CAME, ISOLATED, LOST, R3_ISOLATED, R3_MISSED, Expected

EXPECTED: dict[str, Expected] = {
    "digests-values-only": Expected(
        "monotonic reads",
        [
            "op 2 was decided at .* on r1 (✝ v1) and r2 (nothing) and repaired nobody",
            "r2 and r3 missed ✝ v1 (delete, op 1)",
            ISOLATED,
            "op 3 was decided at .* on r2 (nothing) and r3 (nothing)",
            "the question to r1 .* was lost, while f3 (isolate r1) was on",
        ],
        [
            ("store", "op 1", "r1", "r2", LOST),
            ("store", "op 1", "r1", "r3", LOST),
            ("ask digest", "op 3", "r2", "r1", LOST),
        ],
        "nothing < ✝ v1",
    ),
    "digests-no-tombstones": Expected(
        "reads see acknowledged writes",
        [
            R3_MISSED,
            R3_ISOLATED,
            "r[12] held ✝ v2, and said (message .*) that it holds nothing",
            "op 3 was decided at .* on r3 (v1) and r[12] (nothing)",
            "the answer of r[12] came later",
        ],
        [
            ("store", "op 2", "r1", "r3", LOST),
            ("digest", "op 3", "r1", "r3", CAME),
            ("digest", "op 3", "r2", "r3", CAME),
        ],
        "v1 < ✝ v2",
    ),
    "counts-twice": Expected(
        "reads see acknowledged writes",
        [
            "r1 missed v2 (put, op 2)",
            ISOLATED,
            "op 3 was decided at .* on only 1 of the 2 answers that it needs, r1 (v1)",
            "the answer of r2 came later",
        ],
        [("store", "op 2", "r2", "r1", LOST), ("fetched", "op 3", "r2", "r1", CAME)],
        "v1 < v2",
    ),
    "never-speculates": Expected(
        "available with a quorum",
        ["r1 → r2 (op 3) was lost to f1 (kill r2)", "r1 asked nothing of r3 for op 3"],
        [("fetch", "op 3", "r1", "r2", LOST)],
    ),
    "stops-waiting": Expected(
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
}
