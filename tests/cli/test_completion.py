"""Shells complete commands, options, targets, groups, paths and runs, and nobody is contacted for it."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests import on_path
from tests.first_rows import first_rows
from tests.world import World


@pytest.fixture
def fleet(world: World) -> World:
    for name in ("api", "web"):
        world.repo(name, extra=", groups: [services]")
    world.inventory()
    return world


def completed(world: World, line: str) -> set[str]:
    """Return what the program tells bash for the last word of a line."""
    words = line.split(" ")
    asked = {"_ROLLOUT_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    out, err = world.spawn_as_it_is(**asked).communicate()
    assert err == ""
    return set(out.split())


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("rollout pl", {"plain,plan"}),
        ("rollout plan ", {"plain,api", "plain,web", "plain,services"}),
        ("rollout status api w", {"plain,web"}),
        ("rollout plan !a", {"plain,!api"}),
        ("rollout plan --limit s", {"plain,services"}),
        ("rollout diff api c", {"plain,conf.txt"}),
        ("rollout explain web ", {"plain,conf.txt"}),
        ("rollout apply a", {"plain,api", "file,a"}),
        ("rollout plan --offl", {"plain,--offline"}),
        ("rollout plan --root", {"plain,--root"}),
        ("rollout -i gone.yaml plan a", set()),
    ],
)
def test_words_are_completed(fleet: World, line: str, told: set[str]) -> None:
    assert completed(fleet, line) == told


def test_runs_are_completed_and_nothing_is_made_for_it(fleet: World, sealed: Path) -> None:
    assert completed(fleet, "rollout history ") == set()
    assert not (sealed / "state/ledger.db").exists()
    assert fleet.run("apply", "--yes").code == 0
    run = fleet.last_run()
    for command in ("history", "revert", "report"):
        assert completed(fleet, f"rollout {command} {run[:6]}") == {f"plain,{run}"}


def test_a_wrong_inventory_completes_nothing_and_says_nothing(fleet: World) -> None:
    (fleet.root / "inventory.yaml").write_text("repos: [")
    assert completed(fleet, "rollout plan ") == set()


def test_remotes_that_are_gone_are_not_missed(fleet: World) -> None:
    shutil.rmtree(fleet.root / "api.git")
    assert completed(fleet, "rollout diff api c") == {"plain,conf.txt"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_script_is_one_that_its_shell_reads(fleet: World, shell: str, tmp_path: Path) -> None:
    script = fleet.run("completion", shell).out
    assert f"_ROLLOUT_COMPLETE={shell}_complete" in script
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not here")
    (tmp_path / "script").write_text(script)
    check = subprocess.run([shell, "-n", str(tmp_path / "script")], capture_output=True, text=True, check=False)
    assert check.returncode == 0, check.stderr


_INTERACTIVE = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], ""),
    "zsh": (["zsh", "-f", "-i"], "autoload -U compinit; compinit -D -u; "),
}


@pytest.mark.parametrize("shell", list(_INTERACTIVE))
@first_rows(
    2,
    ("typed", "line"),
    [
        ("rollout plan ap", "rollout plan api"),
        ("rollout apply ap", "rollout apply api"),
        ("rollout apply ./sav", "rollout apply ./saved.plan"),
        ("rollout apply sav", "rollout apply saved.plan"),
    ],
)
def test_a_shell_itself_completes_targets_and_plans(fleet: World, shell: str, typed: str, line: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not here")
    (fleet.root / "script").write_text(fleet.run("completion", shell).out)
    (fleet.root / "saved.plan").write_text("")
    words, first = _INTERACTIVE[shell]
    ours, theirs = pty.openpty()
    environment = {**os.environ, "PATH": f"{on_path.folder()}:{os.environ['PATH']}", "TERM": "dumb"}
    with subprocess.Popen(
        words, cwd=fleet.root, env=environment, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ) as running:
        os.close(theirs)
        try:
            os.write(ours, f"{first}source ./script; echo rea''dy\n".encode())
            shown = _until(ours, "", "ready\r\n")
            os.write(ours, f"{typed}\t".encode())
            shown = _until(ours, shown, line)
        finally:
            running.kill()
            os.close(ours)


def _until(terminal: int, shown: str, text: str) -> str:
    """Read until a text is shown."""
    end = time.monotonic() + 90.0
    while text not in shown:
        assert time.monotonic() < end, shown
        if select.select([terminal], [], [], 0.1)[0]:
            shown += os.read(terminal, 65536).decode("utf-8", "replace")
    return shown
