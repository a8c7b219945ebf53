"""A file that a person names is a plain one: nothing hangs at a pipe, and no device is read."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from rollout.machine.files import read_named
from tests.first_rows import first_rows
from tests.world import World


def _pipe(place: Path) -> None:
    os.mkfifo(place)


def _socket(place: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(place))


def _device(place: Path) -> None:
    place.symlink_to("/dev/zero")


ODD = [(_pipe, "is a pipe"), (_socket, "is a socket"), (_device, "is a device")]


@first_rows(6, ("made", "told"), ODD)
@pytest.mark.parametrize("command", [("validate",), ("plan",), ("take", "api", "x"), ("apply", "./p.plan", "--yes")])
def test_what_is_no_plain_file_is_refused_with_one_sentence(
    world: World, made: object, told: str, command: tuple[str, ...]
) -> None:
    name = "p.plan" if command[0] == "apply" else "inventory.yaml"
    world.repo("api")
    world.template("project/x", "x\n")
    (world.root / "inventory.yaml").write_text(world.inventory().read_text())
    (world.root / name).unlink(missing_ok=True)
    made(world.root / name)  # type: ignore[operator]
    running = world.spawn_as_it_is(*command)
    out, err = running.communicate(timeout=30)
    assert (running.returncode, out) == (64, "")
    assert f"{name}: {told}, and not a plain file" in err
    assert len(err.splitlines()) == 1


def test_a_pipe_that_the_shell_opened_is_read_where_that_is_asked_for() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"plan")
    os.close(writing)
    place = Path(f"/dev/fd/{reading}")
    assert read_named(place, streams=True) == b"plan"
    with pytest.raises(OSError, match="is a pipe, and not a plain file"):
        read_named(place)
    os.close(reading)


def test_a_link_to_a_plain_file_is_followed(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"one")
    (tmp_path / "link").symlink_to("file")
    assert read_named(tmp_path / "link", 2) == b"on"
