"""Whatever happens to rollout's own files: a run converges, or says in one clear sentence which file and what to do."""

from __future__ import annotations

import faulthandler
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.world import World

_WAYS_OUT = ("move it away", "--adopt", "free the disk or the file", "Permission denied")


def removed(place: Path) -> None:
    if place.is_dir():
        shutil.rmtree(place)
    else:
        place.unlink()


def emptied(place: Path) -> None:
    if place.is_dir():
        shutil.rmtree(place)
        place.mkdir()
    else:
        _written(place, b"")


def cut_in_half(place: Path) -> None:
    if place.is_dir():
        for entry in sorted(place.iterdir())[::2]:
            removed(entry)
    else:
        _written(place, place.read_bytes()[: place.stat().st_size // 2])


def garbage(place: Path) -> None:
    size = max(64, place.stat().st_size)
    removed(place)
    place.write_bytes(bytes(range(7, 250)) * (size // 243 + 1))


def a_folder(place: Path) -> None:
    removed(place)
    (place / "inside").mkdir(parents=True)


def a_link_to_nothing(place: Path) -> None:
    removed(place)
    place.symlink_to("nothing-here")


def a_pipe(place: Path) -> None:
    removed(place)
    os.mkfifo(place)


def unreadable(place: Path) -> None:
    place.chmod(0)


def _written(place: Path, content: bytes) -> None:
    place.chmod(0o600)
    place.write_bytes(content)


DAMAGES: tuple[Callable[[Path], None], ...] = (
    removed, emptied, cut_in_half, garbage, a_folder, a_link_to_nothing, a_pipe, unreadable,
)  # fmt: skip


class Story:
    """A state folder after a real story, and the world it belongs to, for as many copies as needed."""

    def __init__(self, world: World) -> None:
        self.world, self.state = world, Path(os.environ["ROLLOUT_STATE_DIR"])
        self.kept = world.root.with_name(f"{world.root.name}.kept")
        world.template("shared/shared.txt", "shared\n")
        (world.root / "share").mkdir()
        world.write("share", {"mine.txt": "mine\n"})
        world.repo("api")
        world.bare_repo("web")
        world.bare_repo("waits")
        padding = "".join(f"# {number:>60}\n" for number in range(300))
        world.tail = f"folders:\n  share: {{path: {world.root}/share, templates: [shared]}}\n{padding}"
        world.run("plan", "--out", "one.plan", "--limit", "web")
        assert world.run("apply", "one.plan", "--yes", "--limit", "web").code == 0
        assert world.run("apply", "-y").code == 0
        world.template("shared/shared.txt", "shared again\n")
        world.template("project/conf.txt.j2", "hello again {{ who }}\n")
        assert world.run("apply", "-y", "--limit", "api,web,share").code == 0
        assert world.run("apply", "-y", "--no-push", "--limit", "waits").code == 0
        world.template("project/more.txt.j2", "more {{ who }}\n")
        world.write("api", {"mine.txt": "mine\n", "README.md": "mine\n"})
        for place, kept in ((world.root, "world"), (self.state, "state")):
            shutil.copytree(place, self.kept / kept, symlinks=True)

    def places(self) -> list[Path]:
        """Return every file and folder of the state, relative to it, in an order that stays."""
        return sorted(place.relative_to(self.kept / "state") for place in (self.kept / "state").rglob("*"))

    def again(self) -> None:
        subprocess.run(["chmod", "-R", "u+rwX", self.state], check=False, capture_output=True)
        for place, kept in ((self.world.root, "world"), (self.state, "state")):
            if place.is_symlink() or place.is_file():
                place.unlink()
            shutil.rmtree(place, ignore_errors=True)
            shutil.copytree(self.kept / kept, place, symlinks=True)

    def check(self, name: Path, damage: Callable[[Path], None]) -> None:
        self.again()
        damage(self.state / name)
        said = ""
        for command in (("plan",), ("status",), ("apply", "-y")):
            ran = self.world.run(*command)
            said = ran.out + ran.err
            assert "Traceback" not in said, said
            assert "fault of rollout's own" not in said, said
        self._nothing_of_the_person_changed()
        if ran.code:
            assert any(way in said for way in _WAYS_OUT), said
            assert self._named(name, said) or "--adopt" in said, said
            return
        for repo in ("api", "web", "waits"):
            assert self.world.at(repo, "conf.txt") == "hello again world\n", said
            assert self.world.at(repo, "more.txt") == "more world\n", said
            assert len(self.world.log(repo)) <= 4
        assert (self.world.root / "share/shared.txt").read_text() == "shared again\n"
        assert (self.world.root / "api/more.txt").read_text() == "more world\n"

    def _named(self, name: Path, said: str) -> bool:
        return any(str(self.state / place) in said for place in (name, *name.parents[:-1]))

    def _nothing_of_the_person_changed(self) -> None:
        for file, content in {"share/mine.txt": "mine\n", "api/mine.txt": "mine\n", "api/README.md": "mine\n"}.items():
            assert (self.world.root / file).read_text() == content


@pytest.fixture
def story(world: World) -> Iterator[Story]:
    made = Story(world)
    faulthandler.dump_traceback_later(900, exit=True)  # a thread that waits for a pipe cannot be ended otherwise
    yield made
    faulthandler.cancel_dump_traceback_later()


def test_a_damaged_state_folder_is_healed_or_told(story: Story) -> None:
    """Damage a few things; the long test below damages each in each way."""
    names, ways = story.places(), (emptied, garbage, a_folder, a_pipe)
    for number, damage in enumerate(ways):
        story.check(names[number * len(names) // len(ways)], damage)


@pytest.mark.long
@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_each_thing_in_the_state_folder_damaged_in_each_way_is_healed_or_told(
    story: Story, damage: Callable[[Path], None]
) -> None:
    failed = []
    for name in story.places():
        try:
            story.check(name, damage)
        except AssertionError as error:
            failed.append(f"{name}: {str(error)[:1500]}")
    assert not failed, "\n\n".join(failed)
