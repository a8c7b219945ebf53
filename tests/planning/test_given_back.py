"""What a revert gives back is whose it was before the run: what a person wrote is not written over unasked."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.content.places import pushed, shared
from tests.first_rows import first_rows
from tests.world import World

KINDS = pytest.mark.parametrize("kind", ["branch", "folder"])


def _revert(world: World) -> None:
    ran = world.run("revert", world.last_run(), "--yes")
    assert ran.code == 0, ran.out


class Rules:
    """The inventory's rule and the template of one file, changed between runs."""

    def __init__(self, world: World, head: str, named: str) -> None:
        self.world, self.head, self.named = world, head, named

    def apply(self, rule: str, text: str, *options: str) -> int:
        self.world.tail = f"{self.head}files: {{{self.named}: {{{rule}}}}}\n"
        self.world.template(f"project/{self.named}", text)
        return self.world.run("apply", "--yes", *options).code


def _rules(world: World, kind: str, named: str, theirs: str | None) -> tuple[Path, Rules]:
    there, head = shared(world, kind, named, theirs)
    return there, Rules(world, head, named)


@KINDS
@first_rows(1, "first", ["whole", "absent"])
@pytest.mark.parametrize(
    ("then", "code", "left"),
    [
        ("mode: merge", 0, "x: 1\ny: 2\nk: 1\n"),
        ("mode: whole", 4, "x: 1\ny: 2\n"),
        ("mode: block, id: b", 4, "x: 1\ny: 2\n"),
    ],
)
def test_a_file_that_was_taken_over_by_mistake_is_its_persons_again(
    world: World, kind: str, first: str, then: str, code: int, left: str
) -> None:
    there, rules = _rules(world, kind, "c.yaml", "x: 1\ny: 2\n")
    assert rules.apply(f"mode: {first}", "k: 0\n", "--adopt") == 0
    _revert(world)
    assert there.read_text() == "x: 1\ny: 2\n"
    assert rules.apply(then, "k: 1\n") == code
    assert there.read_text() == left


@KINDS
@first_rows(
    1,
    ("rule", "first", "theirs", "then"),
    [
        ("mode: merge", "k: 1\nj: 1\n", "x: 1\nk: 9\nj: 1\n", "k: 1\nj: 2\n"),
        ("mode: whole", "k: 1\nj: 1\n", "k: 9\nj: 1\n", "k: 1\nj: 2\n"),
    ],
)
def test_what_a_person_changed_of_ours_is_drift_again(
    world: World, kind: str, rule: str, first: str, theirs: str, then: str
) -> None:
    there, rules = _rules(world, kind, "c.yaml", "x: 1\n" if "merge" in rule else None)
    assert rules.apply(rule, first) == 0
    pushed(world, kind, there, theirs)
    assert rules.apply(rule, first, "--on-drift", "overwrite") == 0
    _revert(world)
    assert rules.apply(rule, then) == 4
    assert there.read_text() == theirs


@KINDS
def test_reverts_one_after_the_other_and_of_each_other_leave_whose_each_line_is(world: World, kind: str) -> None:
    there, rules = _rules(world, kind, "c.yaml", "x: 1\n")
    for text in ("k: 1\nj: 1\n", "k: 2\n", "k: 3\n"):
        assert rules.apply("mode: merge", text) == 0
    third = world.last_run()
    _revert(world)
    _revert(world)  # of the revert
    assert there.read_text() == "x: 1\nk: 3\n"
    assert rules.apply("mode: merge", "l: 4\n") == 0
    assert there.read_text() == "x: 1\nl: 4\n"
    _revert(world)
    assert world.run("revert", third, "--yes").code == 0
    assert there.read_text() == "x: 1\nk: 2\n"
    assert rules.apply("mode: merge", "m: 1\n") == 0
    assert there.read_text() == "x: 1\nm: 1\n"


@KINDS
def test_a_key_that_a_revert_put_back_is_on_hold(world: World, kind: str) -> None:
    there, rules = _rules(world, kind, "c.yaml", "x: 1\n")
    assert rules.apply("mode: merge", "k: 1\nj: 1\n") == 0
    assert rules.apply("mode: merge", "k: 1\n") == 0
    ran = world.run("revert", world.last_run(), "--yes")
    assert "On hold" in ran.out
    assert world.run("apply", "--yes").code == 0
    assert there.read_text() == "x: 1\nk: 1\nj: 1\n"
    assert rules.apply("mode: merge", "k: 2\n") == 0
    assert there.read_text() == "x: 1\nk: 2\n"


@KINDS
def test_a_file_that_a_revert_gave_back_is_no_orphan(world: World, kind: str) -> None:
    there, rules = _rules(world, kind, "c.yaml", "x: 1\n")
    assert rules.apply("mode: whole", "k: 1\n", "--adopt") == 0
    _revert(world)
    (world.root / "templates/project/c.yaml").unlink()
    world.tail = rules.head
    assert "orphan" not in world.run("plan").out
    assert there.read_text() == "x: 1\n"


