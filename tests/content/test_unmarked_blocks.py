"""A block whose text stands in a file already: it is in sync, and ours, and gets its markers with its first change."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from rollout.model.action import Action
from rollout.model.circumstances import Decisions
from rollout.model.files import Desired, File, Managed, Snapshot, Written
from rollout.model.inventory import FileRule, Mode
from rollout.model.plan import Change
from rollout.planning.changes import change_for, equal_files
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
    content: str, body: str, written: Written | None = None, mode: Mode = Mode.BLOCK, name: str = "new"
) -> Change | None:
    there = Snapshot("", {MD: File(content.encode())}, {} if written is None else {MD: written})
    return change_for(managed(body, mode, name), there, Decisions())


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


def test_a_set_that_was_renamed_still_knows_its_text() -> None:
    found = change(FILE, "## Rules\n\nSay it twice.\n", noted(RULE, name="old"))
    assert found is not None
    assert found.action is Action.UPDATE
    assert found.after is not None
    assert found.after.content.count(b"Rules") == 1


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
