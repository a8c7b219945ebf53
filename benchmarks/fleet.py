"""A fleet to measure on: bare remotes with a history, clones of some of them, an inventory and templates.

    python benchmarks/fleet.py FOLDER SIZE [CHECKOUTS]

Every repository begins as the same pack, hard-linked, and has a commit of its own on top, so that ten thousand of them
take a minute and little room, and no two of them share a tip.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

_FILES = 60  # in the repository all others begin as
_COMMITS = 30
_DATE = "1770000000 +0000"
_WHO = "Fleet <fleet@example.org>"

GUIDE = """# How to work in {{ target.name }}

This repository belongs to {{ owner }} and is number {{ number }} of its fleet.
The rules of version VERSION hold here.

"""
RULES = "\n".join(f"{n}. Rule {n} says what rule {n} says in every repository of the fleet." for n in range(1, 40))

EDITORCONFIG = "root = true\n\n[*]\nend_of_line = lf\ninsert_final_newline = true\nindent_size = 4\n"
CHECK = "#!/bin/sh\n# Runs what the continuous integration runs.\nset -eu\nmake lint\nmake test\n"


def untouched() -> dict[str, str]:
    """Return this environment without what a workplace tells git, rollout or Python to do in another way."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "ROLLOUT_", "PYTHON"))}


