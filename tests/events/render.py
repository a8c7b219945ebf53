"""Renders the shared template set the way rollout does, for tests of what it makes."""

from __future__ import annotations

import shlex
import shutil
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "templates"


def render_shared(root: Path, **changed: Any) -> Path:
    """Write the scripts of the shared set below `root`, as if `root` were the shared folder; return it."""
    for template in sorted((TEMPLATES / "shared").rglob("*.sh.j2")):
        name = template.relative_to(TEMPLATES / "shared").as_posix()
        write(root / name.removesuffix(".j2"), render(f"shared/{name}", shared_root=str(root), **changed), template)
    return root


def render_project(root: Path, name: str, set_name: str = "project", **changed: Any) -> str:
    """Return one file of a repository's set, rendered for the repository `consilio-s`."""
    variables = {"project": "consilio", "instance_type": "PS", "role": "project supervisor"} | changed
    return render(f"{set_name}/{name}", delimiters="jinja", shared_root=str(root), **variables)


def render(template: str, delimiters: str = "shell", **changed: Any) -> str:
    """Return a template's text with the first user's variables, some of them changed."""
    inventory = _inventory()
    values = {
        **inventory["vars"],
        "machines": inventory["machines"],
        "target": {"name": "consilio-s", "branch": "main"},
        "path": template,
        **changed,
    }
    return _environment(delimiters).get_template(template).render(values)


@cache
def _inventory() -> dict[str, Any]:
    """Return the first user's inventory, which is read once: that takes longer than all that is rendered of it."""
    read: dict[str, Any] = YAML(typ="safe").load((ROOT / "inventory.yaml").read_text())
    return read


@cache
def _environment(delimiters: str) -> Environment:
    comments = {"comment_start_string": "<#", "comment_end_string": "#>"} if delimiters == "shell" else {}
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
        autoescape=False,
        **comments,  # type: ignore[arg-type]  # two options that are texts
    )
    made.filters["quote"] = shlex.quote
    return made


def write(path: Path, text: str, like: Path) -> None:
    """Write a rendered file with its template's own mode."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    shutil.copymode(like, path)
