"""What the causes of flawed versions with siblings must say; as in test_causes."""

from tests.harness.report.expected import CAME, Expected

EXPECTED: dict[str, Expected] = {
    "compares-scalars": Expected(
        "no lost update", ["r3 held v1 as a sibling until it took v2 for v1 at 0.50", "(write, op 2)"], [], "v2 < v1"
    ),
    "merges-to-the-larger": Expected(
        "no lost update", ["r3 held v1 as a sibling until it took v2 for v1 at 0.50", "(write, op 2)"], []
    ),
    "merges-equals-to-nothing": Expected(
        "no lost update",
        ["r2 held v2 as a sibling until it took ✝ v1 for v2 at 0.40", "(read repair, op 2)"],
        [],
        "nothing < v2",
    ),
    "ignores-contexts": Expected(
        "writes follow reads",
        ["r2 dated v3 (op 3 at 0.500 s) below v1, which r[123] had told it at 0.10"],
        [("store", "op 1", "r1", "r[23]", CAME), ("store", "op 1", "r1", "r[23]", CAME)],
        "v3 < v1",
    ),
    "mints-dots-again": Expected(
        "nothing invented",
        ["r4 was wiped at 1.000 s by f3 (wipe r4)", "r4 gave op 3 and op 6 the same version", "brought v1 r4 → r2"],
        [("store", "op 6", "r4", "r2", CAME)],
    ),
}
