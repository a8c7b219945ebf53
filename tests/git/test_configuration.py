"""The plain form of a configuration is read as git reads it, and any other form is left to a real parser."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from rollout.git import configuration, git_folder

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
    found = configuration.plain(PLAIN.encode())
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
    assert configuration.plain(text.encode()) is None


def test_both_ways_of_reading_say_the_same(tmp_path: Path) -> None:
    (tmp_path / "config").write_text(PLAIN)
    read = git_folder.GitDir(tmp_path, tmp_path, tmp_path)
    plain = read.config()
    with_comment = tmp_path / "other"
    with_comment.mkdir()
    (with_comment / "config").write_text("# a comment\n" + PLAIN)
    assert git_folder.GitDir(with_comment, with_comment, with_comment).config() == plain


# --- what holds for a person everywhere

PERSON = {
    ".config/git/config": "[user]\n\tname = Older\n\temail = a@example.org\n[core]\n\teditor = vi\n",
    ".gitconfig": '[user]\n\tname = Ada L\n[url "ssh://x/"]\n\tinsteadOf = https://Y/\n[commit]\n\tgpgSign = true\n',
}


def _home(sealed: Path, files: dict[str, str]) -> None:
    (sealed / ".gitconfig").unlink(missing_ok=True)
    for name, text in files.items():
        (sealed / name).parent.mkdir(parents=True, exist_ok=True)
        (sealed / name).write_text(text)


def _personal(**environment: str) -> dict[str, str] | None:
    return configuration.personal("/usr/bin/git", {**os.environ, **environment})


def _listed(**environment: str) -> dict[str, str]:
    listed = subprocess.run(
        ["git", "config", "-z", "--list"], cwd="/", env={**os.environ, **environment}, capture_output=True, check=True
    )
    entries = (entry.partition("\n") for entry in listed.stdout.decode().split("\0") if entry)
    return {key.lower(): value for key, _, value in entries}


@pytest.mark.parametrize("more", [{}, {"GIT_CONFIG_GLOBAL": "/dev/null"}, {"XDG_CONFIG_HOME": "/nowhere"}])
def test_a_persons_settings_are_read_as_git_reads_them(
    sealed: Path, monkeypatch: pytest.MonkeyPatch, more: dict[str, str]
) -> None:
    _home(sealed, PERSON)
    system = sealed / "system"
    system.write_text("[core]\n\teditor = ed\n[user]\n\tname = Nobody\n[init]\n\tdefaultBranch = trunk\n")
    monkeypatch.delenv("GIT_CONFIG_NOSYSTEM", raising=False)
    monkeypatch.delenv("GIT_CONFIG_GLOBAL", raising=False)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    assert _personal(GIT_CONFIG_SYSTEM=str(system), **more) == _listed(GIT_CONFIG_SYSTEM=str(system), **more)
    named = {"GIT_CONFIG_GLOBAL": str(sealed / ".gitconfig"), "GIT_CONFIG_NOSYSTEM": "1"}
    assert _personal(**named) == _listed(**named)


@pytest.mark.parametrize(
    ("text", "environment"),
    [
        ("[include]\n\tpath = other\n", {}),
        ('[includeIf "gitdir:/x"]\n\tpath = other\n', {}),
        ('[user]\n\tname = "in quotes"\n', {}),
        ("[user]\n\tname = a\r\n", {}),
        ("", {"GIT_CONFIG_GLOBAL": "relative"}),
        ("", {"GIT_CONFIG_NOSYSTEM": "perhaps"}),
        ("", {"HOME": ""}),
    ],
)
def test_what_is_not_plain_of_a_persons_settings_is_left_to_git(
    sealed: Path, monkeypatch: pytest.MonkeyPatch, text: str, environment: dict[str, str]
) -> None:
    monkeypatch.delenv("GIT_CONFIG_GLOBAL", raising=False)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    _home(sealed, {".gitconfig": text})
    assert _personal(**environment) is None


def test_the_machines_settings_are_left_to_a_git_that_has_them_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GIT_CONFIG_NOSYSTEM", raising=False)
    assert configuration.personal("/opt/git/bin/git", os.environ) is None


def test_a_pipe_instead_of_a_persons_settings_is_not_waited_for(sealed: Path) -> None:
    (sealed / ".gitconfig").unlink(missing_ok=True)
    os.mkfifo(sealed / ".gitconfig")
    assert _personal() is None
