"""`rollout init`: from repositories that are there to an inventory that works, and never over anything."""

from __future__ import annotations

import shutil

from tests.world import World


def test_what_init_writes_is_an_inventory_that_plans_and_applies(world: World) -> None:
    shutil.rmtree(world.root / "templates")
    for name, branch in (("api", "main"), ("web", "main"), ("cli", "develop")):
        world.remote(name, branch=branch)
        world.clone(name, f"work/{name}", branch)
    world.clone("api", "work/team one/api")
    world.clone("web", "work/deep/er/web")
    world.git("work/web", "remote", "rename", "origin", "upstream")
    world.git("work/api", "checkout", "-q", "-b", "a-branch-of-the-day")
    ran = world.run("init", "work", write=False)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[-1] == "Look at them, then: rollout plan"
    assert (world.root / "inventory.yaml").read_text() == (
        "# yaml-language-server: $schema=./inventory.schema.json\n"
        "version: 1\n"
        "root: work    # relative paths start here\n"
        'vars: {owner: "Pat Person"}\n'
        "defaults: {templates: [project]}\n"
        "repos:\n"
        "  api: {path: api}\n"
        "  cli: {path: cli, branch: develop}\n"
        "  deep-er-web: {path: deep/er/web}\n"
        '  team-one-api: {path: "team one/api"}\n'
        "  web: {path: web, remote: upstream}\n"
        "files:\n"
        "  AGENTS.md: {mode: block}    # only our part of it; the rest stays whose it is\n"
    )
    assert world.run("validate", write=False).code == 0
    one = world.run("apply", "--yes", "--json", "--limit", "cli", write=False)
    assert one.outcomes() == {"cli": "pushed"}
    assert "Pat Person looks after this repository." in (world.at("cli", "AGENTS.md", "develop") or "")


def test_init_overwrites_nothing(world: World) -> None:
    world.repo("api")
    before = world.inventory().read_text()
    ran = world.run("init")
    assert (ran.code, ran.out) == (4, "")
    assert ran.err == "rollout: inventory.yaml exists already; nothing was written\n"
    assert (world.root / "inventory.yaml").read_text() == before
    (world.root / "inventory.yaml").unlink()
    assert "templates exists already" in world.run("init", write=False).err
    assert not (world.root / "inventory.yaml").exists()


def test_init_says_where_it_found_nothing_and_what_it_left_out(world: World) -> None:
    shutil.rmtree(world.root / "templates")
    (world.root / "work/broken").mkdir(parents=True)
    (world.root / "work/broken/.git").write_text("gitdir: /nowhere\n")
    ran = world.run("init", "work", write=False)
    assert ran.code == 1
    assert "left out: " in ran.err
    assert "work: found no git repository; name the folder that holds your repositories" in ran.err
    assert world.run("init", "nowhere", write=False).err == "rollout: nowhere: there is no such folder\n"
    assert sorted(path.name for path in world.root.iterdir()) == ["work"]
