"""What is still ours of commits that upstream's history has no more, by values."""

from collections.abc import Callable, Collection
from pathlib import Path, PurePosixPath

import pytest
from msgspec.structs import replace

from rollout.model.own_writes import FileShare
from rollout.objects import pack_write
from rollout.objects.ids import git_id
from rollout.objects.packs import Packs
from rollout.objects.stored import Content, ObjectKind
from rollout.objects.trees import TreeEntry
from rollout.store import gone, history
from rollout.store.history import History, Touch

CONF = PurePosixPath("conf.txt")


def _entry(text: str) -> TreeEntry:
    return "100644", git_id(text.encode(), 40)


def _touch(run: str, after: str, before: str | None = None, share: FileShare | None = None) -> Touch:
    return Touch(f"{run}-{after}", "t", None if before is None else _entry(before), _entry(after), run=run, share=share)


FIRST = _touch("r1", "one")
SECOND = _touch("r2", "two", "one")
REVERT = _touch("r3", "one", "two", FileShare.GIVEN_BACK)


@pytest.fixture
def objects(tmp_path: Path) -> Packs:
    contents = [Content(ObjectKind.BLOB, text.encode()) for text in ("one", "two", "three")]
    pack_write.write(tmp_path, contents, 40)
    return Packs(tmp_path, 40)


def _upstream(objects: Packs, there: str, reached: Collection[str] = ()) -> gone.Upstream:
    return gone.Upstream("tip", lambda _: _entry(there), reached.__contains__, objects)


def _rewritten(objects: Packs, found: list[Touch], known: list[Touch], there: str) -> list[Touch]:
    return _unplaced(gone.rewritten({CONF: found}, {CONF: known}, _upstream(objects, there)))


def _unplaced(found: History) -> list[Touch]:
    """Return what was found without the commits of others in which it was."""
    return [replace(touch, at=None) for touch in found[CONF]]


def test_what_we_wrote_last_is_ours_where_upstream_has_its_bytes(objects: Packs) -> None:
    assert _rewritten(objects, [], [SECOND, FIRST], "two") == [SECOND, FIRST]
    assert _rewritten(objects, [FIRST], [SECOND, FIRST], "two") == [SECOND, FIRST]


@pytest.mark.parametrize("there", ["one", "three"])
def test_other_bytes_are_theirs_also_those_of_an_older_write(objects: Packs, there: str) -> None:
    assert _rewritten(objects, [], [SECOND, FIRST], there) == []


def test_what_others_brought_back_after_a_newer_write_is_theirs(objects: Packs) -> None:
    newer = _touch("r4", "three", "two")
    assert _rewritten(objects, [newer, FIRST], [SECOND, FIRST], "two") == [newer, FIRST]


def test_a_commit_that_was_only_carried_over_counts_once(objects: Packs) -> None:
    carried = Touch("another-id", "t", SECOND.before, SECOND.after, run="r2")
    assert _rewritten(objects, [carried, FIRST], [SECOND, FIRST], "two") == [carried, FIRST]


def test_what_a_revert_gave_back_is_not_ours(objects: Packs) -> None:
    found = _rewritten(objects, [], [REVERT, SECOND], "one")
    assert found == [REVERT, SECOND]
    assert history.in_force(found) == []


def test_a_revert_of_what_nobody_knows_leaves_nothing_of_ours_until_it_is_taken_back() -> None:
    newer = _touch("r4", "one", "three")
    unknown = _touch("r5", "two", "one", FileShare.GIVEN_BACK)
    back = _touch("r6", "one", "two", FileShare.GIVEN_BACK)
    (left,) = history.in_force([unknown, newer, FIRST])
    assert (left.run, left.share) == ("r5", FileShare.NONE)
    assert history.in_force([back, unknown, newer, FIRST]) == [newer, FIRST]


def test_a_write_whose_contents_are_nowhere_is_forgotten(objects: Packs) -> None:
    lost = _touch("r2", "two", "no one has this any more")
    assert _rewritten(objects, [], [lost], "two") == []


def _squashed(objects: Packs, found: list[Touch], follows: Callable[[Touch], bool], there: str) -> list[Touch]:
    return _unplaced(gone.squashed({CONF: found}, {CONF: SECOND}, follows, _upstream(objects, there)))


def test_what_we_proposed_is_ours_where_upstream_has_it_in_a_commit_of_others(objects: Packs) -> None:
    assert _squashed(objects, [], lambda _: False, "two") == [SECOND]
    assert _squashed(objects, [FIRST], lambda _: False, "two") == [SECOND, FIRST]
    assert _squashed(objects, [], lambda _: False, "three") == []


def test_a_proposal_from_before_our_newest_write_makes_nothing_ours(objects: Packs) -> None:
    newer = _touch("r4", "three", "two")
    assert _squashed(objects, [newer], lambda _: False, "two") == [newer]
    assert _squashed(objects, [newer], lambda _: True, "two") == [SECOND, newer]
    assert _squashed(objects, [newer, SECOND], lambda _: True, "two") == [newer, SECOND], "it was merged before that"


def test_a_deletion_that_we_offered_arrived_with_all_the_rest_or_not_at_all() -> None:
    other = PurePosixPath("other.txt")
    deletion = Touch("c", "t", _entry("one"), None, run="r5")
    offered = {CONF: deletion, other: SECOND}
    assert gone.arrived(offered, {CONF: None, other: _entry("two")}.__getitem__) == offered
    assert gone.arrived(offered, {CONF: None, other: _entry("mine")}.__getitem__) == {}
    assert gone.arrived(offered, {CONF: _entry("one"), other: _entry("two")}.__getitem__) == {other: SECOND}


# --- a write on top of a commit of others that has what was ours


IN_A_SQUASH = replace(SECOND, at="squash")
THIRD = _touch("r4", "three", "two")


@pytest.mark.parametrize("there", ["two", "mine"])
def test_a_commit_of_others_in_which_we_found_ours_is_known_again(objects: Packs, there: str) -> None:
    """What they wrote on top of it is held against ours."""
    upstream = _upstream(objects, there, {"squash"})
    for newer in ([THIRD], [_touch("r5", "two", "three"), THIRD]):
        assert gone.rewritten({}, {CONF: [*newer, IN_A_SQUASH, FIRST]}, upstream)[CONF] == [IN_A_SQUASH, FIRST]


def test_a_commit_of_others_that_upstream_has_no_more_makes_nothing_ours(objects: Packs) -> None:
    assert gone.rewritten({}, {CONF: [THIRD, IN_A_SQUASH, FIRST]}, _upstream(objects, "two"))[CONF] == []


def test_what_was_written_since_is_newer_than_what_we_found_in_a_commit_of_others(objects: Packs) -> None:
    upstream, known = _upstream(objects, "three", {"squash"}), [IN_A_SQUASH, FIRST]
    assert gone.rewritten({CONF: [THIRD, FIRST]}, {CONF: known}, upstream)[CONF] == [THIRD, *known]


def test_it_is_remembered_in_which_commit_of_others_we_found_ours(objects: Packs) -> None:
    assert gone.rewritten({}, {CONF: [SECOND]}, _upstream(objects, "two"))[CONF] == [replace(SECOND, at="tip")]
