"""The plain form of a configuration is read as git reads it, and any other form is left to a real parser."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from rollout import gitconfig, gitdir

PLAIN = """\
[core]
\trepositoryformatversion = 0
\tfilemode = true
\tautoCRLF=input
[remote "origin"]
\turl = ssh://git@example.org:22/a b/c.git\t
\tfetch = +refs/heads/*:refs/remotes/origin/*
\tfetch = +refs/notes/*:refs/notes/*
[branch "feature/x.y"]
\tremote = origin
[core]
\tfilemode = false
\tempty =
"""


def _as_git(file: Path) -> list[str]:
    listed = subprocess.run(["git", "config", "-f", str(file), "-z", "--list"], capture_output=True, check=True)
    return [entry for entry in listed.stdout.decode().split("\0") if entry]


def test_the_plain_form_is_read_as_git_reads_it(tmp_path: Path) -> None:
    (tmp_path / "config").write_text(PLAIN)
    found = gitconfig.plain(PLAIN.encode())
    assert found is not None
    for entry in _as_git(tmp_path / "config"):
        key, _, value = entry.partition("\n")
        section, _, name = key.rpartition(".")
        kind, dot, rest = section.partition(".")
        assert value in found.all(f'{kind} "{rest}"' if dot else kind, name)
    assert found.last("core", "filemode", "?") == "false"
    assert found.last("core", "autocrlf", "?") == "input"
    assert found.last("core", "missing", "?") == "?"
    assert found.all('remote "origin"', "url") == ("ssh://git@example.org:22/a b/c.git",)
    assert len(found.all('remote "origin"', "fetch")) == 2


@pytest.mark.parametrize(
    "text",
    [
        '[core]\n\tname = "quoted"\n',
        "[core]\n\tname = a # comment\n",
        "[core]\n\tname = a ; comment\n",
        "[core]\n# comment\n",
        "[core]\n\tname = one\\\n two\n",
        "[core]\n\tbare\n",
        "[Core]\n\tbare = true\n",
        "[core] bare = true\n",
        '[remote "a\\"b"]\n\turl = x\n',
        "[remote.old]\n\turl = x\n",
        "name = without a section\n",
        "[core]\r\n\tbare = true\r\n",
        "\ufeff[core]\n\tbare = true\n",
        "[core]\n\tname = \x07\n",
        "[core\n",
    ],
)
def test_any_other_form_is_left_to_a_real_parser(text: str) -> None:
    assert gitconfig.plain(text.encode()) is None


def test_both_ways_of_reading_say_the_same(tmp_path: Path) -> None:
    (tmp_path / "config").write_text(PLAIN)
    read = gitdir.GitDir(tmp_path, tmp_path, tmp_path)
    plain = read.config()
    with_comment = tmp_path / "other"
    with_comment.mkdir()
    (with_comment / "config").write_text("# a comment\n" + PLAIN)
    assert gitdir.GitDir(with_comment, with_comment, with_comment).config() == plain
