"""What rollout wrote before is read whole, or said not to be known."""

from __future__ import annotations

from pathlib import PurePosixPath

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
    last = written([Touch("c1", "api", None, ("100644", "x"))], {}, "api")
    assert last is not None
    assert (last.file, last.disputed) == (None, True)
    gone = written([Touch("c1", "api", ("100644", "x"), None)], {}, "api")
    assert gone is not None
    assert (gone.file, gone.disputed) == (None, False)
