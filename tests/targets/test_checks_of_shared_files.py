"""A check judges the file as it will be, also where the templates say only a part of it."""

from __future__ import annotations

import pytest

from tests.first_rows import first_rows
from tests.world import World


def _planned(world: World, kind: str, there: dict[str, str], templates: dict[str, str], files: str) -> str:
    (world.root / "templates/project/conf.txt.j2").unlink()
    for name, text in templates.items():
        world.template(f"project/{name}", text)
    head = ""
    if kind == "folder":
        (world.root / "shared").mkdir()
        for name, text in there.items():
            (world.root / "shared" / name).write_text(text)
        head = "folders: {api: {path: shared, templates: [project]}}\n"
    else:
        world.repo("api", {"README": "x\n", **there})
    world.tail = f"{head}files: {{{files}}}\n"
    return world.run("plan", "--json").states()["api"]


_MERGED = 's.yaml: {mode: merge, check: "grep -q foreign {path}"}'
_SCRIPT = 'run.sh: {mode: block, check: "bash -n {path}"}'


@first_rows(1, "kind", ["branch", "folder"])
@pytest.mark.parametrize(
    ("there", "template", "files", "state"),
    [
        ({"s.yaml": "foreign: 1\n"}, {"s.yaml": "c: 3\n"}, _MERGED, "pending"),
        ({"s.yaml": "other: 1\n"}, {"s.yaml": "c: 3\n"}, _MERGED, "blocked"),
        ({}, {"s.yaml": "c: 3\n"}, _MERGED, "blocked"),
        ({"s.yaml": "other: 1\nc: 3\n"}, {"s.yaml": "c: 3\n"}, _MERGED, "blocked"),
        ({"run.sh": "if true; then\n"}, {"run.sh": "echo\n"}, _SCRIPT, "blocked"),
        ({"run.sh": "if true; then\n"}, {"run.sh": "echo\nfi\n"}, _SCRIPT, "pending"),
    ],
)
def test_a_check_judges_the_file_as_it_will_be(
    world: World, kind: str, there: dict[str, str], template: dict[str, str], files: str, state: str
) -> None:
    assert _planned(world, kind, there, template, files) == state
    assert world.run("validate").code == 0
    code = world.run("apply", "--yes", "--adopt").code
    assert code == (3 if state == "blocked" else 0)
    world_has = {name: world.at("api", name) for name in there} if kind == "branch" else {}
    assert state != "blocked" or kind == "folder" or world_has == there


def test_a_refused_file_is_told_with_its_check(world: World) -> None:
    _planned(world, "branch", {"run.sh": "if true; then\n"}, {"run.sh": "echo\n"}, _SCRIPT)
    assert "run.sh: check failed" in world.run("plan").out
