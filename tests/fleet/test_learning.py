"""`init` learns little fleets: what it takes over is in sync at once, and comes out of the templates to the byte."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import PurePosixPath

import pytest

from rollout.fleet import load
from rollout.fleet.load import InventorySource
from tests.fleet.little_fleets import FLEETS, Fleet, node_packages, python_services
from tests.world import World


@pytest.fixture(params=FLEETS, ids=lambda make: make.__name__)
def fleet(request: pytest.FixtureRequest, world: World) -> Fleet:
    shutil.rmtree(world.root / "templates")
    make: Callable[[], Fleet] = request.param
    made = make()
    made.build(world)
    return made


def rendered(world: World) -> dict[tuple[str, str], bytes]:
    """Return every whole file that the written inventory and templates ask for."""
    source = InventorySource(world.root / "inventory.yaml", "inventory.yaml", None, (), {}, "here")
    with load.opened(source) as loaded:
        return {
            (target.name, str(item.path)): item.body
            for target in loaded.inventory.targets
            for item in loaded.rendering.desired(target).managed
            if item.mode.value == "whole"
        }


def test_the_first_plan_is_in_sync_and_every_file_comes_out_to_the_byte(world: World, fleet: Fleet) -> None:
    proposed = world.run("init", "work", "--json", write=False).json
    assert not (world.root / "inventory.yaml").exists()
    taken = {
        (name, one["path"]) for one in proposed["files"] if one["proposal"] != "skip" for name in one["repositories"]
    }
    assert {path for _, path in taken} >= fleet.taken
    assert world.run("init", "work", write=False).code == 0
    assert world.run("validate", write=False).code == 0
    plan = world.run("plan", "--json", write=False)
    assert set(plan.states().values()) == {"in-sync"}
    assert plan.json["summary"]["in-sync"] == len(taken)
    assert all(not target["changes"] for target in plan.json["targets"])
    assert {spot: text.decode() for spot, text in rendered(world).items()} == {
        (name, path): world.at(name, path, fleet.branch) for name, path in taken if path not in _blocks(proposed)
    }
    verified = world.run("verify", "--json", write=False)
    assert (verified.code, verified.json["ok"]) == (0, True)


def _blocks(proposed: dict[str, list[dict[str, str]]]) -> set[str]:
    return {one["path"] for one in proposed["files"] if one["proposal"] == "block"}


def test_variables_have_names_that_speak(world: World) -> None:
    shutil.rmtree(world.root / "templates")
    python_services().build(world)
    found = {one["path"]: one["variables"] for one in world.run("init", "work", "--json", write=False).json["files"]}
    assert found["CLAUDE.md"] == ["project", "port", "python_version", "contact"]
    assert found["Dockerfile"] == ["python_version", "project", "port"]
    assert found[".editorconfig"] == ["max_line_length"]
    assert found["LICENSE"] == ["copyright_year"]
    assert found[".github/workflows/ci.yml"] == ["python_version", "project", "has_deploy"]


def test_what_a_file_says_in_marks_of_templates_gets_other_delimiters(world: World) -> None:
    shutil.rmtree(world.root / "templates")
    node_packages().build(world)
    assert world.run("init", "work", write=False).code == 0
    inventory = (world.root / "inventory.yaml").read_text()
    assert "  AGENTS.md: {delimiters: angle}    # {{ }} is the file's own, so its template writes << >>\n" in inventory
    assert "  SECURITY.md: {allow: [links]}    # the files hold this already\n" in inventory


def test_a_change_of_a_learned_template_reaches_every_repository(world: World) -> None:
    """What was taken over is ours: the change is an update, and no adoption that must be decided."""
    shutil.rmtree(world.root / "templates")
    made = FLEETS[1]()
    made.build(world)
    assert world.run("init", "work", write=False).code == 0
    template = world.root / "templates/common/CLAUDE.md"
    template.write_text(template.read_text().replace("one event per epic", "two events per epic"))
    assert set(world.run("apply", "--yes", "--json", write=False).outcomes().values()) == {"pushed"}
    for name, files in made.repositories.items():
        before, after = files["CLAUDE.md"], world.at(name, "CLAUDE.md", made.branch) or ""
        kept = "".join(line for line in after.splitlines(keepends=True) if "rollout:" not in line)
        assert kept == before.replace("one event per epic", "two events per epic")


@pytest.mark.parametrize("how", [[], ["--json", "--yes"]])
def test_what_was_taken_over_in_addition_is_ours_at_once(world: World, how: list[str]) -> None:
    shutil.rmtree(world.root / "templates")
    for name in ("api", "web"):
        world.remote(name, {"AGENTS.md": "Be kind to whoever reads this.\n"})
        world.clone(name, f"work/{name}")
    assert world.run("init", "work", *how, write=False).code == 0
    for name in ("cli", "lib"):
        world.remote(
            name, {"AGENTS.md": "Be kind to whoever reads this.\n", "NEW.md": "What is new in both of them.\n"}
        )
        world.clone(name, f"work/{name}")
    assert world.run("init", "work", "--add", *how, write=False).code == 0
    for template in (world.root / "templates").rglob("*.md"):
        template.write_text(template.read_text() + "more\n")
    plan = world.run("plan", "--json", write=False)
    changes = {
        (target["name"], one["path"], one["action"]) for target in plan.json["targets"] for one in target["changes"]
    }
    everywhere = {(name, "AGENTS.md", "update") for name in ("api", "web", "cli", "lib")}
    assert changes == everywhere | {(name, "NEW.md", "update") for name in ("cli", "lib")}


def test_the_default_branch_is_read_and_no_feature_branch(world: World) -> None:
    shutil.rmtree(world.root / "templates")
    for name in ("api", "web"):
        world.remote(name, {"AGENTS.md": "Be kind to whoever reads this.\n"}, "trunk")
        top = world.clone(name, f"work/{name}", "trunk")
        world.git(top, "checkout", "-q", "-b", "feature")
        world.commit(top, {"AGENTS.md": f"{name} has something else here\n", "NEW.md": "only on the feature branch\n"})
        world.git(top, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/feature")
    proposed = world.run("init", "work", "--json", write=False).json
    assert [(one["name"], one["branch"]) for one in proposed["repositories"]] == [("api", "trunk"), ("web", "trunk")]
    assert [(one["path"], one["variants"]) for one in proposed["files"]] == [("AGENTS.md", 1)]


def test_what_cannot_be_taken_over_is_left_out_and_said(world: World) -> None:
    shutil.rmtree(world.root / "templates")
    same: dict[str, str | bytes] = {
        "AGENTS.md": "Be kind to whoever reads this.\n",
        "logo.dat": b"a\0b",
        "crlf.txt": "a\r\nb\r\n",
    }
    files: dict[str, str | bytes] = {
        **same,
        "large.txt": "x" * 300_000,
        "empty.txt": "",
        "key.pem": "AKIA" + "A" * 16 + "\n",
        "icon.png": "no",
    }
    for name in ("api", "web", "cli"):
        world.remote(name, files)
        world.clone(name, f"work/{name}")
    link = world.clone("cli", "cli.link")
    world.git(link, "rm", "-q", "AGENTS.md")
    (link / "AGENTS.md").symlink_to("icon.png")
    world.git(link, "add", "AGENTS.md")
    world.git(link, "commit", "-q", "-m", "link")
    world.git(link, "push", "-q", "origin", "HEAD")
    world.clone("api", "work/again")
    world.git(world.root, "init", "-q", "--bare", "work/bare.git")
    world.git(world.root, "init", "-q", "work/lonely")
    world.remote("alone", {"own.txt": "of its own\n"})
    world.clone("alone", "work/alone")
    world.git(world.root, "init", "-q", "--bare", "nothing.git")
    world.git(world.root, "clone", "-q", "nothing.git", "work/nothing")
    world.git(
        "work/web", "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(world.root / "cli.git"), "sub"
    )
    world.git(world.root, "clone", "-q", "cli.git", "work/api/nested")
    world.git(world.root, "clone", "-q", "cli.git", "work/api/.nested")
    world.clone("cli", "work/.dotfiles")
    (world.root / "work/.cache").mkdir()
    world.remote("gone", {"AGENTS.md": "x\n"})
    world.clone("gone", "work/gone")
    shutil.rmtree(world.root / "gone.git")
    proposed = world.run("init", "work", "--json", write=False).json
    left = {one["name"]: one["reason"] for one in proposed["left_out"]}
    assert {one["name"] for one in proposed["repositories"]} == {"again", "web"}
    way_out = "write `* text=auto` in .gitattributes and renormalise"
    expected = {
        "bare.git": "is a bare repository; init reads checkouts",
        "lonely": "has no remote",
        "nothing": "its remote has no commits, or no default branch",
        "web/sub": "is a submodule of web",
        "api/nested": "is a repository inside api",
        "api/.nested": "is a repository inside api",
        ".dotfiles": "init takes in no hidden folder; rename it, or name it in the inventory by hand",
        "alone": "has no file in common with the others",
        "logo.dat": "is binary",
        "icon.png": "is binary, by its name",
        "large.txt": "is larger than 200,000 bytes, which is what init looks at",
        "empty.txt": "is empty",
        "crlf.txt": f"has CRLF line ends, and no attribute says so; {way_out}",
        "key.pem": "line 1: holds what looks like an AWS access key",
    }
    assert {name: left.get(name) for name in expected} == expected
    assert ".cache" not in left
    assert [why for name, why in left.items() if "does not answer" in why]
    assert [why for why in left.values() if why.startswith("is the same repository as ")]
    assert [why for name, why in left.items() if name.endswith(": AGENTS.md") and why.startswith("is a symlink")]
    assert PurePosixPath("AGENTS.md") in {PurePosixPath(one["path"]) for one in proposed["files"]}
    assert world.run("init", "work", write=False).code == 0
    assert set(world.run("plan", "--json", write=False).states().values()) == {"in-sync"}


def test_a_file_that_is_enormous_in_one_repository_is_learned_from_the_others(world: World) -> None:
    shutil.rmtree(world.root / "templates")
    for name in ("api", "web", "big"):
        world.remote(name, {"AGENTS.md": "Be kind to whoever reads this.\n" if name != "big" else "x" * 300_000})
        world.clone(name, f"work/{name}")
    shown = world.run("init", "work", "--json", write=False).json
    assert [(one["path"], one["repositories"]) for one in shown["files"]] == [("AGENTS.md", ["api", "web"])]
    left = {one["name"]: one["reason"] for one in shown["left_out"]}
    assert left["big: AGENTS.md"] == "is larger than 200,000 bytes, which is what init looks at"


def test_of_two_checkouts_of_one_repository_the_one_nearer_to_the_top_is_taken(world: World) -> None:
    shutil.rmtree(world.root / "templates")
    for name in ("api", "web"):
        world.remote(name, {"AGENTS.md": f"Be kind to whoever reads this of {name}.\n"})
    world.clone("web", "work/a/b/inner")
    for name in ("api", "web"):
        world.clone(name, f"work/{name}")
    shown = world.run("init", "work", "--json", write=False).json
    assert [one["name"] for one in shown["repositories"]] == ["api", "web"]
    assert {"name": "a/b/inner", "reason": "is the same repository as web"} in shown["left_out"]


def test_what_is_no_template_is_not_taken_over(world: World) -> None:
    shutil.rmtree(world.root / "templates")
    for name in ("api", "web"):
        world.remote(name, {"AGENTS.md": "Be kind to whoever reads this.\n", ".idea/codeStyles/Project.xml": "<a/>\n"})
        world.clone(name, f"work/{name}")
    assert [one["path"] for one in world.run("init", "work", "--json", write=False).json["files"]] == ["AGENTS.md"]


def test_a_repository_of_very_many_files_is_read_in_bounded_time(world: World) -> None:
    shutil.rmtree(world.root / "templates")
    many = {f"data/{n // 100}/{n}.txt": f"{n}\n" for n in range(800)}
    for name in ("api", "web"):
        world.remote(name, {"AGENTS.md": "Be kind to whoever reads this.\n", **many})
        world.clone(name, f"work/{name}")
    proposed = world.run("init", "work", "--json", write=False).json
    assert len(proposed["files"]) <= 400
    assert any("init looks at 400 paths" in one["reason"] for one in proposed["left_out"])
