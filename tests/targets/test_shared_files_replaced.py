"""What somebody does to a shared file while it is replaced is at its place afterwards, or kept beside it and told."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import pytest

from rollout.machine import look, processes
from rollout.machine.look import OnDisk
from rollout.machine.processes import Inode
from rollout.machine.renames import RENAMES, Renames
from rollout.machine.replace import Changed
from rollout.model.action import Action
from rollout.model.files import File, Obstacle
from rollout.model.plan import Change
from rollout.targets.folder import memory
from rollout.targets.folder.memory import FolderMemory
from rollout.targets.folder.record import Announced, FileRecord
from rollout.targets.folder.shared import SharedFolder
from rollout.targets.folder.write import FolderWriter
from tests.first_rows import first_rows

OLD, NEW = File(b"old\n"), File(b"new\n")

NAME = PurePosixPath("sub/conf.txt")

Deed = Callable[[Path], object]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    place = tmp_path / "shared"
    (place / NAME.parent).mkdir(parents=True)
    (place / NAME).write_bytes(OLD.content)
    (place / NAME).chmod(0o644)
    return place


def remembered(root: Path) -> FolderMemory:
    return memory.memory(root.parent / "state", root)


def write(root: Path, after: File | None = NEW, renames: Renames = RENAMES) -> tuple[str, list[str]]:
    """Replace or remove the file; return what went wrong and what was told."""
    writer = FolderWriter(SharedFolder(root, remembered(root), renames), "run")
    change = Change(NAME, Action.UPDATE, "template", OLD, after)
    try:
        writer.write([change])
    except Changed as error:
        return str(error), writer.notes
    return "", writer.notes


def clear(root: Path) -> list[str]:
    writer = FolderWriter(SharedFolder(root, remembered(root)), "")
    writer.clear()
    return writer.notes


class Killed(BaseException):
    """The run ends here."""


def die(_file: Path) -> None:
    raise Killed


class Meanwhile(Renames, frozen=True, kw_only=True):
    """Renames in the very moment before or after the first of which somebody acts."""

    file: Path
    deeds: list[tuple[Deed | None, Deed | None]]

    def exchange(self, from_folder: int, source: str, to_folder: int, destination: str) -> None:
        self._amid(lambda: Renames.exchange(self, from_folder, source, to_folder, destination))

    def take(self, from_folder: int, source: str, to_folder: int, scratch: str) -> None:
        self._amid(lambda: Renames.take(self, from_folder, source, to_folder, scratch))

    def put_new(self, from_folder: int, source: str, to_folder: int, destination: str) -> None:
        self._amid(lambda: Renames.put_new(self, from_folder, source, to_folder, destination))

    def _amid(self, rename: Callable[[], None]) -> None:
        before, after = self.deeds.pop() if self.deeds else (None, None)
        if before:
            before(self.file)
        rename()
        if after:
            after(self.file)


def amid(file: Path, before: Deed | None = None, after: Deed | None = None, base: Renames = RENAMES) -> Renames:
    return Meanwhile(base.system_call, file=file, deeds=[(before, after)])


def edit(file: Path) -> None:
    file.write_bytes(b"theirs\n")


def save_by_rename(file: Path) -> None:
    (file.parent / "swap").write_bytes(b"theirs\n")
    (file.parent / "swap").replace(file)


def chmod(file: Path) -> None:
    file.chmod(0o600)


def make_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()
    (file / "mine").write_bytes(b"theirs\n")


def make_link(file: Path) -> None:
    file.unlink()
    file.symlink_to("theirs")


def make_pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def hide(file: Path) -> None:
    edit(file)
    file.chmod(0)


DEEDS = (edit, save_by_rename, chmod, make_folder, make_link, make_pipe, hide)


def seen(place: Path) -> tuple[str, int, object]:
    """Return what is at a place: its kind, its mode and what is in it."""
    about = place.lstat()
    if place.is_symlink():
        return "symlink", 0, os.readlink(place)
    if place.is_dir():
        return "folder", about.st_mode, {path.name: path.read_bytes() for path in place.iterdir()}
    return "file", about.st_mode, place.read_bytes() if place.is_file() else None


def as_left_by(deed: Deed, tmp_path: Path) -> tuple[str, int, object]:
    file = tmp_path / "example" / "conf.txt"
    file.parent.mkdir()
    file.write_bytes(OLD.content)
    file.chmod(0o644)
    deed(file)
    return seen(file)


@pytest.mark.parametrize("deed", DEEDS)
@first_rows(1, "after", [NEW, None], ids=["replaced", "removed"])
def test_what_somebody_puts_there_between_the_last_look_and_the_exchange_stays(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deed: Deed, after: File | None
) -> None:
    told = write(root, after, renames=amid(root / NAME, before=deed))
    assert told == (f"{NAME} was changed meanwhile", [])
    assert seen(root / NAME) == as_left_by(deed, tmp_path)
    assert [path.name for path in (root / NAME).parent.iterdir()] == ["conf.txt"]


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("again", DEEDS)
def test_where_two_act_one_after_the_other_both_have_what_they_left(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deed: Deed, again: Deed
) -> None:
    fault, notes = write(root, renames=amid(root / NAME, before=deed, after=again))
    assert fault == f"{NAME} was changed meanwhile"
    first = as_left_by(deed, tmp_path)
    (kept,) = (path for path in (root / NAME).parent.iterdir() if path.name != "conf.txt")
    assert seen(kept) == first
    (note,) = notes
    assert note.endswith(f"kept in {kept}")
    if again is not chmod:
        (tmp_path / "example").rename(tmp_path / "first")
        assert seen(root / NAME) == as_left_by(again, tmp_path)
    assert clear(root) == []
    assert seen(kept) == first


@pytest.mark.parametrize("deed", DEEDS)
def test_a_run_that_is_killed_with_somebody_elses_thing_in_its_hands_gives_it_back(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deed: Deed
) -> None:
    with pytest.raises(Killed):
        write(root, renames=amid(root / NAME, before=deed, after=die))
    assert clear(root) == [f"{NAME}: an edit that a killed run had displaced is back"]
    assert seen(root / NAME) == as_left_by(deed, tmp_path)
    assert [path.name for path in (root / NAME).parent.iterdir()] == ["conf.txt"]


@pytest.mark.parametrize("deed", DEEDS)
def test_what_cannot_go_back_after_a_kill_is_kept_and_told_whatever_it_is(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deed: Deed
) -> None:
    with pytest.raises(Killed):
        write(root, renames=amid(root / NAME, before=deed, after=die))
    (root / NAME).write_bytes(b"gone on\n")
    (note,) = clear(root)
    kept = Path(note.rpartition(" is kept in ")[2])
    assert (kept.parent, seen(kept)) == ((root / NAME).parent, as_left_by(deed, tmp_path))
    assert (root / NAME).read_bytes() == b"gone on\n"
    assert clear(root) == []


@contextmanager
def writer_of(file: Path) -> Iterator[subprocess.Popen[str]]:
    """Have somebody open a file, who writes a line when told to."""
    script = "exec 3>>conf.txt; echo open; read line; echo late >&3"
    process = subprocess.Popen(
        ["sh", "-c", script], cwd=file.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    yield process
    process.communicate("go\n")


@pytest.mark.parametrize("after", [NEW, None], ids=["replaced", "removed"])
def test_what_is_still_written_into_a_replaced_file_is_kept_and_told(root: Path, after: File | None) -> None:
    with writer_of(root / NAME):
        fault, (note,) = write(root, after)
    kept = Path(note.rpartition(" goes to ")[2])
    assert (fault, kept.read_bytes()) == ("", b"old\nlate\n")
    assert "had it open" in note
    assert (root / NAME).exists() == (after is not None)
    assert write_nothing(root) == []
    assert kept.read_bytes() == b"old\nlate\n"


def write_nothing(root: Path, after: float = memory.ABANDONED) -> list[str]:
    writer = FolderWriter(SharedFolder(root, remembered(root)), "later")
    writer.write([])
    writer.sweep([NAME], after)
    return writer.notes


def test_what_was_written_into_the_old_file_just_after_the_exchange_is_kept(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (root / NAME).open("ab") as file:

        def late(_file: Path) -> None:
            file.write(b"late\n")
            file.close()

        fault, _ = write(root, renames=amid(root / NAME, after=late))
    assert fault == f"{NAME} was changed meanwhile"
    assert (root / NAME).read_bytes() == b"old\nlate\n"


def test_a_file_that_a_killed_run_replaced_while_it_was_open_is_kept(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with writer_of(root / NAME):
        with pytest.raises(Killed):
            write(root, renames=amid(root / NAME, after=die))
        (note,) = clear(root)
    assert Path(note.rpartition(" goes to ")[2]).read_bytes() == b"old\nlate\n"
    assert (root / NAME).read_bytes() == b"new\n"


def test_an_open_file_is_known_for_one_even_of_those_we_cannot_see(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "writers", lambda _: {})
    with writer_of(root / NAME):
        _, (note,) = write(root)
    assert "while somebody had it open" in note


@pytest.mark.parametrize("question", ["who has it open", "what it says"])
def test_what_is_written_into_what_a_killed_run_displaced_while_we_ask_about_it_is_kept(
    root: Path, monkeypatch: pytest.MonkeyPatch, question: str
) -> None:
    """Their edit goes back to its place; ours, which comes out for it, somebody opened in the meantime.

    They write and let go while we ask one question, before we ask the next.
    """
    with pytest.raises(Killed):
        write(root, renames=amid(root / NAME, before=edit, after=die))
    file, real = (root / NAME).open("ab"), look.look_at

    def let_go(_wanted: object = None) -> dict[Inode, str]:
        file.write(b"late\n")
        file.close()
        return {}

    def looked(folder: int, name: str) -> OnDisk | Obstacle | None:
        found = real(folder, name)
        came_out = name != NAME.name and isinstance(found, OnDisk) and found.content == NEW.content
        if came_out and not file.closed:
            let_go()
        return found

    if question == "what it says":
        monkeypatch.setattr(look, "look_at", looked)
    else:
        monkeypatch.setattr(processes, "writers", let_go)
    (note,) = clear(root)
    assert note.startswith(f"{NAME}: an edit that a killed run had displaced is kept in ")
    assert (root / NAME).read_bytes() == b"new\nlate\n"


NO_EXCHANGE = Renames(lambda: None)


def test_where_nothing_can_be_exchanged_a_shared_file_is_left_as_it_is(root: Path) -> None:
    with pytest.raises(OSError, match="not supported"):
        write(root, renames=NO_EXCHANGE)
    assert (root / NAME).read_bytes() == OLD.content
    assert clear(root) == []
    assert [path.name for path in (root / NAME).parent.iterdir()] == ["conf.txt"]


def test_a_file_is_taken_out_in_one_step_also_where_nothing_can_be_exchanged(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever saves it in the middle of two steps would lose what they saved to the second."""
    real, saved = os.link, []

    def link(*names: str, **folders: int | bool) -> None:
        real(*names, **folders)  # type: ignore[arg-type]  # as it was called
        save_by_rename(root / NAME)
        saved.append(b"theirs\n")

    monkeypatch.setattr(os, "link", link)
    write(root, None, NO_EXCHANGE)
    assert [file.read_bytes() for file in (root / NAME).parent.iterdir()] == saved


