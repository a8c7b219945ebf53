"""A value of ours that others changed and whose key then left the template is theirs: it comes back as they had it."""

from __future__ import annotations

import pytest

from rollout.model.inventory import FileRule, Mode
from tests.little_documents import PATHS, document
from tests.lives import Life

_FILES = pytest.mark.parametrize("path", PATHS)
_HAD = pytest.mark.parametrize("had", [None, "8"])


def _life(path: str, had: str | None, w: str | None) -> Life:
    """Return a file in which a person changed our value, and whose template dropped its key then."""
    file = Life(path, document(path, had), FileRule(Mode.MERGE))
    file.lived(document(path, "1", w), ">" + document(path, "5", w), document(path, None, w and "2"))
    assert file.text == document(path, "5", w and "2")
    return file


@_FILES
@_HAD
@pytest.mark.parametrize("w", [None, "1"])
def test_it_comes_back_when_ours_was_written_over_it_once_more(path: str, had: str | None, w: str | None) -> None:
    file, last = _life(path, had, w), w and "2"
    assert file.lived(document(path, "1", last)) == document(path, "1", last)
    assert file.asked[-1] == "adopt"
    assert file.lived(document(path, "3", last)) == document(path, "3", last)
    assert file.lived(document(path, None, last)) == document(path, "5", last)


@_FILES
@_HAD
def test_it_comes_back_although_ours_says_what_others_had_first(path: str, had: str | None) -> None:
    file = _life(path, had, None)
    assert file.lived(document(path, "8")) == document(path, "8")
    assert file.lived(document(path)) == document(path, "5")


@_FILES
@_HAD
def test_what_they_make_of_it_the_next_time_comes_back_the_next_time(path: str, had: str | None) -> None:
    file = _life(path, had, None)
    file.lived(document(path, "1"), ">" + document(path, "6"), document(path))
    assert file.text == document(path, "6")
    assert file.lived(document(path, "1"), document(path)) == document(path, "6")


@_FILES
@_HAD
def test_drift_that_was_overwritten_since_does_not_come_back_in_its_place(path: str, had: str | None) -> None:
    file = _life(path, had, None)
    assert file.lived(document(path, "1"), ">" + document(path, "7"), document(path, "1")) == document(path, "1")
    assert file.lived(document(path)) == document(path, "5")


@_FILES
@_HAD
def test_it_comes_back_when_the_file_is_to_be_absent(path: str, had: str | None) -> None:
    file = _life(path, had, None)
    file.lived(document(path, "1"))
    file.rule = FileRule(Mode.ABSENT)
    assert file.lived("") == document(path, "5")


@_FILES
@_HAD
def test_another_key_that_is_taken_over_then_leaves_ours_as_it_is(path: str, had: str | None) -> None:
    file = Life(path, document(path, had), FileRule(Mode.MERGE))
    file.lived(document(path, "1"), ">" + document(path, "1", "4"), document(path, "2", "3"))
    assert file.asked[-1] == "adopt"
    assert file.lived(document(path)) == document(path, had, "4")


@_FILES
@_HAD
def test_what_went_into_the_template_is_ours_again(path: str, had: str | None) -> None:
    file = Life(path, document(path, had), FileRule(Mode.MERGE))
    file.lived(document(path, "1"), ">" + document(path, "5"), document(path, "5"), document(path, "2"))
    assert file.lived(document(path)) == document(path, had)
