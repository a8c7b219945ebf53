"""The recipes of docs/ci.md, and their jobs run as GitHub and GitLab run them: each shell step, by bash, in order."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests import on_path
from tests.world import World

_PAGE = Path(__file__).parents[2] / "docs" / "ci.md"
_NOTED = '#!/bin/sh\nprintf "%s\\n" "$(basename "$0") $*" >> "$NOTES"\n'


def texts() -> dict[str, str]:
    """Return the files that the page gives, by the name in their first line."""
    found = re.findall(r"^```yaml\n# (\S+)\n(.*?)^```$", _PAGE.read_text(), flags=re.MULTILINE | re.DOTALL)
    return dict(found)


def _read(name: str) -> dict[str, Any]:
    read: dict[str, Any] = YAML(typ="safe").load(texts()[name])
    return read


@dataclass(frozen=True)
class Ended:
    """How a script ended, and what it said."""

    code: int
    said: str


@dataclass(frozen=True)
class Machine:
    """A build machine: the checkout that it works in, and what it knows; pip, pipx and gh are noted and do nothing."""

    world: World
    known: Mapping[str, str]

    def github(self, job: str) -> list[Ended]:
        """Run a job of the workflow up to the first step that fails; a step that `uses` something is GitHub's own."""
        workflow = _read(".github/workflows/rollout.yml")
        ended: list[Ended] = []
        for step in workflow["jobs"][job]["steps"]:
            if "run" in step and not any(one.code for one in ended):
                told = {**workflow["env"], **step.get("env", {})}
                environment = {name: self._expanded(text) for name, text in told.items()}
                ended.append(self._run(self._expanded(step["run"]), ("bash", "-e"), environment))
        return ended

    def gitlab(self, job: str) -> list[Ended]:
        """Run a job of the pipeline: its script, and its after_script in a shell of its own whatever came before."""
        pipeline = _read(".gitlab-ci.yml")
        script = [*pipeline["default"]["before_script"], *pipeline[job]["script"]]
        shell = ("bash", "-eo", "pipefail")
        ended = [self._run("\n".join(script), shell, self.known)]
        if "after_script" in pipeline[job]:
            ended.append(self._run("\n".join(pipeline[job]["after_script"]), shell, self.known))
        return ended

    @property
    def notes(self) -> list[str]:
        """Return what was asked of the programs that are not here."""
        file = self.world.root / "notes"
        return file.read_text().splitlines() if file.exists() else []

    def _expanded(self, text: str) -> str:
        return re.sub(r"\$\{\{\s*(.+?)\s*\}\}", lambda found: self.known[found[1]], text)

    def _run(self, script: str, shell: tuple[str, ...], environment: Mapping[str, str]) -> Ended:
        self.world.inventory()
        programs = self._programs()
        done = subprocess.run(
            [*shell, "-c", script], cwd=self.world.root, stdin=subprocess.DEVNULL, text=True, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={
                **os.environ, **environment, "PATH": f"{programs}:{os.environ['PATH']}",
                "NOTES": str(self.world.root / "notes"),
            },
        )  # fmt: skip
        return Ended(done.returncode, done.stdout)

    def _programs(self) -> Path:
        folder = self.world.root / "programs"
        if not folder.exists():
            folder.mkdir()
            for name in ("gh", "pip", "pipx"):
                (folder / name).write_text(_NOTED)
                (folder / name).chmod(0o755)
            (folder / "rollout").symlink_to(on_path.folder() / "rollout")
        return folder


def scripts() -> list[str]:
    """Return all that a shell gets to see."""
    workflow, pipeline = _read(".github/workflows/rollout.yml"), _read(".gitlab-ci.yml")
    found = [step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step]
    for job in pipeline.values():
        found += ["\n".join(job[part]) for part in ("before_script", "script", "after_script") if part in job]
    return found
