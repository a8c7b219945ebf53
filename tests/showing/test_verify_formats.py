"""What `verify` writes for forges: each mismatch at its line, where the line is one of the file."""

from pathlib import PurePosixPath
from typing import Any

import pytest

from rollout.model.circumstances import Decisions
from rollout.model.files import Desired, File, Managed, Snapshot
from rollout.model.inventory import Branch, FileRule, Mode
from rollout.model.plan import Plan, State, Step
from rollout.model.reasons import NONE
from rollout.planning import mismatches
from rollout.planning.changes import changes_needed
from rollout.showing.verify_formats import sarif

PATH = PurePosixPath("a.json")


def place(template: bytes, there: bytes) -> dict[str, Any]:
    """Return where a merged file is wrong, as SARIF says it."""
    item = Managed(PATH, Mode.MERGE, template, False, FileRule(mode=Mode.MERGE), "core", "core/a.json")
    found = changes_needed(Desired((item,)), Snapshot("", {PATH: File(there)}), Decisions())
    step = Step("api", Branch(None, "origin", "main", None), State.BLOCKED, NONE, None, found.changes)
    results = sarif(mismatches.verified(Plan("1", "", (step,))))["runs"][0]["results"]
    told: dict[str, Any] = results[0]["locations"][0]["physicalLocation"]
    return told


@pytest.mark.parametrize(
    ("template", "there", "region"),
    [
        (b'{"a": 1}', b'{\n  "b": 1,\n  oops\n}\n', {"startLine": 3}),
        (b'{\n  "b": 1,\n  oops\n}\n', b'{"a": 1}', None),  # the line is the template's
    ],
)
def test_a_mismatch_has_the_line_of_the_file_and_never_one_of_a_template(
    template: bytes, there: bytes, region: dict[str, int] | None
) -> None:
    found = place(template, there)
    assert (found["artifactLocation"], found.get("region")) == ({"uri": "a.json"}, region)