@dataclass(frozen=True)
class Fleet:
    """Repositories below one folder, and the inventory that names them."""

    root: Path
    size: int
    checkouts: int = 0
    served: str = "file://"  # what stands before a remote's path in its address

    @property
    def names(self) -> list[str]:
        return [f"service-{number:05}" for number in range(self.size)]

    @property
    def inventory(self) -> Path:
        return self.root / "inventory.yaml"

    def remote(self, name: str) -> Path:
        return self.root / "remotes" / f"{name}.git"

    def url(self, name: str) -> str:
        return f"{self.served}{self.remote(name)}"

    def checkout(self, name: str) -> Path:
        return self.root / "checkouts" / name

    @property
    def environment(self) -> dict[str, str]:
        """Return an environment in which nothing of the machine's own configuration counts."""
        return {
            **untouched(),
            "HOME": str(self.root / "home"),
            "XDG_CONFIG_HOME": str(self.root / "home" / ".config"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "ROLLOUT_STATE_DIR": str(self.root / "state"),
            "ROLLOUT_INVENTORY": str(self.inventory),
        }

    def git(self, *arguments: str, stdin: bytes = b"") -> None:
        subprocess.run(["git", *arguments], input=stdin, env=self.environment, check=True, capture_output=True)

    def advance(self, round_number: int) -> None:
        """Let somebody else push to every remote, and change what the templates say."""
        self.write_templates(round_number)
        in_parallel(lambda name: self._push_foreign(name, round_number), self.names)

    def _push_foreign(self, name: str, round_number: int) -> None:
        text = f"Note {round_number} of {name}\n"
        self.git(
            f"--git-dir={self.remote(name)}",
            "fast-import",
            "--quiet",
            stdin=_commit("main", f"note {round_number}", {"NOTES.md": text}, on="refs/heads/main^0"),
        )

    def write_templates(self, version: int) -> None:
        folder = self.root / "templates" / "project"
        (folder / "tools").mkdir(parents=True, exist_ok=True)
        (folder / "AGENTS.md.j2").write_text(GUIDE.replace("VERSION", str(version)) + RULES + "\n")
        (folder / ".editorconfig").write_text(EDITORCONFIG)
        (folder / "tools" / "check.sh").write_text(CHECK)
        (folder / "tools" / "check.sh").chmod(0o755)

    def write_inventory(self) -> None:
        lines = ["version: 1", "vars: {owner: platform}", "defaults: {templates: [project]}", "repos:"]
        for number, name in enumerate(self.names):
            path = f"path: {self.checkout(name)}, " if number < self.checkouts else ""
            group = f"team-{number % 20}"
            lines.append(f"  {name}: {{{path}url: '{self.url(name)}', groups: [{group}], vars: {{number: {number}}}}}")
        self.inventory.write_text("\n".join(lines) + "\n")


def make(root: Path, size: int, checkouts: int = 0, served: str = "file://", *, in_sync: bool = False) -> Fleet:
    """Make a fleet below `root`, with what the templates ask for already there or not; an older one is thrown away."""
    fleet = Fleet(root, size, checkouts, served)
    if root.exists():
        shutil.rmtree(root)
    (root / "home").mkdir(parents=True)
    (root / "home" / ".gitconfig").write_text(
        "[user]\n\tname = Fleet\n\temail = fleet@example.org\n[init]\n\tdefaultBranch = main\n"
    )
    first = _first(fleet)
    in_parallel(lambda item: _begin(fleet, first, item[1], item[0], in_sync=in_sync), enumerate(fleet.names))
    shutil.rmtree(first)
    (root / "checkouts").mkdir()
    in_parallel(lambda name: clone(fleet, name, fleet.checkout(name)), fleet.names[:checkouts])
    fleet.write_templates(1)
    fleet.write_inventory()
    return fleet


def clone(fleet: Fleet, name: str, place: Path) -> None:
    fleet.git("clone", "--quiet", fleet.url(name), str(place))


def _first(fleet: Fleet) -> Path:
    """Make the repository that all others begin as: some folders of files, and a history in one pack."""
    place = fleet.root / "first.git"
    fleet.git("init", "--quiet", "--bare", "--template=", str(place))
    files = {f"src/part{n % 6}/module{n}.txt": f"module {n}\n" + f"line of module {n}\n" * 40 for n in range(_FILES)}
    stream = _commit("main", "first", {**files, ".gitattributes": "* text=auto\n"}, on=None)
    for n in range(1, _COMMITS):
        stream += _commit("main", f"change {n}", {f"src/part0/module{6 * (n % 10)}.txt": f"changed {n}\n" * 40})
    fleet.git(f"--git-dir={place}", "-c", "fastimport.unpackLimit=1", "fast-import", "--quiet", stdin=stream)
    return place


def _begin(fleet: Fleet, first: Path, name: str, number: int, *, in_sync: bool) -> None:
    place = fleet.remote(name)
    for folder in ("objects/pack", "objects/info", "refs/heads"):
        (place / folder).mkdir(parents=True)
    for pack in (first / "objects" / "pack").iterdir():
        os.link(pack, place / "objects" / "pack" / pack.name)
    for file in ("HEAD", "config", "refs/heads/main"):
        shutil.copyfile(first / file, place / file)
    readme = f"# {name}\n\nThe service {name} of the fleet.\n"
    files = {"README.md": readme, **(_desired(name, number) if in_sync else {})}
    stream = _commit("main", f"begin {name}", files, on="refs/heads/main^0")
    fleet.git(f"--git-dir={place}", "fast-import", "--quiet", stdin=stream)


def _desired(name: str, number: int) -> dict[str, str]:
    """Return what the first templates come to for one repository."""
    guide = GUIDE.replace("{{ target.name }}", name).replace("{{ owner }}", "platform")
    guide = guide.replace("{{ number }}", str(number)).replace("VERSION", "1")
    return {"AGENTS.md": guide + RULES + "\n", ".editorconfig": EDITORCONFIG, "tools/check.sh": CHECK}


def _commit(branch: str, subject: str, files: dict[str, str], on: str | None = None) -> bytes:
    parts = [f"commit refs/heads/{branch}\n", f"committer {_WHO} {_DATE}\n", f"data {len(subject)}\n{subject}\n"]
    if on is not None:
        parts.append(f"from {on}\n")
    for path, text in files.items():
        mode = "100755" if path.endswith(".sh") else "100644"
        parts.append(f"M {mode} inline {path}\ndata {len(text.encode())}\n{text}\n")
    return "".join(parts).encode()


def in_parallel(work: Callable[[T], object], items: Iterable[T]) -> None:
    with ThreadPoolExecutor(max_workers=4) as pool:
        for _ in pool.map(work, items):
            pass


if __name__ == "__main__":
    made = make(Path(sys.argv[1]).absolute(), int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 0)
    print(made.inventory)
