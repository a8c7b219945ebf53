"""A block whose text stands in a file already: it is in sync, and ours, and gets its markers with its first change."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from rollout.model.action import Action, OnDrift
from rollout.model.circumstances import Decisions
from rollout.model.files import Desired, File, Managed, Snapshot, Written
from rollout.model.inventory import FileRule, Mode
from rollout.model.plan import Change
from rollout.planning.changes import change_for
from rollout.planning.taken_over import equal_files
from tests.world import World

MD = PurePosixPath("CLAUDE.md")
RULE = "## Rules\n\nSay it plainly.\n"
FILE = f"# api\n\nown words\n\n{RULE}\nmore own words\n"


def managed(body: str, mode: Mode = Mode.BLOCK, name: str = "new") -> Managed:
    return Managed(MD, mode, body.encode(), False, FileRule(mode), name, f"{name}/CLAUDE.md")


def noted(body: str, content: str = FILE, name: str = "new") -> Written:
    """Return what the state folder knows of a file that was found to say what the template asks for."""
    item, there = managed(body, name=name), Snapshot("", {MD: File(content.encode())})
    return Written(equal_files(Desired((item,)), there, ())[MD].file, noted=True)


def change(
    content: str,
    body: str,
    written: Written | None = None,
    mode: Mode = Mode.BLOCK,
    name: str = "new",
    on_drift: OnDrift = OnDrift.BLOCK,
) -> Change | None:
    there = Snapshot("", {MD: File(content.encode())}, {} if written is None else {MD: written})
    return change_for(managed(body, mode, name), there, Decisions(on_drift=on_drift))


@pytest.mark.parametrize("body", [RULE, f"\n{RULE}\n\n", RULE.removesuffix("\n")])
@pytest.mark.parametrize("content", [FILE, RULE, FILE.replace("\n", "\r\n"), f"x\n{RULE}".removesuffix("\n")])
def test_a_text_that_stands_there_once_and_whole_needs_no_change(content: str, body: str) -> None:
    assert change(content, body) is None


@pytest.mark.parametrize(
    "content", [FILE + RULE, FILE.replace("plainly.", "plainly. Always."), FILE.replace("## Rules", "### Rules"), "x\n"]
)
def test_a_text_that_stands_there_twice_or_in_part_is_an_adoption(content: str) -> None:
    found = change(content, RULE)
    assert found is not None
    assert found.action is Action.ADOPT


def test_its_first_change_brings_the_markers_and_touches_nothing_else() -> None:
    found = change(FILE, "## Rules\n\nSay it twice.\n", noted(RULE))
    assert found is not None
    assert found.after is not None
    assert (found.action, found.cause, found.after.content.decode()) == (
        Action.UPDATE,
        "the template changed",
        "# api\n\nown words\n\n<!-- rollout:begin new -->\n## Rules\n\nSay it twice.\n<!-- rollout:end new -->\n"
        "\nmore own words\n",
    )


def test_what_others_write_around_it_is_theirs_and_what_they_write_in_it_is_drift() -> None:
    assert change(FILE + "even more\n", RULE, noted(RULE)) is None
    found = change(FILE.replace("plainly", "loudly"), RULE, noted(RULE))
    assert found is not None
    assert found.action is Action.DRIFT


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("name", ["new", "old"])
@pytest.mark.parametrize("around", ["{}", "# T\n\n{}\nend\n", "# T\n{}end\n", "# T\n\n{}"])
def test_what_others_changed_is_told_without_the_markers_that_were_never_there(
    around: str, name: str, ends: str
) -> None:
    before = around.format(RULE).replace("\n", ends)
    found = change(before.replace("plainly", "loudly"), RULE, noted(RULE, before, name))
    assert found is not None
    assert found.base is not None
    assert (found.action, found.base.content.decode()) == (Action.DRIFT, before)


def test_markers_that_a_person_put_around_it_are_no_change_of_others() -> None:
    marked = FILE.replace(RULE, f"<!-- rollout:begin new -->\n{RULE}<!-- rollout:end new -->\n")
    found = change(marked.replace("plainly", "loudly"), RULE, noted(RULE))
    assert found is not None
    assert found.base is not None
    assert (found.action, found.base.content.decode()) == (Action.DRIFT, marked)


LIST = "* one\n* two\n* three\n"
AROUND = f"# T\n\n{LIST}\nend\n"


@pytest.mark.parametrize("template", [LIST, LIST + "* four\n"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize(
    "edited",
    [
        "* one, says Bo\n* two\n* three\n", "* one\n* two, says Bo\n* three\n", "* one\n* two\n* three!\n",
        "* one\n* three\n", "* one\n* two\n", "* two\n* three\n", "* one!\n* two!\n* three!\n",
    ],
)  # fmt: skip
def test_a_text_that_others_changed_is_overwritten_where_it_stands(edited: str, ends: str, template: str) -> None:
    around = ("# T, too\n\n{}\nend\nmore\n").replace("\n", ends)
    content = around.format(edited.replace("\n", ends))
    found = change(content, template, noted(LIST, AROUND.replace("\n", ends)), on_drift=OnDrift.OVERWRITE)
    assert found is not None
    assert found.after is not None
    marked = f"<!-- rollout:begin new -->\n{template}<!-- rollout:end new -->\n"
    assert (found.action, found.after.content.decode()) == (
        Action.DRIFT, around.format(marked.replace("\n", ends))
    )  # fmt: skip


@pytest.mark.parametrize("beside", ["mine\n{}", "{}mine\n", "mine\n{}yours\n"])
def test_lines_that_others_wrote_beside_a_changed_text_stay(beside: str) -> None:
    content = AROUND.replace(LIST, beside.format(LIST.replace("two", "two or 3")))
    found = change(content, LIST, noted(LIST, AROUND), on_drift=OnDrift.OVERWRITE)
    assert found is not None
    assert found.after is not None
    marked = f"<!-- rollout:begin new -->\n{LIST}<!-- rollout:end new -->\n"
    assert found.after.content.decode() == AROUND.replace(LIST, beside.format(marked))


@pytest.mark.parametrize(
    "edited",
    [
        "mine\n* two\n* three\n", "* one!\nmine\n* two\n* three\n", "* one\n* two\nmine\n", "mine\n",
        "* one\n* two\n* three!\nmine\n", "* one\n* two\n* three!\nmine\n* three\n", "* one\n* two\nmine\n* three\n",
        "mine\nyours\nours\n", "* one\nmine\n* three\n* three\n", "* one!\n* three\n",
    ],
)  # fmt: skip
@pytest.mark.parametrize("on_drift", [OnDrift.OVERWRITE, OnDrift.MERGE, OnDrift.BLOCK, OnDrift.KEEP])
def test_where_it_is_not_clear_which_lines_are_ours_nothing_is_overwritten(edited: str, on_drift: OnDrift) -> None:
    content = AROUND.replace(LIST, edited)
    found = change(content, LIST, noted(LIST, AROUND), on_drift=on_drift)
    assert found is not None
    if on_drift is OnDrift.OVERWRITE:
        assert (found.action, found.after) == (Action.ERROR, None)
        assert "put the lines <!-- rollout:begin new --> and <!-- rollout:end new --> around it" in found.cause
    elif on_drift is OnDrift.MERGE:
        assert found.action is Action.CONFLICT
        assert "which lines are rollout's is not clear" in found.cause
    else:
        assert found.action is Action.DRIFT


def test_markers_around_a_changed_text_are_the_way_out() -> None:
    content = AROUND.replace(LIST, f"<!-- rollout:begin new -->\nmine\n{LIST}<!-- rollout:end new -->\n")
    found = change(content, LIST, noted(LIST, AROUND), on_drift=OnDrift.OVERWRITE)
    assert found is not None
    assert found.after is not None
    assert (found.action, found.after.content.decode()) == (Action.DRIFT, content.replace("mine\n", ""))


def test_a_changed_text_and_the_template_come_together_where_it_stands() -> None:
    long, said = f"{LIST}* four\n", f"{LIST}* 4\n".replace("one", "one, says Bo")
    content = AROUND.replace(LIST, long.replace("one", "one, says Bo"))
    found = change(content, long.replace("four", "4"), noted(long, AROUND.replace(LIST, long)), on_drift=OnDrift.MERGE)
    assert found is not None
    assert found.after is not None
    marked = f"<!-- rollout:begin new -->\n{said}<!-- rollout:end new -->\n"
    assert (found.decided, found.after.content.decode()) == (True, AROUND.replace(LIST, marked))


@pytest.mark.parametrize("content", [AROUND.replace(LIST, ""), AROUND.replace(f"{LIST}\n", ""), "# T\n"])
def test_a_text_that_others_took_out_is_told_so_and_appended_if_that_is_wanted(content: str) -> None:
    found = change(content, LIST, noted(LIST, AROUND), on_drift=OnDrift.MERGE)
    assert found is not None
    assert "they took rollout's part out" in found.cause
    found = change(content, LIST, noted(LIST, AROUND), on_drift=OnDrift.OVERWRITE)
    assert found is not None
    assert found.after is not None
    assert found.after.content.decode() == f"{content}\n<!-- rollout:begin new -->\n{LIST}<!-- rollout:end new -->\n"


def test_a_set_that_was_renamed_still_knows_its_text() -> None:
    found = change(FILE, "## Rules\n\nSay it twice.\n", noted(RULE, name="old"))
    assert found is not None
    assert found.action is Action.UPDATE
    assert found.after is not None
    assert found.after.content.count(b"Rules") == 1


@pytest.mark.parametrize("around", ["{}", "# T\n\n{}\nend\n", "# T\n{}end\n", "# T\n\n{}"])
@pytest.mark.parametrize("body", [RULE, RULE.replace("Say", "Tell")])
def test_what_a_person_changed_in_it_is_drift_where_its_set_was_renamed(body: str, around: str) -> None:
    there = around.format(RULE.replace("plainly", "loudly"))
    found = change(there, body, noted(RULE, around.format(RULE), "old"))
    assert found is not None
    assert (found.action, found.decided) == (Action.DRIFT, False)
    assert change(around.format(RULE) + "more\n", RULE, noted(RULE, around.format(RULE), "old")) is None


def test_a_file_that_must_be_absent_loses_the_text_and_keeps_the_rest() -> None:
    found = change(FILE, "", noted(RULE), Mode.ABSENT)
    assert found is not None
    assert found.after is not None
    assert found.after.content.decode() == "# api\n\nown words\n\n\nmore own words\n"


def test_a_repository_whose_file_says_it_already_is_in_sync_and_follows_the_template(world: World) -> None:
    world.tail = "files: {CLAUDE.md: {mode: block}}\n"
    (world.root / "templates/project/conf.txt.j2").unlink()
    world.template("project/CLAUDE.md", RULE)
    world.repo("api", {"CLAUDE.md": FILE})
    assert world.run("plan", "--json").states() == {"api": "in-sync"}
    world.template("project/CLAUDE.md", RULE.replace("plainly", "twice"))
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    marked = f"<!-- rollout:begin project -->\n{RULE.replace('plainly', 'twice')}<!-- rollout:end project -->\n"
    assert world.at("api", "CLAUDE.md") == FILE.replace(RULE, marked)
    assert world.run("plan", "--json").states() == {"api": "in-sync"}


def test_a_line_that_a_person_changes_is_shown_and_overwritten_where_it_stands(world: World) -> None:
    world.tail = "files: {CLAUDE.md: {mode: block}}\n"
    (world.root / "templates/project/conf.txt.j2").unlink()
    world.template("project/CLAUDE.md", "ours\n")
    world.repo("api", {"CLAUDE.md": "# T\n\nours\n\nend\n"})
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "unchanged"}
    world.elsewhere("api", {"CLAUDE.md": "# T\n\nours, says Bo\n\nend\n"})
    shown = world.run("diff", "--base").out
    assert [line for line in shown.splitlines() if line[:1] in "+-"] == [
        "--- api/a/CLAUDE.md", "+++ api/b/CLAUDE.md", "-ours", "+ours, says Bo"
    ]  # fmt: skip
    assert world.run("apply", "--yes", "--on-drift", "overwrite", "--json").outcomes() == {"api": "pushed"}
    marked = "<!-- rollout:begin project -->\nours\n<!-- rollout:end project -->\n"
    assert world.at("api", "CLAUDE.md") == f"# T\n\n{marked}\nend\n"
