"""What the causes of flawed logs, clocks and rows must say; as in test_causes."""

from tests.harness.report.expected import ISOLATED, LOST, R3_ISOLATED, Expected

_MISSED = "r1 missed v1 (put, op [1-6])"
_FIGURES = "nothing on r1; v1 on r2 r3"
_OF_A_WRITE = ("store", "op [1-6]", "r2", "r1", LOST)

EXPECTED: dict[str, Expected] = {
    "moves-on-unheld": Expected(
        "convergence", [_MISSED, ISOLATED, "of them found a difference, yet v1 was not sent"], [_OF_A_WRITE], _FIGURES
    ),
    "knows-what-it-asked-for": Expected(
        "convergence", [_MISSED, ISOLATED, "of them found a difference, yet v1 was not sent"], [_OF_A_WRITE], _FIGURES
    ),
    "skips-what-was-cut": Expected(
        "convergence",
        [_MISSED, ISOLATED, "compared r1 with r2 and r3 after 0.900 s and found no difference"],
        [_OF_A_WRITE],
        _FIGURES,
    ),
    "rows-without-tombstones": Expected(
        "convergence",
        ["r3 missed ✝ v1 (delete, op 1)", R3_ISOLATED, "after 0.600 s and found no difference"],
        [("store", "op 1", "r1", "r3", LOST)],
        "✝ v1 on r1 r2; nothing on r3",
    ),
}