@KINDS
def test_an_accepted_merge_that_went_back_and_came_again_is_asked_about(world: World, kind: str) -> None:
    there, rules = _rules(world, kind, "c.txt", None)
    assert rules.apply("mode: whole", "1\n2\n3\n4\n5\n") == 0
    pushed(world, kind, there, "bo\n1\n2\n3\n4\n5\n")
    assert rules.apply("mode: whole", "1\n2\n3\n4\n6\n", "--on-drift", "merge") == 0
    _revert(world)
    assert there.read_text() == "bo\n1\n2\n3\n4\n5\n"
    _revert(world)
    assert there.read_text() == "bo\n1\n2\n3\n4\n6\n"
    assert rules.apply("mode: whole", "1\n2\n3\n4\n7\n") == 4
    assert there.read_text() == "bo\n1\n2\n3\n4\n6\n"


@KINDS
def test_a_file_that_is_taken_over_again_by_the_revert_of_a_revert_is_ours(world: World, kind: str) -> None:
    there, rules = _rules(world, kind, "c.yaml", "x: 1\n")
    assert rules.apply("mode: whole", "k: 1\n", "--adopt") == 0
    _revert(world)
    _revert(world)
    assert there.read_text() == "k: 1\n"
    assert world.run("status", "--json").json["targets"][0]["held"] is False
    assert rules.apply("mode: whole", "k: 2\n") == 0
    assert there.read_text() == "k: 2\n"


@KINDS
@first_rows(1, "since", [False, True])
def test_what_is_released_is_written_over_again_but_not_what_others_changed_since(
    world: World, kind: str, since: bool
) -> None:
    there, rules = _rules(world, kind, "c.yaml", "x: 1\n")
    assert rules.apply("mode: whole", "k: 1\n", "--adopt") == 0
    _revert(world)
    if since:
        pushed(world, kind, there, "x: 2\n")
    assert world.run("apply", "--yes", "--release").code == (4 if since else 0)
    now = world.at("api", "c.yaml") if kind == "branch" else there.read_text()
    assert now == ("x: 2\n" if since else "k: 1\n")


@KINDS
def test_a_change_of_a_person_is_overwritten_again_when_it_is_released(world: World, kind: str) -> None:
    there, rules = _rules(world, kind, "c.yaml", None)
    assert rules.apply("mode: whole", "k: 1\n") == 0
    pushed(world, kind, there, "k: 9\n")
    assert rules.apply("mode: whole", "k: 1\n", "--on-drift", "overwrite") == 0
    _revert(world)
    assert there.read_text() == "k: 9\n"
    assert world.run("apply", "--yes", "--release").code == 0
    assert there.read_text() == "k: 1\n"


@KINDS
@first_rows(1, "looked", [False, True])
def test_a_text_that_was_ours_without_a_write_is_ours_again(world: World, kind: str, looked: bool) -> None:
    there, rules = _rules(world, kind, "a.md", "# Rules\n\nOld text.\n\nMine.\n")
    assert rules.apply("mode: block", "Old text.\n") == 0
    assert rules.apply("mode: block", "New text.\n") == 0
    _revert(world)
    if looked:
        assert world.run("apply", "--yes").code == 0
    assert rules.apply("mode: block", "Newer text.\n") == 0
    assert "Old text" not in there.read_text()
    assert there.read_text().endswith("Mine.\n")


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o750])
def test_a_deleted_file_of_a_folder_comes_back_with_its_permissions(world: World, mode: int) -> None:
    there, rules = _rules(world, "folder", "secret", "s\n")
    there.chmod(mode)
    assert rules.apply("mode: absent", "x\n", "--adopt") == 0
    assert not there.exists()
    for _ in range(3):
        _revert(world)
    assert there.read_text() == "s\n"
    assert there.stat().st_mode & 0o7777 == mode


def test_permissions_that_a_person_gave_our_file_come_back_with_it(world: World) -> None:
    there, rules = _rules(world, "folder", "ours", None)
    assert rules.apply("mode: whole", "x\n") == 0
    there.chmod(0o600)
    _revert(world)
    assert not there.exists()
    _revert(world)
    assert there.stat().st_mode & 0o7777 == 0o600


def _deleted_and_reverted(world: World, there: Path, rules: Rules) -> str:
    assert rules.apply("mode: absent", "x\n", "--adopt") == 0
    assert not there.exists()
    ran = world.run("revert", world.last_run(), "--yes")
    assert (ran.code, there.read_text()) == (0, "s\n"), ran.out
    return ran.out


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o6750])
def test_a_deleted_file_of_a_folder_comes_back_to_its_owner_and_its_group(world: World, mode: int) -> None:
    there, rules = _rules(world, "folder", "secret", "s\n")
    os.chown(there, 1234, 4321)
    there.chmod(mode)
    assert "came back" not in _deleted_and_reverted(world, there, rules)
    for _ in range(2):
        about = there.stat()
        assert (about.st_uid, about.st_gid, about.st_mode & 0o7777) == (1234, 4321, mode)
        _revert(world)
        assert not there.exists()
        _revert(world)


