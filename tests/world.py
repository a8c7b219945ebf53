"""A small world for stories: remotes, checkouts and an inventory made by plain git, and the program run on them."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rollout.cli import main as program
from tests import ready, upstream
from tests.program import started
from tests.ready import Files


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    def outcomes(self) -> dict[str, str]:
        return {line["target"]: line["outcome"] for line in self.lines if line["type"] == "target_done"}

    def reasons(self) -> dict[str, str]:
        return {line["target"]: line["reason"] for line in self.lines if line["type"] == "target_done"}

    def states(self) -> dict[str, str]:
        return {target["name"]: target["state"] for target in self.json["targets"]}


_FIRST = {"README.md": "hello\n"}


@dataclass
class World:
    """Everything below one folder; `entries` are the repositories of the inventory, written when a command runs."""

    root: Path
    entries: dict[str, str] = field(default_factory=dict)
    head: str = "version: 1\nvars: {who: world}\n"
    defaults: str = "defaults: {templates: [project]}\n"
    tail: str = ""

    def git(self, where: Path | str, *arguments: str, ok: bool = True, **environment: str) -> str:
        """Run git as a person would, at a fixed date."""
        date = {"GIT_AUTHOR_DATE": "2026-02-03T15:20:00Z", "GIT_COMMITTER_DATE": "2026-02-03T15:20:00Z"}
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.root / where,
            env={**os.environ, **date, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert not ok or done.returncode == 0, done.stderr
        return done.stdout.strip()

    def remote(self, name: str, files: Files | None = None, branch: str = "main") -> Path:
        """Make a bare repository with one commit."""
        bare = self.root / f"{name}.git"
        ready.remote(bare, files or _FIRST, branch, lambda: self._first_remote(name, files or _FIRST, branch))
        return bare

    def _first_remote(self, name: str, files: Files, branch: str) -> None:
        bare = self.root / f"{name}.git"
        ready.empty(bare, branch, lambda: self._empty(bare, branch))
        if upstream.usual() and upstream.plain(files):
            upstream.first(bare, branch, files, "first")
            return
        other = self.clone(name, f"{name}.first", branch)
        self.write(other, files)
        self.git(other, "add", "-A", "-f")
        self.git(other, "commit", "-q", "-m", "first")
        self.git(other, "push", "-q", "origin", f"HEAD:{branch}")
        shutil.rmtree(other)

    def _empty(self, bare: Path, branch: str) -> None:
        bare.mkdir(parents=True)
        self.git(bare, "init", "-q", "--bare", f"--initial-branch={branch}")

    def clone(self, name: str, to: str | None = None, branch: str = "main") -> Path:
        bare, top = self.root / f"{name}.git", self.root / (to or name)
        ready.clone(bare, top, branch, lambda: self._clone(bare, top, branch))
        return top

    def _clone(self, bare: Path, top: Path, branch: str) -> None:
        self.git(self.root, "clone", "-q", str(bare), str(top))
        if upstream.head(top / ".git") is None:
            self.git(top, "checkout", "-q", "-b", branch, ok=False)

    def repo(self, name: str, files: Files | None = None, extra: str = "") -> Path:
        """Make a remote and a checkout of it, and put it in the inventory."""
        top = self.checkout(name, files)
        self.entries[name] = f"{{path: {name}{extra}}}"
        return top

    def checkout(self, name: str, files: Files | None = None) -> Path:
        """Make a remote and a checkout of it."""
        self.remote(name, files)
        return self.clone(name)

    def bare_repo(self, name: str, files: Files | None = None) -> Path:
        """Make a remote that the inventory knows by address alone."""
        bare = self.remote(name, files)
        self.entries[name] = f"{{url: {bare}}}"
        return bare

    def write(self, where: Path | str, files: Mapping[str, str | bytes]) -> None:
        for path, content in files.items():
            file = self.root / where / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content if isinstance(content, bytes) else content.encode())

    def template(self, path: str, content: str | bytes, *, executable: bool = False) -> None:
        self.write("templates", {path: content})
        (self.root / "templates" / path).chmod(0o755 if executable else 0o644)

    def commit(
        self, where: Path | str, files: Mapping[str, str | bytes], message: str = "work", push: bool = False
    ) -> str:
        """Commit as a person, and push when told to."""
        self.write(where, files)
        self.git(where, "add", "-f", *files)
        self.git(where, "commit", "-q", "-m", message)
        if push:
            self.git(where, "push", "-q", "origin", "HEAD")
        return self.head_of(where)

    def head_of(self, where: Path | str) -> str:
        """Return the commit that a checkout has."""
        return upstream.head(self.root / where / ".git") or self.git(where, "rev-parse", "HEAD")

    def elsewhere(self, name: str, files: Mapping[str, str | bytes | None], message: str = "elsewhere") -> str:
        """Let somebody else push to a repository."""
        bare = self.root / f"{name}.git"
        if upstream.simple(bare, files):
            return upstream.committed(bare, files, message)
        other = self.root / f"{name}.elsewhere"
        if not other.exists():
            self.clone(name, f"{name}.elsewhere")
        self.git(other, "pull", "-q", "--rebase")
        for path, content in files.items():
            if content is None:
                self.git(other, "rm", "-q", path)
            else:
                self.write(other, {path: content})
                self.git(other, "add", "-f", path)
        self.git(other, "commit", "-q", "-m", message)
        self.git(other, "push", "-q", "origin", "HEAD")
        return self.git(other, "rev-parse", "HEAD")

    def inventory(self) -> Path:
        repos = (
            "repos:\n" + "".join(f"  {name}: {entry}\n" for name, entry in self.entries.items()) if self.entries else ""
        )
        file, text = self.root / "inventory.yaml", self.head + self.defaults + repos + self.tail
        if (
            not file.is_file() or file.read_bytes() != text.encode()
        ):  # a program that was started before may read it now
            file.write_text(text)
        return file

    def run(self, *arguments: str, write: bool = True) -> Ran:
        """Run the program in this process, from the world's folder."""
        if write:
            self.inventory()
        out, err, here = io.StringIO(), io.StringIO(), Path.cwd()
        os.chdir(self.root)
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = program._ended(list(arguments))
        finally:
            os.chdir(here)
        return Ran(code, out.getvalue(), err.getvalue())

    def last_run(self) -> str:
        """Return the id of the newest run."""
        found: str = self.run("history", "--json").json["runs"][0]["run"]
        return found

    def spawn(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Start the program as a process of its own, in a session of its own."""
        self.inventory()
        return self.spawn_as_it_is(*arguments, **environment)

    def spawn_as_it_is(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Start the program on the inventory that is there."""
        return started(arguments, self.root, {**os.environ, **environment})

    def at(self, name: str, path: str, ref: str = "main") -> str | None:
        """Return a file's text upstream, or None."""
        bare = self.root / f"{name}.git"
        if upstream.readable(bare, ref):
            return upstream.text(bare, ref, path)
        done = subprocess.run(["git", "show", f"{ref}:{path}"], cwd=bare, capture_output=True, text=True, check=False)
        return done.stdout if done.returncode == 0 else None

    def tip(self, name: str, ref: str = "main") -> str:
        bare = self.root / f"{name}.git"
        return upstream.tip(bare, ref) or self.git(bare, "rev-parse", ref)

    def log(self, name: str) -> list[str]:
        """Return the subjects of what is upstream, the newest first."""
        bare = self.root / f"{name}.git"
        found = upstream.subjects(bare, "main") if upstream.readable(bare, "main") else None
        return self.git(bare, "log", "--format=%s", "main").splitlines() if found is None else found
