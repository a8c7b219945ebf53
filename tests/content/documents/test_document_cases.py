"""Documents that were merged wrongly once, as files: what was there, the template, and what is right."""

from __future__ import annotations

from pathlib import Path

import pytest

from rollout.content.documents.document import Unmergeable
from tests.corpus import kind_of, merged

CASES = Path(__file__).parents[2] / "cases"

MERGED = sorted(case.name for case in CASES.iterdir() if list(case.glob("expected.*")))

REFUSED = {
    "J05": "c.json: the template: line 1: a: holds NaN, which is not a JSON value; merge cannot write it",
    "Y25": "c.yaml: line 3: other: is an alias, *b; merge cannot change it; "
    "change it by hand and take it out of the template",
}


def _case(name: str) -> tuple[str, bytes, bytes]:
    before = next((CASES / name).glob("before.*"))
    file = before.name.removeprefix("before.")
    template = next((CASES / name).glob("template.*"))
    return file.replace("claude-settings", "settings"), before.read_bytes(), template.read_bytes()


@pytest.mark.parametrize("name", MERGED)
def test_a_merge_changes_what_the_template_names_and_no_other_byte(name: str) -> None:
    file, before, template = _case(name)
    kind = kind_of(file)
    after = merged(before, template, kind)
    assert after == next((CASES / name).glob("expected.*")).read_bytes()
    assert merged(after, template, kind, (before, after)) == after
    assert merged(after, b"{}" if kind.format in {"json", "jsonc"} else b"", kind, (before, after)) == before


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_cannot_be_merged_is_refused_with_its_line_and_key(name: str) -> None:
    file, before, template = _case(name)
    with pytest.raises(Unmergeable) as refused:
        merged(before, template, kind_of(file))
    assert str(refused.value) == REFUSED[name]
