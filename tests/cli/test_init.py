"""`rollout init`: from repositories that are there to an inventory that works, and never over anything."""

from __future__ import annotations

import contextlib
import os
import pty
import shutil

import pytest

from tests.program import started
from tests.world import World

RULES = "# For agents\n\nRead the notes of {} first.\nSay why in the body of every commit.\n"


@pytest.fixture
def work(world: World) -> World:
    """Three checkouts below `work`, and nothing else."""
    shutil.rmtree(world.root / "templates")
    for name in ("api", "web", "cli"):
        world.remote(name, {"AGENTS.md": RULES.format(name), ".editorconfig": "root = true\n"})
        world.clone(name, f"work/{name}")
    return world


@pytest.mark.parametrize("typed", ["../work", None])
def test_a_folder_elsewhere_is_named_as_it_was_typed(work: World, typed: str | None) -> None:
    (work.root / "fleet").mkdir()
    where = typed or os.path.realpath(work.root / "work")
    told = started(("init", where, "--yes"), work.root / "fleet", dict(os.environ)).communicate()
    assert f"root: {where} " in (work.root / "fleet/inventory.yaml").read_text(), told


def test_what_init_writes_is_an_inventory_that_plans_and_applies(work: World) -> None:
    work.git("work/web", "remote", "rename", "origin", "upstream")
    work.remote("docs", {"AGENTS.md": RULES.format("docs"), ".editorconfig": "root = true\n"}, branch="develop")
    work.clone("docs", "work/team one/docs", "develop")
    ran = work.run("init", "work", write=False)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        "PATH           IN  VARIANTS  BECOMES             WHAT DIFFERS\n"
        ".editorconfig  4   1         template in common  nothing\n"
        "AGENTS.md      4   4         template in common  project\n"
        "\n"
        "2 templates for 4 repositories in 1 template set.\n"
        "Wrote inventory.yaml, inventory.schema.json, templates/ (2 files).\n"
        "Look at them.\nNext: rollout plan\n"
    )
    assert (work.root / "inventory.yaml").read_text() == (
        "# yaml-language-server: $schema=./inventory.schema.json\n"
        "# Learned by `rollout init`: the templates ask for what the repositories said then.\n"
        "version: 1\n"
        "root: work    # relative paths start here\n"
        "\n"
        "defaults: {templates: [common]}\n"
        "\n"
        "repos:\n"
        "  api: {path: api, vars: {project: api}}\n"
        "  cli: {path: cli, vars: {project: cli}}\n"
        '  docs: {path: "team one/docs", branch: develop, vars: {project: docs}}\n'
        "  web: {path: web, remote: upstream, vars: {project: web}}\n"
    )
    assert set(work.run("plan", "--json", write=False).states().values()) == {"in-sync"}
    (work.root / "templates/common/.editorconfig").write_text("root = false\n")
    assert work.run("apply", "--yes", "--json", "--limit", "cli", write=False).outcomes() == {"cli": "pushed"}
    assert work.at("cli", ".editorconfig") == "root = false\n"


def test_templates_without_an_inventory_stay_and_init_says_where_else_it_can_write(work: World) -> None:
    work.write("templates", {"project/mine.txt": "mine\n"})
    ran = work.run("init", "work", write=False)
    way_out = "move it away, or name an inventory in another folder: rollout init -i FOLDER/inventory.yaml"
    assert (ran.code, ran.out) == (4, "")
    assert ran.err == f"rollout: templates exists already; nothing was written; {way_out}\n"
    os.mkdir(work.root / "fleet")
    assert work.run("init", "-i", "fleet/inventory.yaml", "work", write=False).code == 0
    assert work.run("plan", "-i", "fleet/inventory.yaml", "--detailed-exitcode", write=False).code == 0
    assert [one.name for one in (work.root / "templates").rglob("*.*")] == ["mine.txt"]


def test_what_is_left_out_for_the_name_of_its_folder_is_said_so(work: World) -> None:
    for name in ("api", "web"):
        work.commit(f"work/{name}", {"bin/run.sh": "#!/bin/sh\n", "src/a.sh": "#!/bin/sh\n"}, push=True)
    err = work.run("init", "work", write=False).err
    assert "bin/ (1): is made or brought by a program, by the name of its folder" in err
    assert "src/ (1): is source code, by the name of its folder" in err


