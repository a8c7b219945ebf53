"""A run under later ones: `revert` names the run that goes back first, of which the text is there now."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.world import Ran, World

_BACK_ALREADY = "what the run wrote is taken back already"


class Rows:
    """A file in a repository and in a folder, written by one run after the other."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.folder = world.root / "shared"
        self.folder.mkdir()
        world.repo("api")
        self.place("shared")

    def place(self, folder: str) -> None:
        self.world.tail = f"folders: {{notes: {{path: {folder}, templates: [project]}}}}\n"

    def applied(self, text: str, *options: str) -> str:
        """Return the run that wrote a text."""
        self.world.template("project/conf.txt.j2", text)
        assert self.world.run("apply", "--yes", *options).code == 0
        return self.world.last_run()

    def reverted(self, run: str) -> str:
        """Return the run that took a run back, all of it."""
        ran = self.revert(run)
        assert (ran.code, ran.outcomes()) == (0, {"api": "pushed", "notes": "written"}), ran.reasons()
        return self.world.last_run()

    def revert(self, run: str) -> Ran:
        return self.world.run("revert", run, "--yes", "--json")

    def first(self, run: str) -> set[str]:
        """Return the reasons why a run does not go back now."""
        return set(self.blocked(run).values())

    def blocked(self, run: str) -> dict[str, str]:
        before, ran = self.there(), self.revert(run)
        assert (ran.code, ran.outcomes()) == (3, {"api": "blocked", "notes": "blocked"}), ran.reasons()
        assert self.there() == before
        return ran.reasons()

    def there(self) -> tuple[str | None, str | None]:
        file = self.folder / "conf.txt"
        return self.world.at("api", "conf.txt"), file.read_text() if file.exists() else None


@pytest.fixture
def rows(world: World) -> Rows:
    return Rows(world)


def _told(run: str) -> set[str]:
    return {f"run {run} wrote conf.txt since; take that back first: rollout revert {run}"}


def test_the_run_to_take_back_first_is_the_one_whose_text_a_revert_brought_back(rows: Rows) -> None:
    one, two, three = (rows.applied(f"{number}\n") for number in (1, 2, 3))
    rows.reverted(three)
    assert rows.first(one) == _told(two)
    rows.reverted(two)
    assert rows.there() == ("1\n", "1\n")
    rows.reverted(one)
    assert rows.there() == (None, None)


@pytest.mark.long  # the tests beside it have two and three runs
def test_of_four_runs_those_that_were_taken_back_are_never_named(rows: Rows) -> None:
    one, two, three, four = (rows.applied(f"{number}\n") for number in (1, 2, 3, 4))
    back_four, back_three = rows.reverted(four), rows.reverted(three)
    assert rows.first(one) == _told(two)
    rows.reverted(back_three)
    assert rows.there() == ("3\n", "3\n")
    assert rows.first(one) == rows.first(two) == _told(three)
    rows.reverted(back_four)
    assert rows.there() == ("4\n", "4\n")
    assert rows.first(one) == rows.first(three) == _told(four)
    for run in (four, three, two, one):
        rows.reverted(run)
    assert rows.there() == (None, None)


def test_a_run_that_was_taken_back_is_not_taken_back_again(rows: Rows) -> None:
    _, two, three, four = (rows.applied(f"{number}\n") for number in (1, 2, 3, 4))
    rows.reverted(four)
    again = rows.revert(four)
    assert (again.code, set(again.reasons().values())) == (0, {"it is as before the run already"})
    rows.reverted(three)
    again = rows.revert(four)
    assert (again.code, again.outcomes()) == (0, {"api": "unchanged", "notes": "unchanged"})
    assert set(again.reasons().values()) == {_BACK_ALREADY}
    rows.reverted(two)
    assert set(rows.revert(three).reasons().values()) == {_BACK_ALREADY}
    rows.applied("5\n")
    assert set(rows.revert(three).reasons().values()) == {_BACK_ALREADY}
    assert rows.there() == ("5\n", "5\n")


