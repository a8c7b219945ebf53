"""What written texts point at, by values."""

from __future__ import annotations

import json
from pathlib import PurePosixPath

import pytest

from rollout.content.pointers import pointers
from rollout.model.files import Managed
from rollout.model.inventory import FileRule, Mode, PolicyName


def found(path: str, text: str, *allow: str) -> list[tuple[str, int, str, bool]]:
    item = Managed(
        PurePosixPath(path),
        Mode.WHOLE,
        text.encode(),
        False,
        FileRule(allow=tuple(map(PolicyName, allow))),
        "set",
        "template",
    )
    return [(one.policy, one.line, str(one.place), one.runs) for one in pointers(item)]


def test_imports_and_links_of_markdown_are_found_with_their_lines() -> None:
    text = (
        "@a.md by @samuel\n[x](../b%20c.md#part) `[no](no.md)` ![i](<img/d e.png>)\n"
        "[out](https://x.y) [top](#top) [abs](/x) [mail](mailto:a@b.c) [far](../../x.md)\n```\n[no](no.md)\n```\n"
    )
    assert found("docs/x.md", text) == [
        ("imports", 1, "docs/a.md", False),
        ("links", 2, "b c.md", False),
        ("links", 2, "docs/img/d e.png", False),
    ]
    assert found("docs/x.md", text, "imports", "links") == []
    assert found("docs/x.txt", text) == []


def test_links_by_reference_are_found_where_they_are_defined() -> None:
    text = (
        "[x][one] [Two  words][] [three] `[five]` [^six] [not][] [eight](y.md)\n\n"
        "[ONE]: a.md\n[two words]: <b c.md> 'title'\n[three]:d.md#part\n[four]: unused.md\n"
        "[five]: code.md\n[^six]: note.md\n"
        "[not]: a sentence about something\n[seven]: https://x.y\n[seven]\r\n```\n[three]: no.md\n```\n"
    )
    assert [(line, path) for _, line, path, _ in found("docs/x.md", text)] == [
        (1, "docs/y.md"),
        (3, "docs/a.md"),
        (4, "docs/b c.md"),
        (5, "docs/d.md"),
    ]


@pytest.mark.parametrize(
    ("command", "place"),
    [
        ("/srv/hook.sh Start", ("/srv/hook.sh", True)),
        ('"/srv/my hook.sh"', ("/srv/my hook.sh", True)),
        ("bash /srv/hook.sh", ("/srv/hook.sh", False)),
        ('"$CLAUDE_PROJECT_DIR"/.claude/h.sh', (".claude/h.sh", True)),
        ("./h.sh", ("h.sh", True)),
        ("prettier --write x", None),
        ("$HOME/h.sh", None),
        ("~/h.sh", None),
        ("bash -c 'x/y'", None),
    ],
)
def test_hooks_are_judged_by_path_alone(command: str, place: tuple[str, bool] | None) -> None:
    text = json.dumps({"hooks": {"Stop": [{"hooks": [{"type": "command", "command": command}]}]}}, indent=1)
    assert [(name, runs) for _, _, name, runs in found(".claude/settings.json", text)] == ([place] if place else [])
