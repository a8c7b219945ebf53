"""What upstream has is read once for all that ask about it while a store is used."""

from __future__ import annotations

from pathlib import PurePosixPath

from rollout.remote.upstream import Remote
from rollout.store import store, tree
from tests.world import World


def test_a_commit_is_looked_into_once_until_the_store_forgets_it(world: World) -> None:
    bare = world.remote("one", {"README.md": "hello\n"})
    first, second = world.tip("one"), world.elsewhere("one", {"tool.txt": "more\n"})
    held = store.at(bare, Remote(str(bare), "main"), "one")
    assert held.tree(second) is held.tree(second)
    assert tree.executable(held, second, PurePosixPath("tool.txt")) is False
    assert tree.executable(held, first, PurePosixPath("tool.txt")) is None
    seen = held.tree(second)
    held.forget()
    assert held.tree(second) is not seen
