"""What the README quotes is what the program prints, and the inventories in it are inventories."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from rollout.demo.stage import prepared
from tests.world import World

README = Path(__file__).parents[1] / "README.md"


def blocks(language: str) -> list[str]:
    """Return the fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README.read_text(), flags=re.MULTILINE | re.DOTALL)


def quoted() -> Iterator[tuple[str, str]]:
    """Yield each command of the story with the output that the README quotes."""
    (story,) = blocks("text")
    for part in re.split(r"^\$ ", story, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def same_each_time(output: str) -> str:
    """Return an output with the ids of commits written alike."""
    return re.sub(r"\b[0-9a-f]{10}\b", "0123456789", output)


def as_pattern(output: str) -> str:
    """Return what an output has to match: a line of dots stands for lines that are left out."""
    lines = [r"(?:.*\n)*?" if line == "..." else re.escape(line + "\n") for line in same_each_time(output).splitlines()]
    return "".join(lines)


def test_the_story_is_what_the_program_prints(tmp_path: Path) -> None:
    sandbox = prepared(tmp_path / "sandbox")
    sandbox.build()
    environment = {**os.environ, "PATH": f"{sandbox.folder}:{os.environ['PATH']}"}
    commands = list(quoted())
    assert len(commands) >= 4
    for command, output in commands:
        done = subprocess.run(
            ["bash", "-c", command], env=environment, cwd=tmp_path, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        said = same_each_time(done.stdout.replace(str(sandbox.root), "/home/samuel/sv"))
        assert re.fullmatch(as_pattern(output), said), f"{command} prints:\n{said}"


def test_the_inventory_is_one_and_what_else_is_shown_fits_into_it(tmp_path: Path) -> None:
    world = World(tmp_path)
    inventory, more = blocks("yaml")
    world.template("project/docs/owner.md.j2", "{{ owner }}\n")
    world.template("shared/docs/owner.md", "us\n")
    world.write(".", {"inventory.yaml": inventory + more})
    said = world.run("validate", write=False)
    assert (said.code, said.err) == (0, "")
    assert "3 targets" in said.out


@pytest.mark.parametrize("block", blocks("sh"))
def test_the_commands_to_try_are_those_of_the_makefile(block: str) -> None:
    makefile = (README.parent / "Makefile").read_text()
    for line in block.splitlines():
        found = re.match(r"make ([a-z-]+)", line)
        assert found is not None, line
        assert f"\n{found[1]}: " in makefile
