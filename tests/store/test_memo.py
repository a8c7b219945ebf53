"""The file of what is remembered reads as it always did, and what is odd in it counts as not remembered."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rollout.machine import state_folder
from rollout.store.history import Touch
from rollout.store.memo import KeptNote, Memo, Memory, PastLook, parsed
from rollout.store.noted import Note

_A, _B = "a" * 40, "b" * 40


def _document() -> dict[str, Any]:
    """Return a memo as versions wrote it that knew no types."""
    return {
        "branch": "main", "tip": _A, "absent": False, "believed": _A, "searched": _A, "newest": _B, "sealed": True,
        "history": {
            "conf.txt": [[_B, "api", None, ["100644", _A], None, "r2", True]],
            "odd\udcff.txt": [[_B, "api", ["100644", _A], None]],
        },
        "noted": {"mine.txt": [_A, ["100755", _B]]},
        "in_sync": {
            "tip": _A, "asked": "api:x", "files": [["conf.txt", "c0ffee", ["100644", _A]], ["gone.txt", "", None]],
            "in_sync": 2, "warnings": ["w"], "orphans": ["old.txt"], "newest": None, "noted": True,
        },
    }  # fmt: skip


_MEMO = Memo(
    branch="main",
    tip=_A,
    believed=_A,
    searched=_A,
    history={
        "conf.txt": [Touch(_B, "api", None, ("100644", _A), None, "r2", True)],
        "odd\udcff.txt": [Touch(_B, "api", ("100644", _A), None)],
    },
    newest=_B,
    sealed=True,
    noted={"mine.txt": Note(_A, ("100755", _B))},
    in_sync=PastLook(
        _A,
        "api:x",
        (("conf.txt", "c0ffee", ("100644", _A)), ("gone.txt", "", None)),
        2,
        ("w",),
        ("old.txt",),
        None,
        True,
    ),
)


def test_a_memo_of_before_is_read_and_written_back(tmp_path: Path) -> None:
    file = tmp_path / "rollout.json"
    other = {"branch": "other", "what": ["we", "do", "not", "know"]}
    file.write_text(json.dumps({state_folder.key("main"): _document(), state_folder.key("other"): other}))
    memory = Memory(tmp_path, "main")
    assert memory.memo() == _MEMO
    memory.remember(tip=_B)
    memory.write()
    assert json.loads(file.read_text())[state_folder.key("other")] == other
    assert parsed({**_document(), "tip": _B}) == Memory(tmp_path, "main").memo()


def _spoilt(spoil: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    document = _document()
    spoil(document)
    return document


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (None, Memo()),
        ([], Memo()),
        ({}, Memo()),
        (_spoilt(lambda memo: memo.update(more=1)), _MEMO),
        (_spoilt(lambda memo: memo.update(tip=5)), {"tip": None}),
        (_spoilt(lambda memo: memo["in_sync"].pop("orphans")), {"in_sync": None}),
        (_spoilt(lambda memo: memo["noted"].update({"bad": [_A, None]})), _MEMO),
        (_spoilt(lambda memo: memo.update(noted=5)), {"noted": {}}),
        (
            _spoilt(lambda memo: memo.update(agreed={"a.json": [[["k"], "1"]], "bad": 5})),
            {"agreed": {"a.json": ((("k",), "1"),)}},
        ),
        (_spoilt(lambda memo: memo.update(kept={"a": ["x", None], "b": 5})), {"kept": {"a": KeptNote("x", None)}}),
        (_spoilt(lambda memo: memo.update(held={"a": ["x", _A], "b": [5]})), {"held": {"a": KeptNote("x", _A)}}),
    ],
)
def test_only_what_is_odd_is_forgotten(document: object, expected: Memo | dict[str, object], tmp_path: Path) -> None:
    wanted = expected if isinstance(expected, Memo) else Memo(**{**_fields(_MEMO), **expected})
    assert parsed(document) == wanted
    (tmp_path / "rollout.json").write_text(json.dumps({state_folder.key("main"): document}))
    assert Memory(tmp_path, "main").memo() == wanted


def _fields(memo: Memo) -> dict[str, Any]:
    return {name: getattr(memo, name) for name in memo.__struct_fields__}


@pytest.mark.parametrize(
    "spoil",
    [lambda memo: memo.update(history=5), lambda memo: memo["history"].update(x=[[1]]), lambda m: m.pop("sealed")],
)
def test_a_past_that_cannot_be_believed_was_never_searched(spoil: Callable[[dict[str, Any]], object]) -> None:
    memo = parsed(_spoilt(spoil))
    assert (memo.searched, memo.history, memo.sealed, memo.tip) == (None, {}, False, _A)
