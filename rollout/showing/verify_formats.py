"""The results of `verify` as documents: JSON of our own, and SARIF 2.1.0 and JUnit XML for build servers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from rollout import __version__
from rollout.model.verified import Mismatch, Verified, Where
from rollout.safety.shown import plain

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def document(found: Sequence[Verified]) -> dict[str, Any]:
    """Return the proof as the contract's document."""
    return {
        "format": "rollout-verify/1",
        "targets": [
            {
                "name": one.name,
                "ok": one.ok,
                "mismatches": [{"path": m.path, "where": m.where, "reason": m.reason} for m in one.mismatches],
            }
            for one in found
        ],
        "ok": all(one.ok for one in found),
    }


def sarif(found: Iterable[Verified]) -> dict[str, Any]:
    """Return the mismatches as SARIF: one result each, at its file where there is one."""
    results = [_result(one.name, mismatch) for one in found for mismatch in one.mismatches]
    rules = [{"id": name, "shortDescription": {"text": text}} for name, text in _RULES.items()]
    driver = {"name": "rollout", "version": __version__, "rules": rules}
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }


_RULES = {
    Where.UPSTREAM: "A managed file upstream is not as it should be.",
    Where.CHECKOUT: "A managed file of a checkout is not as upstream has it.",
    Where.FOLDER: "A shared file is not as it should be.",
    Where.POLICY: "A file would break a policy.",
    Where.DOCUMENT: "A document does not hold what it says.",
    Where.FORBIDDEN: "A file says what no file may say any more.",
    Where.BUDGET: "More is loaded than may be.",
    Where.CAPTURE: "Events are not captured.",
}


def _result(target: str, mismatch: Mismatch) -> dict[str, Any]:
    said = {"ruleId": mismatch.where, "level": "error", "message": {"text": plain(f"{target}: {mismatch.reason}")}}
    if not mismatch.path:
        return said
    place: dict[str, Any] = {"artifactLocation": {"uri": quote(mismatch.path)}}
    if mismatch.line is not None:
        place["region"] = {"startLine": mismatch.line}
    return {**said, "locations": [{"physicalLocation": place, "logicalLocations": [{"name": target}]}]}


def junit(found: Sequence[Verified]) -> str:
    """Return the results as JUnit XML: one test for each target, which fails with all its mismatches."""
    failed = sum(not one.ok for one in found)
    cases = "".join(map(_case, found))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<testsuites name="rollout verify" tests="{len(found)}" failures="{failed}">\n'
        f'  <testsuite name="rollout verify" tests="{len(found)}" failures="{failed}">\n{cases}'
        "  </testsuite>\n</testsuites>\n"
    )


def _case(one: Verified) -> str:
    head = f'    <testcase classname="rollout" name={quoteattr(_clean(one.name))}'
    if one.ok:
        return f"{head}/>\n"
    lines = [mismatch.words for mismatch in one.mismatches]
    first = quoteattr(_clean(lines[0]))
    body = escape(_clean("\n".join(lines)))
    return f"{head}>\n      <failure message={first}>{body}</failure>\n    </testcase>\n"


def _clean(text: str) -> str:
    return _NOT_XML.sub("?", text)
