"""An entry of ours that leaves the template with a key of others in it is asked for, and never becomes a fragment."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.content.documents.document import Array, Object, meaning, nodes
from rollout.content.documents.formats import format_of
from rollout.content.documents.match import match_for
from rollout.content.documents.merge import MergedFile, merged
from rollout.content.documents.ours.past import Ours
from rollout.model.action import Action, OnDrift
from rollout.model.circumstances import Decisions
from rollout.model.inventory import FileRule, Mode
from rollout.model.plan import Change
from tests import decisions
from tests.corpus import written
from tests.lives import Life
from tests.searches import at_most
from tests.world import World

_MATCH = (("repos", ("repo",)), ("repos[].hooks", ("id",)))
_FILES = ["w.yaml", "w.json", "w.toml"]
_OURS: dict[str, Any] = {"repo": "u", "rev": "1", "hooks": [{"id": "a", "entry": "x"}, {"id": "b", "entry": "y"}]}
_STAYS: dict[str, Any] = {"repo": "v", "rev": "1"}


def _text(path: str, named: dict[str, Any]) -> str:
    return written(named, path.rpartition(".")[2], compact=False).decode()


def _repos(*entries: dict[str, Any]) -> dict[str, Any]:
    return {"repos": list(entries)}


def _life(path: str, person: dict[str, Any], template: dict[str, Any] | None = None) -> Life:
    """Return a file with a first line of others, in which a person changed entries of ours."""
    file = Life(path, _text(path, {"name": "x"}), FileRule(Mode.MERGE, match=_MATCH))
    file.lived(_text(path, template or _repos(_OURS, _STAYS)), f">{_text(path, {'name': 'x', **person})}")
    return file


def _planned(file: Life, template: str, how: OnDrift = OnDrift.BLOCK) -> Change:
    item = decisions.managed(file.path, template, file.rule)
    decided = Decisions(adopt=how is not OnDrift.BLOCK, on_drift=how)
    return decisions.only_change(decisions.step(item, decisions.file(file.text), file.last, decided))


def _after(file: Life, template: str, how: OnDrift) -> str | None:
    change = _planned(file, template, how)
    return None if change.after is None else change.after.content.decode()


@pytest.mark.parametrize("path", _FILES)
@pytest.mark.parametrize(
    ("person", "template", "left", "named"),
    [
        (_repos({**_OURS, "mine": "1"}, _STAYS), _repos(_STAYS), _repos(_STAYS), "repos[u] .* mine"),
        (_repos({**_OURS, "rev": "2"}, _STAYS), _repos(_STAYS), _repos(_STAYS), "repos[u] .* rev"),
        (_repos({**_OURS, "deep": {"mine": ["1"]}}, _STAYS), _repos(_STAYS), _repos(_STAYS), "repos[u] .* deep"),
        (_repos({**_OURS, "hooks": [{**_OURS["hooks"][0], "args": ["q"]}, _OURS["hooks"][1]]}, _STAYS),
         _repos({**_OURS, "hooks": [_OURS["hooks"][1]]}, _STAYS),
         _repos({**_OURS, "hooks": [_OURS["hooks"][1]]}, _STAYS), "repos[u].hooks[a] .* args"),
        (_repos({**_OURS, "hooks": [{**_OURS["hooks"][0], "args": ["q"]}, _OURS["hooks"][1]]}, _STAYS),
         _repos(_STAYS), _repos(_STAYS), "repos[u] .* hooks[a].args"),
        (_repos({**_OURS, "hooks": [*_OURS["hooks"], {"id": "mine"}]}, _STAYS), _repos(_STAYS), _repos(_STAYS),
         "repos[u] .* hooks[mine]"),
        (_repos({**_OURS, "mine": "1"}, _STAYS), {"z": "1"}, {"z": "1"}, "repos[u] .* mine"),
        (_repos(_OURS, {**_STAYS, "mine": "1"}, {"repo": "his"}), {"z": "1"}, {**_repos({"repo": "his"}), "z": "1"},
         "repos[v] .* mine"),
    ],
)  # fmt: skip
def test_it_waits_for_a_decision_and_goes_or_stays_as_a_whole(
    path: str, person: dict[str, Any], template: dict[str, Any], left: dict[str, Any], named: str
) -> None:
    file, text = _life(path, person), _text(path, template)
    planned = _planned(file, text)
    assert (planned.action, planned.decided, planned.merges) == (Action.DRIFT, False, False)
    entry, _, key = named.partition(" .* ")
    assert f"others changed it; {entry} leaves the template, and others wrote {key} into it" in planned.cause.replace(
        '"', ""
    )
    assert _said(path, _after(file, text, OnDrift.OVERWRITE)) == _said(path, _text(path, {"name": "x", **left}))
    kept = _planned(file, text, OnDrift.KEEP)
    assert (kept.keep, kept.decided, kept.after == kept.before) == (True, True, True)
    merged = _planned(file, text, OnDrift.MERGE)
    assert (merged.action, merged.decided) == (Action.CONFLICT, False)
    assert "a deletion cannot be merged" in merged.cause


def _kind(path: str, match: tuple[tuple[str, tuple[str, ...]], ...] = ()) -> MergedFile:
    name = PurePosixPath(path)
    return MergedFile(name, format_of(name, None), match_for(name, dict(match)))


def _said(path: str, text: str | None) -> str:
    return meaning(_kind(path).read((text or "").encode()).root)


@pytest.mark.parametrize("path", _FILES)
def test_it_waits_too_where_rollout_wrote_beside_the_persons_key_since(path: str) -> None:
    file = _life(path, _repos({**_OURS, "mine": "1"}, _STAYS))
    file.lived(_text(path, {**_repos(_OURS, _STAYS), "z": "1"}))
    assert file.asked == []
    text = _text(path, {**_repos(_STAYS), "z": "1"})
    planned = _planned(file, text)
    assert (planned.action, planned.decided) == (Action.DRIFT, False)
    told = "it is as rollout wrote it last; repos[u] leaves the template, and others wrote mine into it"
    assert planned.cause.replace('"', "") == told
    assert _planned(file, text, OnDrift.MERGE).action is Action.CONFLICT


@pytest.mark.parametrize("path", _FILES)
@pytest.mark.parametrize("left", [{}, {"z": "1"}])
def test_it_waits_too_where_others_changed_all_that_rollout_wrote_into_it(path: str, left: dict[str, Any]) -> None:
    entry = {"repo": "u", "rev": "1", "deep": {"a": "1"}}
    file = _life(path, _repos({**entry, "rev": "2", "deep": {"a": "2"}}, _STAYS), _repos(entry, _STAYS))
    text = _text(path, {**_repos(_STAYS), **left})
    planned = _planned(file, text)
    assert (planned.action, planned.decided) == (Action.DRIFT, False)
    told = planned.cause.replace('"', "")
    assert "repos[u] leaves the template, and others wrote deep.a into it" in told.replace("wrote rev", "wrote deep.a")
    assert _planned(file, text, OnDrift.KEEP).keep
    assert _said(path, _after(file, text, OnDrift.OVERWRITE)) == _said(
        path, _text(path, {"name": "x", **_repos(_STAYS), **left})
    )


@pytest.mark.parametrize("path", _FILES)
def test_a_persons_own_entries_stay_where_only_entries_of_ours_leave_beside_them(path: str) -> None:
    ours = {"repo": "u", "hooks": [{"id": "a", "entry": "x"}]}
    file = _life(path, _repos({**ours, "hooks": [*ours["hooks"], {"id": "mine"}]}, _STAYS), _repos(ours, _STAYS))
    left = _repos({"repo": "u", "hooks": [{"id": "mine"}]}, _STAYS)
    file.lived(_text(path, _repos(_STAYS)), _text(path, {**_repos(_STAYS), "z": "1"}))
    assert file.asked == []
    assert _said(path, file.text) == _said(path, _text(path, {"name": "x", **left, "z": "1"}))


_HIS: dict[str, Any] = {"repo": "v", "foo": "x"}


@pytest.mark.parametrize("named", [_repos({"repo": "w"}), {"z": "1"}, {"repos": []}, _repos({"repo": "v"})])
@pytest.mark.parametrize("path", _FILES)
def test_an_entry_of_a_person_loses_our_key_without_a_question(path: str, named: dict[str, Any]) -> None:
    file, ours = Life(path, _text(path, _repos(_HIS)), FileRule(Mode.MERGE, match=_MATCH)), _text(path, _repos(_STAYS))
    file.rolled_out(ours)
    assert file.plan(ours) is None
    planned = file.rolled_out(_text(path, named))
    assert planned is not None
    assert (planned.action, planned.decided) == (Action.UPDATE, True), planned.cause
    new = [entry for entry in named.get("repos", []) if entry["repo"] != "v"]
    assert _said(path, file.text) == _said(path, _text(path, {**named, **_repos(_HIS, *new)}))


def test_a_hook_of_a_person_with_a_timeout_is_asked_for() -> None:
    settings = {"hooks": {"Pre": [{"matcher": "B", "hooks": [{"type": "command", "command": "c"}]}]}}
    file = Life(".claude/settings.json", '{"a": 1}', FileRule(Mode.MERGE))
    file.lived(json.dumps(settings))
    file.text = (file.text or "").replace('"command": "c"', '"command": "c", "timeout": 5')
    planned = _planned(file, "{}")
    assert (planned.action, planned.decided) == (Action.DRIFT, False)
    assert "hooks.Pre[B] leaves the template, and others wrote hooks[c].timeout into it" in planned.cause.replace(
        '"', ""
    )
    assert json.loads(_after(file, "{}", OnDrift.OVERWRITE) or "") == {"a": 1}


@pytest.mark.parametrize("path", _FILES)
@pytest.mark.parametrize("before", [{"name": "x"}, None])
def test_mode_absent_asks_for_it_too(path: str, before: dict[str, Any] | None) -> None:
    file = Life(path, None if before is None else _text(path, before), FileRule(Mode.MERGE, match=_MATCH))
    file.lived(_text(path, _repos(_OURS)), f">{_text(path, {**(before or {}), **_repos({**_OURS, 'mine': '1'})})}")
    file.rule = FileRule(Mode.ABSENT, match=_MATCH)
    planned = _planned(file, "")
    assert (planned.action, planned.decided) == (Action.DRIFT, False)
    assert "repos[u] leaves the template, and others wrote mine into it" in planned.cause.replace('"', "")
    left = _after(file, "", OnDrift.OVERWRITE)
    assert _said(path, left or ("{}" if path == "w.json" else "")) == _said(path, _text(path, before or {}))


def test_what_a_person_wrote_about_it_stays_when_it_goes() -> None:
    file = Life("w.yaml", "name: x\n", FileRule(Mode.MERGE, match=_MATCH))
    file.lived("repos:\n- repo: u\n  rev: 1\n- repo: v\n", ">name: x\nrepos:\n- repo: u\n  # his\n  mine: 1\n"
               "  rev: 1\n- repo: v\n")  # fmt: skip
    assert "# his" in (_after(file, "repos:\n- repo: v\n", OnDrift.OVERWRITE) or "")


_FLAT_AND_DEEP = (("l", ("id",)), ("m", ("id",)), ("m[].l", ("id",)))
_IDS = st.lists(st.sampled_from("abc"), unique=True, max_size=3)
_STEPS = st.tuples(
    _IDS,
    _IDS,
    st.sampled_from("xy"),
    st.dictionaries(st.sampled_from("abc"), st.sampled_from(["type", "command", "mine", "args"])),
    st.sampled_from([OnDrift.BLOCK, OnDrift.OVERWRITE, OnDrift.MERGE]),
)


@pytest.mark.parametrize("path", _FILES)
@at_most(150)
@given(steps=st.lists(_STEPS, min_size=2, max_size=5))
def test_after_any_life_every_entry_has_the_keys_that_rollout_gave_it(path: str, steps: list[Any]) -> None:
    file = Life(path, _text(path, {"name": "x"}), FileRule(Mode.MERGE, match=_FLAT_AND_DEEP))
    kind = _kind(path, _FLAT_AND_DEEP)
    for flat, deep, said, person, how in steps:
        before, asked = file.text or "", _decided(file, _text(path, _template(flat, deep, said)), how)
        if how is OnDrift.BLOCK or not asked:
            assert before.count("his") <= (file.text or "").count("his"), (before, file.text)
        for entry in _entries(kind, file.text):
            assert {"id", "type", "command"} <= entry, file.text
        file.text = _by_person(kind, file.text or "", person)


def _template(flat: list[str], deep: list[str], said: str) -> dict[str, Any]:
    """Return a template with entries in a list and in a list of an entry; each has an id and two keys."""
    one, other = ([{"id": name, "type": "t", "command": said} for name in names] for names in (flat, deep))
    inside = [{"id": "m", "type": "t", "command": said, "l": other}] if deep else []
    return {key: value for key, value in {"l": one, "m": inside}.items() if value} or {"z": "1"}


def _decided(file: Life, template: str, how: OnDrift) -> bool:
    """Write what a template asks for as far as that is decided; tell whether it had to be."""
    if (first := file.plan(template)) is None:
        return False
    change = _planned(file, template, how)
    if change.decided:
        assert change.after is not None
        file.text = change.after.content.decode()
        file.last = decisions.written(change, file.last)
    return not first.decided


def _entries(kind: MergedFile, text: str | None) -> list[set[str]]:
    root = kind.read((text or "").encode()).root
    entries = (part.value for one in nodes(root) if isinstance(one, Array) for part in one.parts)
    return [{part.key for part in entry.parts} for entry in entries if isinstance(entry, Object)]


def _by_person(kind: MergedFile, text: str, person: dict[str, str]) -> str:
    """Return the file with a person's key in each of these entries, where they are there."""
    many = len(_entries(kind, text))
    for name, key in person.items():
        mine = {"l": [{"id": name, key: "his"}]}
        for named in (mine, {"m": [{"id": "m", **mine}]}):
            changed = merged(text.encode(), _text(str(kind.path), named).encode(), Ours(), kind).decode()
            if len(_entries(kind, changed)) == many:
                text = changed
    return text