def test_init_overwrites_nothing(work: World) -> None:
    (work.root / "inventory.yaml").write_text("version: 1\n")
    ran = work.run("init", "work", write=False)
    assert (ran.code, ran.out) == (4, "")
    assert ran.err.startswith("rollout: inventory.yaml exists already; nothing was written")
    assert (work.root / "inventory.yaml").read_text() == "version: 1\n"
    (work.root / "inventory.yaml").unlink()
    (work.root / "templates").mkdir()
    assert "templates exists already" in work.run("init", "work", write=False).err
    assert sorted(path.name for path in (work.root / "templates").iterdir()) == []


def test_json_writes_only_with_yes(work: World) -> None:
    shown = work.run("init", "work", "--json", write=False).json
    assert (shown["format"], shown["written"]) == ("rollout-init/1", [])
    assert shown["repositories"][0] == {
        "name": "api",
        "path": "api",
        "branch": "main",
        "url": str(work.root / "api.git"),
    }
    assert shown["files"][1] == {
        "path": "AGENTS.md",
        "repositories": ["api", "cli", "web"],
        "variants": 3,
        "proposal": "template",
        "variables": ["project"],
        "reason": "",
    }
    assert not (work.root / "inventory.yaml").exists()
    assert not (work.root / "templates").exists()
    written = work.run("init", "work", "--json", "--yes", write=False).json
    assert written["written"] == ["inventory.yaml", "inventory.schema.json", "templates/ (2 files)"]
    assert (work.root / "templates/common/AGENTS.md.j2").read_text() == RULES.format("{{ project }}")


def test_what_cannot_be_written_whole_is_not_written_at_all(work: World) -> None:
    """The inventory comes last: where it cannot be put in place, the templates go again."""
    (work.root / "there").mkdir()
    (work.root / "there/inventory.schema.json").write_text("{}\n")
    first = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (150, 150)); "
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)"
    )
    work.run("init", "work", "--json", write=False)  # the repositories are in the store then, and need no room
    arguments = ("init", str(work.root / "work"), "--yes")
    process = started(arguments, work.root / "there", os.environ, first=first)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 1, err
    assert "Traceback" not in err
    assert [path.name for path in (work.root / "there").iterdir()] == ["inventory.schema.json"]


@pytest.mark.parametrize(("answer", "code"), [("n", 4), ("y", 0)])
def test_on_a_terminal_init_asks(work: World, answer: str, code: int) -> None:
    person, terminal = pty.openpty()
    process = started(("init", "work"), work.root, os.environ, terminal)
    os.close(terminal)
    os.write(person, f"{answer}\n".encode())
    shown = b""
    with contextlib.suppress(OSError):  # the terminal's other end is closed: the program has ended
        while piece := os.read(person, 65536):
            shown += piece
    os.close(person)
    assert b"Write inventory.yaml and 2 templates? [y/N]" in shown
    assert process.wait(120) == code
    assert (work.root / "inventory.yaml").exists() == (code == 0)


def test_init_says_where_it_found_nothing_and_what_it_left_out(world: World) -> None:
    shutil.rmtree(world.root / "templates")
    (world.root / "work/broken").mkdir(parents=True)
    (world.root / "work/broken/.git").write_text("gitdir: /nowhere\n")
    ran = world.run("init", "work", write=False)
    assert ran.code == 1
    assert "left out: broken: " in ran.err
    assert "work: found no git repository; name the folder that holds your repositories" in ran.err
    assert world.run("init", "nowhere", write=False).err == "rollout: nowhere: there is no such folder\n"
    world.remote("api")
    world.clone("api", "work/api")
    ran = world.run("init", "work", write=False)
    assert ran.code == 1
    assert "work: found nothing that two repositories have in common; nothing was written" in ran.err
    assert not {path.name for path in world.root.iterdir()} & {"inventory.yaml", "templates", "inventory.schema.json"}
