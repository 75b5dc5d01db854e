"""What the causes of flawed pace, scope and scrubbing must say; as in test_causes."""

from tests.harness.report.expected import LOST, Expected

EXPECTED: dict[str, Expected] = {
    "discards-and-forgets": Expected("convergence", ["r1 found a damaged copy and dropped v1 at 0.3"], []),
    "counts-earlier-repairs": Expected(
        "purge soundness",
        [
            "r3 missed ✝ v2 (delete, op 2)",
            "while f1 (isolate r3) was on",
            "r1 marked ✝ v2 as purgeable at 0.9",
            "unconfirmed by r3",
            "r1 purged it at 1.",
        ],
        [("store", "op 2", "r1", "r3", LOST)],
    ),
    "marks-when-sent": Expected(
        "convergence",
        ["r3 missed v2 (put, op 2)", "while f1 (isolate r3) was on"],
        [("store", "op 2", "r1", "r3", LOST)],
    ),
    "puts-the-silent-first": Expected(
        "convergence",
        [
            "r3 missed v1 (put, op 1)",
            "while f2 (isolate r3) was on",
            "no round of anti-entropy compared r3 with r1 after 0.7",
        ],
        [("store", "op 1", "r1", "r3", LOST)],
    ),
}