@pytest.mark.parametrize("kind", ["branch", "folder"])
def test_what_others_wrote_before_our_last_write_is_told_as_such(world: World, kind: str) -> None:
    (world.root / "templates/project/conf.txt.j2").unlink()
    world.tail = "files: {w.yml: {mode: merge, match: {repos: repo}}}\n"
    if kind == "folder":
        world.tail += "folders: {api: {path: shared, templates: [project]}}\n"
        world.write("shared", {"w.yml": "name: x\n"})
    else:
        world.bare_repo("api", {"w.yml": "name: x\n"})
    world.template("project/w.yml", "repos:\n- repo: u\n  rev: 1\n- repo: v\n")
    assert world.run("apply", "--yes").code == 0
    mine = {"w.yml": "name: x\nrepos:\n- repo: u\n  rev: 1\n  mine: 1\n- repo: v\n"}
    world.elsewhere("api", mine) if kind == "branch" else world.write("shared", mine)
    world.template("project/w.yml", "repos:\n- repo: u\n  rev: 2\n- repo: v\n")
    assert world.run("apply", "--yes").code == 0
    world.template("project/w.yml", "repos:\n- repo: v\n")
    (target,) = world.run("plan", "--json").json["targets"]
    assert "w.yml: it is as rollout wrote it last; repos[u] leaves the template, and others" in target["reason"]
    assert "see: rollout diff api w.yml; then" in target["reason"]
    assert ("before rollout wrote it" in target["reason"]) is (kind == "branch")
    assert "on the disk" not in target["reason"]
    assert "-  mine: 1" in world.run("diff", "api", "w.yml").out
    world.template("project/w.yml", "repos:\n- repo: w\n")
    assert world.run("apply", "--yes", "--on-drift", "overwrite").code == 0
    world.template("project/w.yml", "{}\n")
    assert world.run("apply", "--yes").code == 0
    left = world.root / "shared/w.yml"
    assert (left.read_text() if kind == "folder" else world.at("api", "w.yml")) == "name: x\n"


