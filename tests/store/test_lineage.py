"""Which commits of a store descend from which: told without git on a plain line of commits."""

from __future__ import annotations

import pytest

from rollout.remote.upstream import Remote
from rollout.store import lineage, store
from rollout.store.store import Store
from tests.world import World

_OURS = "Roll out conf.txt\n\nRollout-Run: r1\n"


@pytest.fixture
def there(world: World) -> Store:
    bare = world.bare_repo("one")
    return store.at(bare, Remote(str(bare), "main"), "one")


def _commit(world: World, there: Store, *parents: str, message: str = "theirs") -> str:
    before = [word for parent in parents for word in ("-p", parent)]
    return world.git(there.place, "commit-tree", "main^{tree}", *before, "-m", message).strip()


def test_a_plain_line_is_counted_and_anything_else_is_left_to_git(world: World, there: Store) -> None:
    first = _commit(world, there)
    second = _commit(world, there, first)
    third = _commit(world, there, second)
    merge = _commit(world, there, third, _commit(world, there, message="another root"))
    assert [lineage.distance(there, first, tip) for tip in (first, second, third, merge)] == [0, 1, 2, None]
    assert [lineage.parent(there, tip) for tip in (first, third, merge, "0" * 40)] == [None, second, None, None]
    assert [lineage.reaches(there, first, tip) for tip in (third, merge)] == [True, True]
    assert not lineage.reaches(there, third, first)


def test_a_commit_of_ours_in_between_makes_a_search_necessary(world: World, there: Store) -> None:
    first = _commit(world, there)
    theirs = _commit(world, there, first)
    ours = _commit(world, there, theirs, message=_OURS)
    later = _commit(world, there, ours)
    assert lineage.only_others_since(there, first, theirs)
    assert lineage.only_others_since(there, ours, later)
    assert not lineage.only_others_since(there, theirs, later)
    assert not lineage.only_others_since(there, theirs, first)


def test_another_history_at_the_address_is_strange_once_one_was_believed(world: World, there: Store) -> None:
    first, other = _commit(world, there), _commit(world, there, message="another root")
    assert not lineage.is_strange(there, other)
    lineage.believe(there, first)
    assert not lineage.is_strange(there, _commit(world, there, first))
    assert lineage.is_strange(there, other)
