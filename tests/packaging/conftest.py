"""What is published, built once from the last commit, and installed into an environment outside the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
DATE = "1770132000"


class Built(NamedTuple):
    wheel: Path
    sdist: Path
    source: Path  # the clone that they were built from


def run(*words: str | Path, where: Path, code: int = 0, given: Mapping[str, str] | None = None) -> str:
    """Run a command with nothing of this checkout in its environment; return all that it prints."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "ROLLOUT_", "GIT_DIR"))}
    done = subprocess.run(
        [str(word) for word in words],
        cwd=where,
        env={**kept, "PIP_NO_CACHE_DIR": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", **(given or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}"
    return done.stdout


def clone(to: Path) -> Path:
    """Make a clone of the last commit, without tags."""
    run("git", "clone", "-q", "--no-tags", "--no-local", ROOT, to, where=ROOT)
    return to


def archives(source: Path, out: Path, *kinds: str) -> list[Path]:
    """Build a source folder; return the archives."""
    words: tuple[str | Path, ...] = (sys.executable, "-m", "build", "--no-isolation", "--outdir", out, *kinds)
    run(*words, where=source, given={"SOURCE_DATE_EPOCH": DATE})
    return sorted(out.iterdir())


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    top = tmp_path_factory.mktemp("built")
    source = clone(top / "source")
    wheel, sdist = archives(source, top / "out")
    return Built(wheel, sdist, source)


class Installed(NamedTuple):
    folder: Path
    environment: Mapping[str, str]

    def run(self, *words: str | Path, where: Path, code: int = 0) -> str:
        return run(*words, where=where, code=code, given=self.environment)


@pytest.fixture(scope="session")
def installed(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Install the wheel with what it needs, from an empty cache, into an environment of its own."""
    top = tmp_path_factory.mktemp("installed")
    venv.create(top / "venv", with_pip=True)
    run(top / "venv/bin/python", "-m", "pip", "install", "-q", built.wheel, where=top)
    home = top / "home"
    home.mkdir()
    (home / ".gitconfig").write_text("[user]\n\tname = Alice\n\temail = alice@example.org\n")
    path = f"{top / 'venv/bin'}:{os.environ['PATH']}"
    return Installed(top, {"PATH": path, "HOME": str(home), "ROLLOUT_STATE_DIR": str(home / "state")})
