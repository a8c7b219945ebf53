"""The report of the ten checks: for people, for a test harness (TAP), for programs (JSON)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from rollout.events.checks import CheckFinding, CheckState

FORMAT = "rollout-events-verify/1"
RULE = "=" * 32
MARKS = {CheckState.PASSED: "✓", CheckState.FAILED: "✗", CheckState.SKIPPED: "-"}

# A helper's messages stand in front of test 3's own.
HELPER = 3


def as_text(findings: Sequence[CheckFinding], place: str) -> str:
    """Return the report in the shape that people know from the first migration."""
    return "\n".join(_text(findings, place)) + "\n"


def as_tap(findings: Sequence[CheckFinding]) -> str:
    """Return the Test Anything Protocol, version 13."""
    return "\n".join(("TAP version 13", f"1..{len(findings)}", *_tap(findings))) + "\n"


def as_json(findings: Sequence[CheckFinding], place: str) -> str:
    """Return one JSON document."""
    tests = [{"number": f.check.number, "title": f.check.title, "state": f.state, "messages": f.said} for f in findings]
    document = {"format": FORMAT, "database": place, "tests": tests, "ok": passed(findings)}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def passed(findings: Sequence[CheckFinding]) -> bool:
    return all(finding.state is CheckState.PASSED for finding in findings)


def failures(findings: Sequence[CheckFinding]) -> tuple[str, ...]:
    """Return each check that failed, with what it says."""
    failed = (finding for finding in findings if finding.state is CheckState.FAILED)
    return tuple(f"test {one.check.number}, {one.check.title}: {'; '.join(one.said)}" for one in failed)


def _text(findings: Sequence[CheckFinding], place: str) -> Iterator[str]:
    yield from (RULE, "Event Store Test Script", RULE, "")
    yield f"{MARKS[findings[0].state]} Database connection: {place}"
    for finding in findings:
        yield from ("", f"Test {finding.check.number}: {finding.check.title}")
        yield from (f"{MARKS[finding.state]} {said}" for said in finding.said)
    yield from ("", RULE, _verdict(findings), RULE)


def _verdict(findings: Sequence[CheckFinding]) -> str:
    if passed(findings):
        return "All Tests Passed!"
    failed = [f"{f.check.number} {f.check.title}" for f in findings if f.state is CheckState.FAILED]
    return f"{len(failed)} of {len(findings)} Tests Failed: {', '.join(failed)}"


def _tap(findings: Sequence[CheckFinding]) -> Iterator[str]:
    for finding in findings:
        result = "not ok" if finding.state is CheckState.FAILED else "ok"
        skip = f" # SKIP {finding.said[0]}" if finding.state is CheckState.SKIPPED else ""
        yield f"{result} {finding.check.number} - {finding.check.title}{skip}"
        if finding.state is CheckState.FAILED:
            yield from (f"# {said}" for said in finding.said)
