"""Peers on the same fleet, each in a virtual environment of its own: the nearest job each of them knows."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from fleet import Fleet

_SETTING_UP = 900  # seconds


class Cost(Protocol):
    """What running a command took."""

    @property
    def wall(self) -> float: ...
    @property
    def cpu(self) -> float: ...


Timed = Callable[[list[str], dict[str, str]], Cost]


class NotHere(Exception):
    """Why a peer is not measured."""


def measured(fleet: Fleet, folder: Path, apply_seconds: float, timed: Timed) -> list[str]:
    """Return a table of what each peer takes for its nearest job, beside rollout's apply on as many repositories."""
    lines = [
        f"Peers on {fleet.size:,} repositories, beside rollout's apply in {apply_seconds:.2f} s:",
        "",
        "| peer | nearest job | seconds | times rollout's apply |",
        "|---|---|---|---|",
    ]
    for name, job, measure in _PEERS:
        try:
            seconds = measure(fleet, folder, timed)
            lines.append(f"| {name} | {job} | {seconds:.2f} | {seconds / apply_seconds:.1f} |")
        except (NotHere, subprocess.SubprocessError, OSError) as error:
            words = str(error).splitlines()[0][:160] if str(error) else type(error).__name__
            lines.append(f"| {name} | {job} | not measured: {words} | |")
        print(lines[-1], flush=True)
    return lines


def _installed(folder: Path, package: str) -> Path:
    """Install a package into a virtual environment of its own; return the folder of its programs."""
    place = folder / package
    if not (place / "ready").exists():
        _quiet([sys.executable, "-m", "venv", str(place)])
        _quiet([str(place / "bin" / "pip"), "install", "-q", "--disable-pip-version-check", package])
        (place / "ready").touch()
    return place / "bin"


def _quiet(command: list[str], environment: dict[str, str] | None = None, where: Path | None = None) -> None:
    done = subprocess.run(
        command, env=environment, cwd=where, capture_output=True, text=True, timeout=_SETTING_UP, check=False
    )
    if done.returncode:
        raise NotHere((done.stderr or done.stdout).strip().splitlines()[-1:] or f"{command[0]} failed")


def _all_repos(fleet: Fleet, folder: Path, timed: Timed) -> float:
    """Let all-repos replace a line in every repository, in new clones of its own, and push."""
    programs = _installed(folder, "all-repos")
    place = folder / f"all-repos-{fleet.size}"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    repositories = {name: fleet.url(name) for name in fleet.names}
    (place / "repos.json").write_text(json.dumps(repositories))
    settings = {
        "output_dir": "output",
        "source": "all_repos.source.json_file",
        "source_settings": {"filename": str(place / "repos.json")},
        "push": "all_repos.push.merge_to_master",
        "push_settings": {},
    }
    (place / "all-repos.json").write_text(json.dumps(settings))
    (place / "all-repos.json").chmod(0o600)
    config = str(place / "all-repos.json")
    _quiet([str(programs / "all-repos-clone"), "-C", config, "-j8"], fleet.environment)
    command = [str(programs / "all-repos-sed"), "-C", config, "-j8", "--commit-msg", "Roll out"]
    return timed(
        [*command, "s/^The rules of version.*/The rules of all-repos hold here./", "AGENTS.md"], fleet.environment
    ).wall


def _gita(fleet: Fleet, folder: Path, timed: Timed) -> float:
    """Let gita pull, edit, commit and push every clone: what its `shell` runs in each."""
    programs = _installed(folder, "gita")
    environment = {**fleet.environment, "GITA_PROJECT_HOME": str(folder)}
    clones = [str(fleet.checkout(name)) for name in fleet.names]
    _quiet([str(programs / "gita"), "add", *clones], environment)
    script = "git pull -q --ff-only && echo gita >>AGENTS.md && git commit -q -a -m gita && git push -q"
    return timed([str(programs / "gita"), "shell", *fleet.names, script], environment).wall


def _mr(fleet: Fleet, folder: Path, timed: Timed) -> float:
    """Let mr (the Debian package myrepos) do the same, eight at a time."""
    program = shutil.which("mr") or _unpacked(folder)
    config = fleet.root / "checkouts" / ".mrconfig"
    config.write_text("".join(f"[{name}]\ncheckout = true\n\n" for name in fleet.names))
    script = "git pull -q --ff-only && echo mr >>AGENTS.md && git commit -q -a -m mr && git push -q"
    command = [program, "-t", "-j8", "-d", str(config.parent), "-c", str(config), "run", "sh", "-c", script]
    return timed(command, fleet.environment).wall


def _unpacked(folder: Path) -> str:
    """Fetch the Debian package and unpack it here: nothing is installed."""
    place = folder / "myrepos"
    place.mkdir(parents=True, exist_ok=True)
    _quiet(["apt-get", "download", "myrepos"], where=place)
    package = next(place.glob("*.deb"), None)
    if package is None:
        raise NotHere("the Debian package myrepos cannot be had")
    _quiet(["dpkg", "-x", str(package), str(place)])
    return str(place / "usr" / "bin" / "mr")


def _copier(fleet: Fleet, folder: Path, timed: Timed) -> float:
    """Let copier update every clone to a template's next version: no fetch, no commit, no push."""
    programs = _installed(folder, "copier")
    template = folder / f"template-{fleet.size}"
    shutil.rmtree(template, ignore_errors=True)
    template.mkdir(parents=True)
    (template / "copier.yml").write_text("name:\n  type: str\n")
    (template / "{{_copier_conf.answers_file}}.jinja").write_text("{{ _copier_answers|to_nice_yaml -}}\n")
    _quiet(["git", "init", "-q", str(template)], fleet.environment)
    for version in (1, 2):
        (template / "GUIDE.md.jinja").write_text(f"# {{{{ name }}}}\n\nThe rules of version {version}.\n")
        _quiet(["git", "add", "-A"], fleet.environment, template)
        _quiet(["git", "commit", "-q", "-m", f"{version}"], fleet.environment, template)
        _quiet(["git", "tag", f"v{version}"], fleet.environment, template)
    names = fleet.root / "copier-names"
    names.write_text("".join(f"{name}\n" for name in fleet.names))
    copier, clones = programs / "copier", fleet.root / "checkouts"
    copy = f'"{copier}" copy -q -r v1 -d name=$1 "{template}" .'
    first = f'cd "{clones}/$1" && {copy} && git add -A && git commit -q -m copier'
    update = f'cd "{clones}/$1" && "{copier}" update -q --defaults'
    each = ["sh", "-c", f'xargs -P8 -I@ sh -c "$0" sh @ <{names}']
    _quiet([*each, first], fleet.environment)
    return timed([*each, update], fleet.environment).wall


_PEERS: tuple[tuple[str, str, Callable[[Fleet, Path, Timed], float]], ...] = (
    ("all-repos", "all-repos-sed: a line in one file, in new clones, pushed", _all_repos),
    ("gita", "gita shell: pull, edit, commit, push in clones that are there", _gita),
    ("mr", "mr run: pull, edit, commit, push in clones that are there", _mr),
    ("copier", "copier update of clones that are there; no fetch, no push", _copier),
)
