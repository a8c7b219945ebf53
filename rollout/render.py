"""Templates become bytes: which template a managed path has, and what it says with a target's variables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from rollout import paths, policies
from rollout.inventory import rule_for
from rollout.model import FilePattern, FileRule, Folder, Machine, Mode, Slot, Target, TemplateFile
from rollout.sandbox import TemplateFault

SUFFIX = ".j2"
_MARKS = re.compile(r"\{\{.*\}\}|\{%.*%\}|<<.*>>|<%.*%>", re.DOTALL)


def slots(target: Target, templates: Mapping[str, TemplateFile], patterns: tuple[FilePattern, ...]) -> list[Slot]:
    """Return the managed paths of a target in order of path; a later set replaces a path of an earlier one.

    Raises TemplateFault for a path that must not be managed or that collides with another.
    """
    found: dict[PurePosixPath, Slot] = {}
    for set_name in target.templates:
        for name, path in set_paths(set_name, templates).items():
            found[path] = Slot(path, set_name, name, rule_for(patterns, str(path)))
    for pattern in patterns:
        path = PurePosixPath(pattern.pattern.strip("/"))
        if pattern.settings.get("mode") == Mode.ABSENT and _exact(pattern.pattern) and path not in found:
            slot = Slot(path, "", None, rule_for(patterns, str(path)))
            if not paths.collisions([*found, path]):
                found[path] = slot
    for one, other, why in paths.collisions(found):
        raise TemplateFault(f"{target.name}: the managed paths {one} and {other} cannot stand side by side: they {why}")
    return [found[path] for path in sorted(found)]


def _exact(pattern: str) -> bool:
    return not any(c in pattern for c in "*?[\\") and not pattern.endswith("/")


def set_paths(set_name: str, templates: Mapping[str, TemplateFile]) -> dict[str, PurePosixPath]:
    """Return template name -> managed path for one template set."""
    found: dict[str, PurePosixPath] = {}
    claimed: dict[PurePosixPath, str] = {}
    prefix = set_name + "/"
    for name in sorted(templates):
        if not name.startswith(prefix):
            continue
        path = PurePosixPath(name[len(prefix) :].removesuffix(SUFFIX))
        why = paths.refusal(str(path))
        if why:
            raise TemplateFault(f"templates/{name}: the path {str(path)!r} {why}")
        if _MARKS.search(str(path)):
            raise TemplateFault(
                f"templates/{name}: the name of a template is not rendered; write the name that the file has, and "
                "give targets whose names differ template sets of their own"
            )
        if path in claimed:
            raise TemplateFault(f"templates/{name}: {path} comes from templates/{claimed[path]} too; keep one")
        claimed[path] = name
        found[name] = path
    return found


def context(
    target: Target, path: PurePosixPath, machines: Mapping[str, Machine], machine: Machine | None
) -> dict[str, Any]:
    """Return all that a template may see; a repository's templates never see the current machine."""
    seen: dict[str, Any] = {name: variable.value for name, variable in target.variables.items()}
    seen["target"] = {
        "name": target.name,
        "kind": target.kind,
        "branch": target.branch,
        "groups": list(target.groups),
    }
    seen["path"] = str(path)
    seen["machines"] = {m.name: _machine(m) for m in machines.values()}
    if isinstance(target.location, Folder) and machine is not None:
        seen["machine"] = {"name": machine.name, **_machine(machine)}
    return seen


def _machine(machine: Machine) -> dict[str, Any]:
    return {
        "hostnames": list(machine.hostnames),
        "vars": {name: variable.value for name, variable in machine.variables.items()},
    }


def written_fault(body: bytes, rule: FileRule, path: PurePosixPath) -> str | None:
    """Say which policy or bound a text breaks that rollout is to write, or None."""
    return policies.broken(body, rule, path) or policy_fault(body, rule, path)


def policy_fault(content: bytes, rule: FileRule, path: PurePosixPath) -> str | None:
    """Say which bound a rendered file breaks, or None."""
    if rule.max_chars is not None:
        chars = len(content.decode("utf-8", "replace"))
        if chars > rule.max_chars:
            return f"{path}: has {chars:,} characters; max_chars is {rule.max_chars:,}"
    if rule.max_lines is not None:
        lines = content.count(b"\n") + bool(content and not content.endswith(b"\n"))
        if lines > rule.max_lines:
            return f"{path}: has {lines:,} lines; max_lines is {rule.max_lines:,}"
    return None


def texts(templates: Iterable[TemplateFile]) -> dict[str, str]:
    """Return the text of every `.j2` template; raise TemplateFault for one that is not UTF-8."""
    found = {}
    for template in templates:
        if template.name.endswith(SUFFIX):
            try:
                found[template.name] = template.content.decode()
            except UnicodeDecodeError as error:
                raise TemplateFault(f"templates/{template.name}: is not UTF-8 (byte {error.start})") from error
    return found
