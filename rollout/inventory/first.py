"""What a first inventory and a first template say, for the repositories that were found."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath

from rollout.model.inventory import FoundCheckout

TEMPLATE = PurePosixPath("project/AGENTS.md.j2")
TEMPLATE_TEXT = """\
## {{ target.name }}

{{ owner }} looks after this repository.

What stands between these two marks is the same in every repository. It comes from a template: change it there, and
`rollout apply` brings it here.
"""


_NAME = re.compile(r"[^A-Za-z0-9._-]+")
_PLAIN = re.compile(r"[A-Za-z_~./][A-Za-z0-9_./-]*\Z")
_NOT_TEXT = {"true", "false", "null", "yes", "no", "on", "off", "~"}


def inventory(found: Sequence[FoundCheckout], root: str, owner: str) -> str:
    """Return the text of an inventory of these repositories, with what most of them have as the default."""
    branch, remote = _usual([c.branch for c in found]), _usual([c.remote for c in found])
    defaults = [f"branch: {_text(branch)}"] if branch != "main" else []
    defaults += [f"remote: {_text(remote)}"] if remote != "origin" else []
    lines = [
        "# yaml-language-server: $schema=./inventory.schema.json",
        "version: 1",
        f"root: {_text(root)}    # relative paths start here",
        f"vars: {{owner: {_text(owner)}}}",
        f"defaults: {{{', '.join([*defaults, 'templates: [project]'])}}}",
        "repos:",
    ]
    for name, checkout in zip(_names(found), found, strict=True):
        settings = [f"path: {_text(str(checkout.path))}"]
        settings += [f"branch: {_text(checkout.branch)}"] if checkout.branch != branch else []
        settings += [f"remote: {_text(checkout.remote)}"] if checkout.remote != remote else []
        lines.append(f"  {name}: {{{', '.join(settings)}}}")
    lines += ["files:", "  AGENTS.md: {mode: block}    # only our part of it; the rest stays whose it is"]
    return "\n".join(lines) + "\n"


def _usual(values: Sequence[str]) -> str:
    return Counter(values).most_common(1)[0][0]


def _names(found: Sequence[FoundCheckout]) -> list[str]:
    """Return a name for each: its folder's, or its whole path where two folders are called the same."""
    short = [_name(checkout.name) for checkout in found]
    return [
        name if short.count(name) == 1 else _name(str(checkout.path))
        for name, checkout in zip(short, found, strict=True)
    ]


def _name(text: str) -> str:
    return _NAME.sub("-", text).strip("-._") or "repository"


def _text(value: str) -> str:
    """Write a text as YAML, in quotes where it could be read as anything else."""
    if _PLAIN.match(value) and value.lower() not in _NOT_TEXT:
        return value
    return json.dumps(value, ensure_ascii=False)
