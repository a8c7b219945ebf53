"""Find the template of each managed path."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from rollout.content.agents.rule import is_rule
from rollout.errors import Mistake
from rollout.inventory.rules import names_itself, rule_for
from rollout.model.files import RENDERED, Slot, TemplateFile
from rollout.model.inventory import FilePattern, Target
from rollout.rendering.rules import faults, with_rules
from rollout.rendering.template_fault import TemplateFault
from rollout.safety import paths

_MARKS = re.compile(r"\{\{.*\}\}|\{%.*%\}|<<.*>>|<%.*%>", re.DOTALL)


def slots(target: Target, templates: Mapping[str, TemplateFile], patterns: tuple[FilePattern, ...]) -> list[Slot]:
    """Return the managed paths of a target in order of path; a later set replaces a path of an earlier one.

    Raises TemplateFault for a path that must not be managed or that collides with another.
    """
    found = with_rules(target, named(target, templates, patterns), templates, patterns)
    for pattern in patterns:
        path = PurePosixPath(pattern.pattern.strip("/"))
        if names_itself(pattern) and path not in found:
            slot = Slot(path, "", None, rule_for(patterns, str(path)))
            if not paths.collisions([*found, path]):
                found[path] = slot
    for one, other, why in paths.collisions(found):
        beside = f"{other} cannot stand beside {one} of templates/{found[one].template}"
        raise TemplateFault.of(found[other].template or "", f"{beside}: {why}; rename one of them")
    return [found[path] for path in sorted(found)]


def named(
    target: Target, templates: Mapping[str, TemplateFile], patterns: tuple[FilePattern, ...]
) -> dict[PurePosixPath, Slot]:
    """Return what the template sets of a target name: paths to write, and rules."""
    found: dict[PurePosixPath, Slot] = {}
    for set_name in target.templates:
        for name, path in set_paths(set_name, templates).items():
            found[path] = Slot(path, set_name, name, rule_for(patterns, str(path)))
    return found


def named_rules(target: Target, templates: Mapping[str, TemplateFile], patterns: tuple[FilePattern, ...]) -> list[Slot]:
    """Return the rules of a target that agents read, also those that no agent of this target reads."""
    if target.agents is None:
        return []
    return [slot for path, slot in named(target, templates, patterns).items() if is_rule(path)]


def all_mistakes(
    target: Target, templates: Mapping[str, TemplateFile], patterns: tuple[FilePattern, ...]
) -> list[Mistake]:
    """Return all that is wrong with the rules of a target."""
    try:
        found = {slot.path: slot for slot in named_rules(target, templates, patterns)}
    except TemplateFault:
        return []
    return [fault.mistake for fault in faults(found, templates)]


def set_paths(set_name: str, templates: Mapping[str, TemplateFile]) -> dict[str, PurePosixPath]:
    """Return template name -> managed path for one template set."""
    found: dict[str, PurePosixPath] = {}
    claimed: dict[PurePosixPath, str] = {}
    prefix = set_name + "/"
    for name in sorted(templates):
        if not name.startswith(prefix):
            continue
        path = PurePosixPath(name[len(prefix) :].removesuffix(RENDERED))
        why = paths.refusal(str(path))
        if why:
            raise TemplateFault.of(name, f"the path {str(path)!r} {why}")
        if _MARKS.search(str(path)):
            raise TemplateFault.of(
                name,
                "the name of a template is not rendered; write the name that the file has, and "
                "give targets whose names differ template sets of their own",
            )
        if path in claimed:
            raise TemplateFault.of(name, f"{path} comes from templates/{claimed[path]} too; keep one")
        claimed[path] = name
        found[name] = path
    return found


def texts(templates: Iterable[TemplateFile]) -> dict[str, str]:
    """Return the text of every `.j2` template; raise TemplateFault for one that is not UTF-8."""
    found = {}
    for template in templates:
        if template.is_rendered:
            try:
                found[template.name] = template.content.decode()
            except UnicodeDecodeError as error:
                raise TemplateFault.not_text(template.name, error) from error
    return found
