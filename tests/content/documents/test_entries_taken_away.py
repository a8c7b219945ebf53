"""What rollout wrote into a list while it took an entry of its own away, with what others had written into that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from rollout.model.inventory import FileRule, Mode
from tests.corpus import written
from tests.lives import Life

_MATCH = (("p", ("n",)), ("p[].h", ("n",)))
_FILES = ["x.yaml", "x.json", "x.toml"]
_Entry = dict[str, Any]

_HIS: _Entry = {"n": "q", "z": "0"}
_GOES: _Entry = {"n": "r", "type": "t", "v": "1"}
_CHANGED: _Entry = {**_GOES, "x": "5"}
_NEW: _Entry = {"n": "s", "type": "t"}


def _text(path: str, entries: Sequence[_Entry], **more: Any) -> str:
    return written(
        {"a": "1", **({"p": entries} if entries else {}), **more}, path.partition(".")[2], compact=False
    ).decode()


def _named(path: str, entries: Sequence[_Entry]) -> str:
    return written({"p": entries} if entries else {"k": "1"}, path.partition(".")[2], compact=False).decode()


def _life(path: str, template: Sequence[_Entry], person: Sequence[_Entry]) -> Life:
    """Return a file in which others have an entry, after a template and what a person made of it."""
    file = Life(path, _text(path, [_HIS]), FileRule(Mode.MERGE, match=_MATCH))
    file.lived(_named(path, template), f">{_text(path, person)}")
    return file


def _holds(file: Life, entries: Sequence[_Entry], **more: Any) -> None:
    """Hold what a file says by writing it anew."""
    again = Life(file.path, file.text, FileRule(Mode.MERGE, match=_MATCH))
    text = _text(file.path, entries, **more)
    assert again.plan(text) is None, file.text
    assert (file.text or "").count("type") == text.count("type"), file.text
    assert (file.text or "").count("v") == text.count("v"), file.text


@pytest.mark.parametrize("path", _FILES)
@pytest.mark.parametrize(
    ("template", "new", "left"),
    [
        ([_GOES], [_NEW], [_HIS]),
        ([_GOES], [_NEW, {"n": "t", "h": [{"n": "r", "v": "1"}]}], [_HIS]),
        ([_GOES, {"n": "u", "v": "1"}], [{"n": "u", "v": "2"}], [_HIS]),
        ([_GOES, {"n": "q", "v": "1"}], [{"n": "q", "v": "2"}], [_HIS]),
        ([_GOES], [{"n": "q", "z": "1"}], [_HIS]),
    ],
    ids=["new", "deep", "ours changed", "our key changed", "a value of others"],
)  # fmt: skip
@pytest.mark.parametrize("mode", [Mode.MERGE, Mode.ABSENT])
def test_what_rollout_writes_while_it_takes_an_entry_away_goes_again_when_it_leaves_the_template(
    path: str, template: list[_Entry], new: list[_Entry], left: list[_Entry], mode: Mode
) -> None:
    file = _life(path, template, [{**_HIS, **next((one for one in template if one["n"] == "q"), {})},
                                  _CHANGED, *(one for one in template if one["n"] == "u")])  # fmt: skip
    file.lived(_named(path, new))
    assert "5" not in str(file.text)
    asked = [*file.asked]
    file.rule = FileRule(mode, match=_MATCH)
    file.lived("" if mode is Mode.ABSENT else _named(path, []))
    _holds(file, left, **({} if mode is Mode.ABSENT else {"k": "1"}))
    assert file.asked == asked
    assert "drift" in asked


@pytest.mark.parametrize("path", _FILES)
def test_what_rollout_wrote_there_is_changed_without_a_question(path: str) -> None:
    file = _life(path, [_GOES], [_HIS, _CHANGED])
    file.lived(_named(path, [{**_NEW, "v": "1"}]), _named(path, [{**_NEW, "v": "2"}]))
    assert file.asked == ["drift"]
    _holds(file, [_HIS, {**_NEW, "v": "2"}])


@pytest.mark.parametrize("path", _FILES)
def test_what_a_template_says_just_as_a_person_had_it_there_is_asked_for(path: str) -> None:
    file = _life(path, [_GOES], [_HIS, _CHANGED])
    file.lived(_named(path, [{**_CHANGED, "n": "s"}]))
    planned = file.plan(_named(path, []))
    assert planned is not None
    assert "p[s] leaves the template, and others wrote x into it" in planned.cause.replace('"', "")
    assert not planned.decided


@pytest.mark.parametrize("path", _FILES)
@pytest.mark.parametrize("double", [{"n": "r", "type": "t"}, {"n": "r", "w": "1"}])
def test_an_entry_of_a_person_with_the_same_name_stays_and_nothing_of_ours_does(path: str, double: _Entry) -> None:
    file = _life(path, [_GOES], [_HIS, _GOES, double])
    file.lived(_named(path, [_NEW]))
    _holds(file, [_HIS, double, _NEW])
    file.lived(_named(path, []))
    _holds(file, [_HIS, double], k="1")
    assert file.asked == []


@pytest.mark.parametrize("path", _FILES)
@pytest.mark.parametrize("rule", [FileRule(Mode.MERGE), FileRule(Mode.ABSENT)], ids=lambda rule: rule.mode.value)
def test_it_goes_when_match_has_left_the_rule_too(path: str, rule: FileRule) -> None:
    file = _life(path, [{"n": "r", "v": "1"}], [_HIS, {"n": "r", "v": "1", "x": "5"}])
    file.lived(_named(path, [_NEW]))
    file.rule = rule
    file.lived("" if rule.mode is Mode.ABSENT else _named(path, []))
    assert "s" not in str(file.text).replace("str", "")