@pytest.mark.parametrize("deed", DEEDS)
def test_where_nothing_can_be_exchanged_a_removed_file_comes_back_whatever_it_has_become(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deed: Deed
) -> None:
    told = write(root, None, renames=amid(root / NAME, before=deed, base=NO_EXCHANGE))
    assert told == (f"{NAME} was changed meanwhile", [])
    assert seen(root / NAME) == as_left_by(deed, tmp_path)


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("again", DEEDS)
def test_where_nothing_can_be_exchanged_nothing_is_put_over_what_somebody_made_meanwhile(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deed: Deed, again: Deed
) -> None:
    def make_again(file: Path) -> None:
        file.write_bytes(b"")
        again(file)

    _, (note,) = write(root, None, renames=amid(root / NAME, before=deed, after=make_again, base=NO_EXCHANGE))
    assert seen(Path(note.rpartition(" is kept in ")[2])) == as_left_by(deed, tmp_path)
    if again is not chmod:
        (tmp_path / "example").rename(tmp_path / "first")
        assert seen(root / NAME) == as_left_by(again, tmp_path)


@pytest.mark.parametrize("link", [False, True], ids=["another folder", "a link"])
def test_a_folder_that_is_replaced_meanwhile_is_told_with_where_it_is_now(
    root: Path, monkeypatch: pytest.MonkeyPatch, *, link: bool
) -> None:
    moved = root / "moved"

    def swap(file: Path) -> None:
        file.parent.rename(moved)
        if link:
            (root.parent / "elsewhere").mkdir()
            file.parent.symlink_to(root.parent / "elsewhere")
        else:
            make_folder_again(file)

    told = write(root, renames=amid(root / NAME, before=swap))
    assert told == (f"the folder of {NAME} was replaced meanwhile, and what was written is in {moved}", [])
    assert clear(root) == ([out_of_reach(root)] if link else [])
    assert clear(root) == []
    assert not list((root / NAME.parent).iterdir())