def test_what_stands_above_a_revert_that_goes_back_is_the_revert_of_an_older_run(rows: Rows) -> None:
    _, two, three = (rows.applied(f"{number}\n") for number in (1, 2, 3))
    back_three = rows.reverted(three)
    back_two = rows.reverted(two)
    assert rows.first(back_three) == _told(back_two)
    rows.reverted(back_two)
    rows.reverted(back_three)
    assert rows.there() == ("3\n", "3\n")


def test_a_persons_text_that_a_revert_brought_back_is_what_others_changed(rows: Rows) -> None:
    one = rows.applied("1\n")
    theirs = rows.world.elsewhere("api", {"conf.txt": "1\nbo\n"})
    (rows.folder / "conf.txt").write_text("1\nbo\n")
    rows.applied("1\nbo\n")  # as after `take`
    rows.reverted(rows.applied("3\n"))
    told = rows.blocked(one)
    assert told["api"].startswith("conf.txt: changed by ")
    assert f" in {theirs[:7]} (" in told["api"]
    assert told["notes"].startswith("conf.txt: changed; what others changed since the run is left alone")


def test_a_run_that_pushed_what_another_committed_is_not_taken_back_again(world: World) -> None:
    world.repo("api")
    assert world.run("apply", "--yes").code == 0
    first = world.last_run()
    world.template("project/conf.txt.j2", "2\n")
    assert world.run("apply", "--yes", "--no-push").code == 0
    assert world.run("push", "--yes").code == 0
    pushed = world.last_run()
    for run in (pushed, first):
        assert world.run("revert", run, "--yes").code == 0
    again = world.run("revert", pushed, "--yes", "--json")
    assert (again.code, again.reasons()) == (0, {"api": _BACK_ALREADY})


def test_in_a_folder_that_moved_the_later_run_is_known(rows: Rows) -> None:
    one, two, three = (rows.applied(f"{number}\n") for number in (1, 2, 3))
    rows.folder = Path(rows.folder.rename(rows.world.root / "moved"))
    rows.place("moved")
    assert rows.world.run("plan", "--json").states() == {"api": "in-sync", "notes": "in-sync"}
    assert rows.first(one) == _told(three)
    rows.reverted(three)
    assert rows.first(one) == _told(two)
    four = rows.applied("4\n", "--adopt")
    assert rows.first(two) == _told(four)
    for run in (four, two, one):
        rows.reverted(run)
    assert rows.there() == (None, None)


def test_what_others_changed_in_a_folder_that_moved_is_theirs(rows: Rows) -> None:
    one = rows.applied("1\n")
    rows.applied("2\n")
    rows.folder = Path(rows.folder.rename(rows.world.root / "moved"))
    rows.place("moved")
    (rows.folder / "conf.txt").write_text("bo\n")
    assert rows.blocked(one)["notes"].startswith("conf.txt: changed on the disk (")


def test_the_second_of_two_reverts_is_on_hold_too(world: World) -> None:
    world.template("project/m.yml", "ours: 1\n")
    world.tail = "files: {m.yml: {mode: merge}}\nfolders: {notes: {path: shared, templates: [project]}}\n"
    (world.root / "shared").mkdir()
    (world.root / "shared/m.yml").write_text("theirs: 1\n")
    world.repo("api", {"m.yml": "theirs: 1\n"})
    runs = []
    for text in ("ours: 1\n", "ours: 2\n", "{}\n"):
        world.template("project/m.yml", text)
        assert world.run("apply", "--yes").code == 0
        runs.append(world.last_run())
    for run in runs[:0:-1]:
        assert world.run("revert", run, "--yes").code == 0
        told = world.run("plan", "--json").json["targets"]
        assert {one["name"]: (one["state"], one["held"]) for one in told} == {
            "api": ("in-sync", True), "notes": ("in-sync", True)
        }, world.run("plan").out  # fmt: skip