@pytest.mark.skipif(shutil.which("setfacl") is None, reason="there is no setfacl")
def test_a_deleted_file_of_a_folder_comes_back_with_its_acl(world: World) -> None:
    there, rules = _rules(world, "folder", "secret", "s\n")
    there.chmod(0o644)
    if subprocess.run(["setfacl", "-m", "u:1000:rw", there], check=False).returncode:
        pytest.skip("the file system has no ACLs")
    before = subprocess.run(["getfacl", "-np", there], capture_output=True, check=True).stdout
    assert "came back" not in _deleted_and_reverted(world, there, rules)
    assert subprocess.run(["getfacl", "-np", there], capture_output=True, check=True).stdout == before


@pytest.mark.skipif(shutil.which("setfacl") is None, reason="there is no setfacl")
def test_a_file_that_comes_back_gets_no_acl_of_its_folder(world: World) -> None:
    there, rules = _rules(world, "folder", "secret", "s\n")
    there.chmod(0o660)
    if subprocess.run(["setfacl", "-d", "-m", "u:1000:rw", there.parent], check=False).returncode:
        pytest.skip("the file system has no ACLs")
    _deleted_and_reverted(world, there, rules)
    assert b"user:1000" not in subprocess.run(["getfacl", "-np", there], capture_output=True, check=True).stdout


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("setpriv") is None, reason="needs root and setpriv")
@first_rows(
    2,
    ("owner", "group", "mode", "then", "lacks"),
    [
        (1234, 4321, 0o660, 0o600, "owner (uid 1234) and its group (gid 4321)"),
        (0, 4321, 0o664, 0o644, "group (gid 4321)"),
        (0, 4321, 0o604, 0o600, "group (gid 4321)"),
        (1234, 0, 0o4750, 0o0750, "owner (uid 1234)"),
    ],
)
def test_what_cannot_be_given_back_is_said_and_nobody_gains_by_it(
    world: World, owner: int, group: int, mode: int, then: int, lacks: str
) -> None:
    there, rules = _rules(world, "folder", "secret", "s\n")
    os.chown(there, owner, group)
    there.chmod(mode)
    assert rules.apply("mode: absent", "x\n", "--adopt") == 0
    without = ("setpriv", "--bounding-set=-chown", sys.executable, "-m", "rollout")
    ran = subprocess.run(
        [*without, "revert", world.last_run(), "--yes"], cwd=world.root, capture_output=True, text=True
    )
    assert (ran.returncode, there.read_text()) == (0, "s\n"), ran.stderr
    assert f"secret came back without its {lacks}" in ran.stdout + ran.stderr
    assert there.stat().st_mode & 0o7777 == then


def _nested(world: World, *theirs: str) -> Path:
    """Return a shared folder with some folders of others, after a first write of files below further ones."""
    top = world.root / "shared"
    for name in ("", *theirs):
        (top / name).mkdir()
    world.tail = "folders: {f: {path: shared, templates: [project]}}\n"
    for name in ("a/b/n", "a/b/m", "c/n"):
        world.template(f"project/{name}", "x\n")
    assert world.run("apply", "--yes").code == 0
    return top


def _folders(top: Path) -> set[str]:
    return {str(found.relative_to(top)) for found in top.rglob("*") if found.is_dir()}


@first_rows(2, ("theirs", "left"), [((), set()), (("a",), {"a"}), (("a", "a/b"), {"a", "a/b"}), (("c",), {"c"})])
def test_folders_that_a_run_made_go_with_its_revert(world: World, theirs: tuple[str, ...], left: set[str]) -> None:
    top = _nested(world, *theirs)
    _revert(world)
    assert _folders(top) == left
    _revert(world)
    assert _folders(top) == {"a", "a/b", "c"}
    _revert(world)
    assert _folders(top) == left


def test_folders_that_a_run_made_go_with_the_last_file_that_is_absent(world: World) -> None:
    top = _nested(world)
    world.tail += "files: {a/b/n: {mode: absent}}\n"
    assert world.run("apply", "--yes").code == 0
    assert _folders(top) == {"a", "a/b", "c"}
    world.tail = world.tail.replace("absent}}", "absent}, a/b/m: {mode: absent}, c/n: {mode: absent}}")
    (top / "c/mine").write_text("mine\n")
    assert world.run("apply", "--yes").code == 0
    assert _folders(top) == {"c"}
    assert [found.name for found in (top / "c").iterdir()] == ["mine"]
