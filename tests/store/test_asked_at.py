"""How old the knowledge of upstream is: a command that asks tells of its own asking, whatever upstream answered."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rollout.remote.upstream import Remote
from rollout.store import hold
from tests.world import World

_LONG_AGO = "2023-11-14T22:13:20Z"


@pytest.fixture
def known(world: World) -> World:
    world.repo("api")
    assert world.run("apply", "--yes").code == 0
    return world


def _age() -> None:
    """Make what is known of every upstream old."""
    for file in Path(os.environ["ROLLOUT_STATE_DIR"]).glob("workshops/*/asked-*"):
        os.utime(file, (1_700_000_000, 1_700_000_000))


def _fetched_at(world: World, *arguments: str) -> str | None:
    found: str | None = world.run("status", "--json", *arguments).json["fetched_at"]
    return found


def _tells_of_its_own_asking(world: World) -> None:
    _age()
    now = _fetched_at(world, "--fetch")
    assert now is not None
    assert now > "2026"
    assert _fetched_at(world) == now
    _age()
    shown = world.run("status", "--fetch").out
    assert ("Upstream as of 20" in shown, _LONG_AGO in shown) == (True, False), shown


def test_of_what_is_in_sync(known: World) -> None:
    assert _fetched_at(known) is not None
    _age()
    assert _fetched_at(known) == _LONG_AGO
    _tells_of_its_own_asking(known)


def test_of_what_was_known_from_a_checkout_alone(world: World) -> None:
    world.commit(world.repo("api"), {"conf.txt": "hello world\n"}, push=True)
    assert world.run("status", "--json").states() == {"api": "in-sync"}
    assert _fetched_at(world) is None
    _tells_of_its_own_asking(world)


def test_of_a_repository_that_is_its_own_upstream(known: World) -> None:
    known.git("api", "remote", "remove", "origin")
    known.run("plan")
    _age()
    now = _fetched_at(known)
    assert now is not None
    assert now > "2026"
    _age()
    page = known.run("report", "--format", "html").out
    assert ("were last asked" in page, _LONG_AGO in page) == (True, False)


def test_of_a_branch_that_upstream_does_not_have(known: World) -> None:
    known.entries["api"] = "{path: api, branch: nowhere}"
    _tells_of_its_own_asking(known)
    assert "Upstream was not asked" not in known.run("status").out


@pytest.mark.parametrize("says", ["enabled: false\n", "nonsense: true\n"])
def test_of_a_target_that_has_its_own_say(known: World, says: str) -> None:
    known.head += "target_may: [enabled]\n"
    known.bare_repo("web")
    known.elsewhere("web", {".rollout.yaml": says})
    _tells_of_its_own_asking(known)


def test_of_a_target_that_says_no_beside_a_run(known: World) -> None:
    known.head += "target_may: [enabled]\n"
    known.elsewhere("api", {".rollout.yaml": "enabled: false\n"})
    assert known.run("plan", "--json").states() == {"api": "in-sync"}
    _age()
    state, remote = Path(os.environ["ROLLOUT_STATE_DIR"]), Remote(str(known.root / "api.git"), "main")
    with hold.opened(state, remote, "api", run="r1"):
        now = _fetched_at(known, "--fetch")
    assert now is not None
    assert now > "2026"


def test_but_not_of_an_asking_without_an_answer(known: World) -> None:
    known.entries["api"] = "{path: api, branch: nowhere}"
    known.run("plan")
    _age()
    (known.root / "api.git").rename(known.root / "away.git")
    status = known.run("status", "--fetch", "--json")
    assert (status.states(), status.json["fetched_at"]) == ({"api": "unreachable"}, _LONG_AGO)