def test_a_kept_entry_stays_whole_in_a_repository_and_an_overwritten_one_goes(world: World) -> None:
    (world.root / "templates/project/conf.txt.j2").unlink()
    world.tail = "files: {w.yml: {mode: merge, match: {repos: repo}}}\n"
    world.repo("api", {"w.yml": "name: x\n"})
    world.template("project/w.yml", "repos:\n- repo: u\n  rev: 1\n- repo: v\n")
    assert world.run("apply", "--yes").code == 0
    mine = "name: x\nrepos:\n- repo: u\n  rev: 1\n  mine: 1\n- repo: v\n"
    world.elsewhere("api", {"w.yml": mine})
    world.template("project/w.yml", "repos:\n- repo: v\n")
    waiting = world.run("apply", "--yes")
    assert "; repos[u] leaves the template, and others wrote mine into it" in waiting.out
    assert "--on-drift overwrite|keep" in waiting.out
    assert "--on-drift merge" not in waiting.out
    assert world.run("apply", "--yes", "--on-drift", "keep").code == 0
    assert (world.at("api", "w.yml"), world.run("status", "--detailed-exitcode").code) == (mine, 0)
    world.template("project/w.yml", "repos:\n- repo: v\n  rev: 2\n")
    assert world.run("apply", "--yes", "--on-drift", "overwrite").code == 0
    assert world.at("api", "w.yml") == "name: x\nrepos:\n- repo: v\n  rev: 2\n"
