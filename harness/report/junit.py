"""The verdicts of a suite as JUnit XML, in the shape that both Surefire and Jenkins publish a schema of."""

import re
from importlib import metadata
from pathlib import Path
from xml.etree import ElementTree as ET

from harness.result import Result
from harness.run import Report
from harness.suite import Order

_NOT_IN_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(order: Order, result: Result, path: Path) -> None:
    counts = result.reports.counts
    suite = ET.Element(
        "testsuite",
        name=_clean(f"urushi {order.scenario}"),
        tests=str(len(order.seeds) + len(result.fixed)),
        failures=str(counts["violated"] - len(result.known) + len(result.fixed)),
        errors=str(len(result.errors)),
        skipped=str(counts["unknown"] + len(result.known) + len(result.not_run)),
        time=f"{sum(result.took_s.values()):.3f}",
    )
    properties = ET.SubElement(suite, "properties")
    for name, value in _properties(order, result).items():
        ET.SubElement(properties, "property", name=name, value=_clean(value))
    reports = {report.seed: report for report in result.reports}
    for seed in order.seeds:
        case = _case(suite, order, f"seed {seed}", result.took_s.get(seed, 0.0))
        if seed in reports:
            _add_report(case, reports[seed], order.again(seed), result.known.get(seed, ()))
        elif seed in result.errors:
            first = result.errors[seed].partition("\n")[0]
            _add(case, "error", result.errors[seed], message=first, type="the harness failed")
        else:
            _add(case, "skipped", "", message=f"not run: the suite was stopped by {result.stopped}")
    for line in result.fixed:
        case = _case(suite, order, line.partition(" did not happen")[0], 0.0)
        _add(case, "failure", line, message=line, type="a known failure is fixed")
    ET.indent(suite)
    ET.ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)


def _case(suite: ET.Element, order: Order, name: str, took_s: float) -> ET.Element:
    classname = _clean(f"urushi.{order.stage}.{Path(order.scenario).stem}")
    return ET.SubElement(suite, "testcase", name=_clean(name), classname=classname, time=f"{took_s:.3f}")


def _properties(order: Order, result: Result) -> dict[str, str]:
    """What holds for all seeds, then of each its verdict and run, and what it has drawn. They are the suite's:
    the schema of Jenkins' xUnit plugin, which refuses a file that breaks it, has none of a test case."""
    proxies = sorted({report.proxy for report in result.reports if report.proxy})
    flaws = sorted({report.flaw for report in result.reports if report.flaw})
    return {
        "scenario": order.scenario,
        "stage": order.stage,
        "proxy": ", ".join(proxies) or "none",
        "version": metadata.version("urushi"),
        **({"flaw": ", ".join(flaws)} if flaws else {}),
        **{f"seed {report.seed}": _outcome(report, result) for report in result.reports},
        **{f"drawn by seed {report.seed}": _drawn(report) for report in result.reports if report.drawn},
    }


def _outcome(report: Report, result: Result) -> str:
    verdict = "known" if report.seed in result.known else report.verdict
    return f"{verdict}, run {report.id}"


def _drawn(report: Report) -> str:
    return ", ".join(f"{name} {value}" for name, value in report.drawn.items())


def _add_report(case: ET.Element, report: Report, again: str, known: tuple[str, ...]) -> None:
    """The schemas want what went wrong before what was said."""
    if known:
        _add(case, "skipped", "\n".join(known), message=f"known failure: {known[0]}")
    elif report.verdict == "violated":
        broken = [name for name, promise in report.promises.items() if promise.verdict == "violated"]
        told = [*report.stories, f"Reproduce elsewhere:  {again}"]
        _add(case, "failure", "\n\n".join(told), message=report.reasons[0], type=", ".join(broken))
    elif report.verdict == "unknown":
        _add(case, "skipped", "\n".join(report.reasons), message=f"inconclusive: {report.reasons[0]}")
    _add(case, "system-out", "\n".join(_lines(report)))


def _lines(report: Report) -> list[str]:
    counts = report.operations
    faults = [
        f"fault {fault.id}: {fault.kind} {' '.join(fault.targets)} from {fault.start_s:.2f} to {fault.end_s:.2f} s, "
        f"{'applied' if fault.applied else 'not applied'}, bit {fault.bit}"
        for fault in report.faults
    ]
    promises = [
        f"{name}: {promise.verdict}"
        + (f" ({promise.why}), measured: {promise.measured}" if promise.verdict == "not promised" else "")
        for name, promise in report.promises.items()
    ]
    return [
        f"run {report.id}   folder {report.folder or 'not kept'}   digest {report.digest[:16]}",
        *faults,
        f"operations: {counts['ok']} ok, {counts['failed']} failed, {counts['unknown']} unknown",
        *promises,
    ]


def _add(parent: ET.Element, tag: str, text: str, **attributes: str) -> None:
    cleaned = {name: _clean(value) for name, value in attributes.items()}
    ET.SubElement(parent, tag, cleaned).text = _clean(text) or None


def _clean(text: str) -> str:
    """XML 1.0 has no way to write most control characters, not even escaped."""
    return _NOT_IN_XML.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
