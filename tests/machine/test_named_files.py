"""A file that a person names with --out: what is no file stays what it is."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rollout.machine.files import write_named
from tests.world import World


def test_a_pipe_is_written_into(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor() as pool:
        heard = pool.submit(pipe.read_bytes)
        write_named(pipe, b"plan")
        assert heard.result(10) == b"plan"
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_link_leads_where_it_led(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "file")
    for content in (b"a longer one", b"one"):
        write_named(tmp_path / "link", content)
        assert ((tmp_path / "link").is_symlink(), (tmp_path / "file").read_bytes()) == (True, content)


@pytest.mark.skipif(os.geteuid() != 0, reason="whoever may not make a device may not replace one")
def test_a_device_is_not_replaced(world: World) -> None:
    """It would be the end of /dev/null for everybody on the machine."""
    null = world.root / "null"
    os.mknod(null, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    world.repo("one")
    world.template("project/x.md", "x\n")
    assert world.run("plan", "--out", str(null)).code == 0
    assert world.run("apply", "--yes").code == 0
    assert world.run("report", "--format", "html", "--out", str(null)).code == 0
    assert stat.S_ISCHR(null.stat().st_mode)
