"""What the causes of flawed clocks and of what one session sees must say; as in test_causes."""

from tests.harness.report.expected import CAME, LOST, R3_ISOLATED, Expected

EXPECTED: dict[str, Expected] = {
    "prefers-its-own": Expected(
        "read your writes",
        ["r3 missed v2 (put, op 2)", R3_ISOLATED, "r3 (v1)", "the answer of r1 came later"],
        [
            ("store", "op 2", "r1", "r3", LOST),
            ("fetched", "op 3", "r1", "r3", CAME),
            ("fetched", "op 3", "r2", "r3", CAME),
        ],
        "v1 < v2",
    ),
    "mints-coarsely": Expected(
        "monotonic writes", ["r4 dated v2 (op 7 at 0.124 s) and had not heard of v6"], [], "v2 < v6"
    ),
    "mints-by-the-wall": Expected(
        "monotonic writes",
        ["r4 dated v1 (op 2 at 0.300 s, while f1 (clock-jump r4) was on) below v2, which it had dated itself"],
        [],
        "v1 < v2",
    ),
    "mints-by-counting": Expected(
        "writes follow reads", ["r4 dated v4 (op 6 at 0.126 s) and had not heard of v7"], [], "v4 < v7"
    ),
    "learns-nothing": Expected(
        "writes follow reads",
        ["r4 dated v1 (op 3 at 0.450 s, while f1 (clock-offset r4) was on) below v2, which r[123] had told it at"],
        [("fetched", "op 2", "r[123]", "r4", CAME)],
        "v1 < v2",
    ),
}
