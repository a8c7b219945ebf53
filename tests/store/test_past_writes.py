"""What rollout wrote before is read whole, or said not to be known."""

from __future__ import annotations

from pathlib import PurePosixPath

from rollout.model.own_writes import FileShare
from rollout.objects.trees import TreeEntry
from rollout.store.history import Touch, blobs_of
from rollout.store.last_written import written

ONE, TWO = PurePosixPath("one"), PurePosixPath("two")


def test_what_one_path_held_before_does_not_hide_what_was_written_at_another() -> None:
    past = {
        ONE: [Touch("c1", "api", None, ("100644", "x"))],
        TWO: [Touch("c2", "api", ("100644", "x"), ("100644", "y"))],
    }
    assert blobs_of(past, [ONE, TWO], ()) == {"x", "y"}


def test_what_was_written_and_cannot_be_read_is_not_taken_for_deleted() -> None:
    last = written([Touch("c1", "api", None, ("100644", "x"))], {}, {"api"})
    assert last is not None
    assert (last.file, last.disputed) == (None, True)
    gone = written([Touch("c1", "api", ("100644", "x"), None)], {}, {"api"})
    assert gone is not None
    assert (gone.file, gone.disputed) == (None, False)


def test_what_a_write_left_to_others_is_not_ours_any_more() -> None:
    sides: list[TreeEntry] = [("100644", name) for name in "abcde"]
    touches = [
        Touch("c4", "api", sides[3], sides[4]),
        Touch("c3", "api", sides[2], sides[3], share=FileShare.NONE),
        Touch("c1", "api", sides[0], sides[1], share=FileShare.PART),
    ]
    contents = {name: name.encode() for name in "abcde"}
    again, left, first = (written(touches[number:], contents, {"api"}) for number in range(3))
    assert again is not None
    assert left is not None
    assert first is not None
    assert (again.ours, again.share) == (((b"d", b"e"),), None)
    assert (left.ours, left.share, left.alone) == ((), FileShare.NONE, False)
    assert (first.ours, first.share) == (((b"a", b"b"),), FileShare.PART)
