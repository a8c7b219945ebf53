"""The manual pages are well-formed, and the package brings them."""

from __future__ import annotations

import shutil
import subprocess
import tomllib

import pytest

from manual.commands import everything
from manual.man_pages import pages
from tests.manual.blocks import TOP


def test_there_is_a_page_for_each_command_and_for_git() -> None:
    names = {command.name.replace(" ", "-") for command in everything()}
    assert {"rollout", "rollout-apply", "rollout-events-append"} <= names
    assert {name.removesuffix(".1") for name, _ in pages()} == {*names, "git-rollout"}
    project = tomllib.loads((TOP / "pyproject.toml").read_text())
    assert project["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"] == {"man": "share/man/man1"}


@pytest.mark.skipif(shutil.which("mandoc") is None, reason="needs Debian's mandoc")
def test_mandoc_finds_nothing_but_that_a_page_has_no_date() -> None:
    files = sorted(str(file) for file in (TOP / "man").glob("rollout*.1"))
    done = subprocess.run(["mandoc", "-Tlint", *files], capture_output=True, text=True, check=False)
    assert [line for line in done.stdout.splitlines() if "missing date" not in line] == []
    assert done.stdout.count("missing date") == len(files)