def make_folder_again(file: Path) -> None:
    file.parent.mkdir()


def out_of_reach(root: Path) -> str:
    return f"{NAME}: its folder is a link or no longer a folder; what a killed run may have left there is out of reach"


def test_a_name_as_long_as_there_can_be_is_written_and_an_old_record_of_one_heals(root: Path) -> None:
    path = PurePosixPath("x" * 255)
    kept = remembered(root)
    old = Announced(print="100644:0", before="-", run="old", scratch=f".{path}.rollout-01234567")
    kept.write({str(path): FileRecord(announced=old)})
    writer = FolderWriter(SharedFolder(root, kept), "run")
    writer.write([Change(path, Action.CREATE, "template", None, OLD)])
    writer.write([Change(path, Action.UPDATE, "template", OLD, NEW)])
    assert (writer.notes, (root / path).read_bytes()) == ([], NEW.content)
    assert [path.name for path in root.iterdir() if path.is_file()] == [str(path)]
    assert not memory.any_announced(kept)


def test_an_old_record_of_a_name_too_long_does_not_outlive_its_template(root: Path) -> None:
    kept = remembered(root)
    name = "x" * 250
    old = Announced(print="100644:0", before="-", run="old", scratch=f".{name}.rollout-01234567")
    kept.write({name: FileRecord(announced=old)})
    assert (clear(root), memory.any_announced(kept)) == ([], False)


@pytest.mark.parametrize("name", [".rollout-06430eec-01234567", f".{NAME.name}.rollout-01234567"])
def test_what_lies_beside_a_file_without_a_record_is_kept_whatever_it_is(root: Path, name: str) -> None:
    left = (root / NAME).with_name(name)
    left.mkdir()
    (left / "mine").write_bytes(b"theirs\n")
    (note,) = write_nothing(root, -1.0)
    assert (Path(note.rpartition(" is kept in ")[2]) / "mine").read_bytes() == b"theirs\n"
    assert write_nothing(root) == []
