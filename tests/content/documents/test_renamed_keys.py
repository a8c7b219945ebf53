"""A template gives a key another name: the new one stands where it would stand if the old one had never been there."""

from __future__ import annotations

import pytest

from rollout.model.inventory import FileRule, Mode
from tests.lives import Life


@pytest.mark.parametrize(
    ("path", "before", "old", "new"),
    [
        ("x.yaml", "a:\n  b:\n    # on b\n", "old: 1\n", "new: 2\n"),
        ("x.yaml", "a: 1\n# one\n\n# two\n", "old: 1\nolder: 1\n", "new: {x: 2}\n"),
        ("x.yaml", "a:\n  b: 1\n  # on b\nc: 1\n", "a: {old: 1}\n", "a: {new: 2}\n"),
        ("x.yaml", "a:\n  - x\n  # on x\nb: 1\n", "a: [old]\n", "a: [new]\n"),
        ("x.yaml", "a:\n  - k: x\n    # on k\n  # on x\n", "a: [{k: old}]\n", "a: [{k: new}]\n"),
        ("x.yaml", "a:\r\n  b:\r\n    # on b\r\n", "old: 1\n", "new: 2\n"),
        ("x.yaml", "a:\n  b:\n    # on b", "old: 1\n", "new: 2\n"),
        ("x.yaml", "a: 1\n", "old: 1\n", "new: |+\n  x\n\n"),
        ("x.yaml", "a: 1\n\n", "old: 1\n", "new: |+\n  x\n\n"),
        ("x.toml", "# nothing yet\n", "a = 1\n[old]\nc = 1\n", "new = 1\n"),
        ("x.toml", "# nothing yet", "[old]\nc = 1\n", "new = 1\n"),
        ("x.toml", "# nothing yet\r\n", "[old]\nc = 1\n", "new = 1\n"),
        ("x.toml", "a = 1\n# on a\n", "[old]\nc = 1\n", "[new]\nc = 1\n"),
        ("x.ini", "[a]\nb = 1\n# on b\n", "[a]\nold = 1\n", "[a]\nnew = 1\n"),
        ("x.ini", "# nothing yet\n", "[old]\nc = 1\n", "[new]\nc = 1\n"),
        ("x.jsonc", '{\n  "b": 1 // on b\n  // the end\n}\n', '{"old": 1}', '{"new": 2}'),
    ],
)
def test_a_renamed_key_stands_where_a_new_one_would(path: str, before: str, old: str, new: str) -> None:
    renamed, fresh = (Life(path, before, FileRule(Mode.MERGE)) for _ in range(2))
    assert renamed.lived(old, new) == fresh.lived(new)
    assert renamed.lived("" if path.endswith(("toml", "ini")) else "{}\n") == before
