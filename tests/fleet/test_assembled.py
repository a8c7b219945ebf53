"""A CLAUDE.md put together from a repository's parts, in the order of the first user's own assembler."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.world import World

TEMPLATES = Path(__file__).parents[2] / "templates"

META = {
    ".supervisor-core/01-role.md": "\n# Role\n\nYou lead.\n\n",
    ".supervisor-core/README.md": "for readers\n",
    ".supervisor-core/QUICK-START.md": "to begin with\n",
    ".supervisor-core/notes.txt": "no part\n",
    ".supervisor-meta/01-meta.md": "meta\n",
    ".supervisor-specific/09-own.md": "own of meta\n",
}


def head(source: str) -> str:
    return (
        f"<!-- Put together by rollout from .supervisor-core of {source}, .supervisor-meta and .supervisor-specific: "
        "change those. -->\n"
    )


@pytest.fixture
def supervisors(tmp_path: Path) -> World:
    world = World(tmp_path, head="version: 1\nvars: {core_of: meta}\nfiles: {CLAUDE.md: {allow: [unresolved]}}\n")
    world.repo("meta", META, ", groups: [meta], templates: [project, core]")
    world.repo("plain", {".supervisor-specific/01-own.md": "own of plain"}, ", groups: [projects]")
    world.repo("apart", {".supervisor-core/05-core.md": "a core of its own\n"}, ", groups: [projects]")
    world.template("_parts/assembled.md.j2", (TEMPLATES / "_parts/assembled.md.j2").read_text())
    world.template("project/CLAUDE.md.j2", '{% include "_parts/assembled.md.j2" %}')
    world.template("project/.supervisor-specific/03-machine.md.j2", "machine of {{ target.name }}\n")
    world.template("core/.supervisor-core/13-session.md", "session\n")
    return world


def test_parts_stand_in_their_order_with_ours_among_them(supervisors: World) -> None:
    assert supervisors.run("apply", "-y").code == 0
    assert supervisors.at("meta", "CLAUDE.md") == head("meta") + (
        "\n# Role\n\nYou lead.\n\nsession\n\nto begin with\n\nfor readers\n\nmeta\n\nmachine of meta\n\nown of meta"
    )
    assert supervisors.at("plain", "CLAUDE.md") == head("meta") + (
        "\n# Role\n\nYou lead.\n\nsession\n\nown of plain\n\nmachine of plain"
    )
    assert supervisors.at("apart", "CLAUDE.md") == head("apart") + "\na core of its own\n\nmachine of apart"
    assert set(supervisors.run("plan", "--json").states().values()) == {"in-sync"}


def test_a_change_of_a_part_is_in_every_file_that_holds_it_after_one_apply(supervisors: World) -> None:
    assert supervisors.run("apply", "-y").code == 0
    supervisors.elsewhere("meta", {".supervisor-core/01-role.md": "# Role\n\nYou follow.\n"})
    supervisors.template("core/.supervisor-core/13-session.md", "session, changed\n")
    done = supervisors.run("apply", "-y", "--json")
    assert (done.code, done.outcomes()) == (0, {"meta": "pushed", "plain": "pushed", "apart": "unchanged"})
    for name in ("meta", "plain"):
        assert "You follow.\n\nsession, changed\n" in (supervisors.at(name, "CLAUDE.md") or "")
