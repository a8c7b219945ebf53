"""Rollout's own store of a repository stays small however often it is fetched into."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rollout import store
from tests.world import World


def test_many_small_packs_become_few(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_MAX_PACKS", 4)
    world.bare_repo("one")
    assert world.run("apply", "-y").code == 0
    for number in range(5):
        world.elsewhere("one", {"other.txt": f"{number}\n"})
        world.template("project/conf.txt.j2", f"version {number}\n")
        assert world.run("apply", "-y", "--json").outcomes() == {"one": "pushed"}
    packs = list(Path(os.environ["ROLLOUT_STATE_DIR"]).glob("workshops/*/objects/pack/*.pack"))
    assert len(packs) <= 4 + 2
    assert len(world.log("one")) == 1 + 1 + 2 * 5


def test_a_waiting_commit_of_which_a_power_cut_left_the_ref_alone_is_built_again(world: World) -> None:
    world.bare_repo("one")
    assert world.run("apply", "-y", "--no-push", "--json").outcomes() == {"one": "committed"}
    packs = Path(os.environ["ROLLOUT_STATE_DIR"]).glob("workshops/*/objects/pack/*.pack")
    ours = max(packs, key=lambda pack: pack.stat().st_mtime_ns)
    ours.unlink()
    ours.with_suffix(".idx").unlink()
    for upstream in ours.parents[2].glob("refs/rollout/upstream/*"):
        upstream.unlink()
    world.elsewhere("one", {"other.txt": "so that there is something to fetch\n"})
    assert world.run("apply", "-y", "--json").outcomes() == {"one": "pushed"}
