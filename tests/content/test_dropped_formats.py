"""A rule that no longer merges a file needs no `format:`: the keys that we merged are known from our writes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from rollout.model.inventory import FileRule, FormatName, Mode
from tests.content.places import shared
from tests.first_rows import first_rows
from tests.lives import Life
from tests.world import World


class _Kind(Struct, frozen=True):
    """Files of one format: a name that says none, one that says it if there is one, and how a line is written."""

    format: FormatName
    unknown: str
    known: str
    line: str
    head: str = ""
    comment: str = "# {}\n"


_KINDS = [
    _Kind(FormatName.YAML, "x.conf", "x.yaml", "{}: {}\n"),
    _Kind(FormatName.YAML, "x.conf", "x.yaml", "{}:\n  - {}\n"),
    _Kind(FormatName.TOML, "x.conf", "x.toml", '{} = "{}"\n'),
    _Kind(FormatName.TOML, "x.conf", "x.toml", "{}.in = {}\n", "[s]\n"),
    _Kind(FormatName.INI, "x.service", "", "{} = {}\n", "[Service]\n"),
    _Kind(FormatName.INI, ".npmrc", "", "{}=w{}\n", comment="; {}\n"),
    _Kind(FormatName.INI, "x.conf", "x.cfg", "{} = w{}\n", "[s]\n"),
]
_Keys = list[tuple[int, int]]
_NAMED: list[_Keys] = [[], [(1, 1)], [(2, 1)], [(1, 2)], [(1, 1), (2, 2)], [(1, 1), (2, 2), (3, 3)]]
_TEXTS = st.sampled_from(_NAMED[1:])


def _text(kind: _Kind, named: _Keys, word: str = "ours") -> str:
    lines = [kind.line.format(f"{word}{key}", value) for key, value in named]
    return kind.head + "".join(lines) if lines else ""


def _edited(kind: _Kind, text: str, edits: list[tuple[int, str]]) -> str:
    """Return what a person makes of a file: lines of others anywhere, lines of ours deleted or changed."""
    for number, (at, edit) in enumerate(edits):
        lines = text.splitlines(keepends=True)
        place = max(at % (len(lines) + 1), len(kind.head.splitlines()))
        match edit:
            case "key":
                lines.insert(place, kind.line.format(f"mine{number}", 7))
            case "comment":
                lines.insert(place, kind.comment.format(f"mine{number}"))
            case "delete":
                del lines[place:][:1]
            case _:
                lines[place : place + 1] = [line.replace("1", "5") for line in lines[place : place + 1]]
        text = "".join(lines)
    return text


_EDITS = st.lists(st.tuples(st.integers(0, 8), st.sampled_from(["key", "comment", "delete", "change"])), max_size=2)
_AFTER = st.lists(
    st.tuples(st.sampled_from([Mode.BLOCK, Mode.BLOCK, Mode.WHOLE, Mode.ONCE, Mode.ABSENT, Mode.MERGE]), _TEXTS),
    min_size=1,
    max_size=3,
)


@given(
    st.sampled_from(_KINDS), st.sampled_from(_NAMED), st.lists(_TEXTS, min_size=1, max_size=2), _EDITS, _AFTER,
    st.booleans(),
)  # fmt: skip
def test_a_file_that_was_merged_is_the_same_in_any_mode_with_its_format_another_one_and_without(
    kind: _Kind, theirs: _Keys, merged: list[_Keys], edits: list[tuple[int, str]], after: list[tuple[Mode, _Keys]],
    wrong: bool,
) -> None:  # fmt: skip
    told = FileRule(Mode.MERGE, format=kind.format)
    names = {"kept": kind.unknown, "dropped": kind.unknown, **({"named": kind.known} if kind.known else {})}
    lives = {how: Life(path, _text(kind, theirs, "theirs") or None, told) for how, path in names.items()}
    for life in lives.values():
        life.lived(*(_text(kind, named) for named in merged))
        life.text = _edited(kind, life.text or "", edits)
    for mode, named in after:
        found = {}
        for how, life in lives.items():
            others = FormatName.JSON if mode is Mode.ABSENT or kind.format is FormatName.INI else FormatName.INI
            form = (
                kind.format if how == "kept" or mode is Mode.MERGE else others if wrong and how == "dropped" else None
            )
            life.rule = FileRule(mode, format=form)
            planned = life.rolled_out("" if mode is Mode.ABSENT else _text(kind, named))
            found[how] = planned and (planned.action, planned.cause.replace(life.path, "PATH")), life.text, life.asked
        assert all(one == found["kept"] for one in found.values()), found


_UNIT, _KEYS, _BLOCK = "[Unit]\nA=b\n", "[Service]\nRestart=always\n", "[Service]\nPre=/a\nPre=/b\n"


@first_rows(1, "kind", ["branch", "folder"])
@pytest.mark.parametrize("form", ["", ", format: ini"])
def test_keys_that_were_merged_go_when_a_block_comes_whether_its_rule_has_the_format_or_not(
    world: World, kind: str, form: str
) -> None:
    there, head = shared(world, kind, "x.service", _UNIT)
    for mode, text in (("merge, format: ini", _KEYS), (f"block{form}", _BLOCK)):
        world.tail = f"{head}files: {{x.service: {{mode: {mode}}}}}\n"
        world.template("project/x.service", text)
        planned = world.run("plan", "--no-diff").out
        assert ("the keys that rollout merged into it go" in planned) == mode.startswith("block")
        assert world.run("apply", "--yes", "--adopt").code == 0
    assert there.read_text() == f"{_UNIT}\n# rollout:begin project\n{_BLOCK}# rollout:end project\n"
