"""What the causes of flawed pace, scope and scrubbing must say; as in test_causes."""

from tests.harness.report.expected import Expected

EXPECTED: dict[str, Expected] = {
    "discards-and-forgets": Expected("convergence", ["r1 found a damaged copy and dropped v1 at 0.3"], []),
}
