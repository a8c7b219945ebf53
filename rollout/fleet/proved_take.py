"""Prove a change of templates or variables before it is written: it makes the wanted file, and blocks no target."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from msgspec import Struct, field
from msgspec.structs import replace

from rollout.content.agents import table
from rollout.content.kept_ends import with_end
from rollout.content.modes.table import strategy, traits
from rollout.errors import Refused, RolloutError
from rollout.fleet.limits import judged
from rollout.fleet.load import Loaded
from rollout.fleet.new_values import NewValue, SetElsewhere, with_values
from rollout.fleet.parts import Parts
from rollout.fleet.pointers import astray
from rollout.inventory.read import Overrides, parse
from rollout.machine import files
from rollout.model.action import Action
from rollout.model.circumstances import Decisions
from rollout.model.files import Desired, File, Managed, Slot, TemplateFile
from rollout.model.inventory import Inventory, SetWhere, Target
from rollout.model.plan import Change, Step
from rollout.planning.changes import change_for
from rollout.planning.taking import read_as_code
from rollout.rendering import mistakes
from rollout.rendering import templates as template_files
from rollout.rendering.checks import FileChecks
from rollout.rendering.desired import Rendering
from rollout.rendering.formatters import Formatters
from rollout.targets.job import Settings
from rollout.targets.source import NotRead

_NOT_EXACTLY = "the same text of the template, or the same variable, makes other lines too"


class Taking(Struct, frozen=True):
    """What to write: templates by name and the inventory; and which targets' files change by it."""

    templates: Mapping[str, TemplateFile]
    values: tuple[NewValue, ...] = ()
    inventory: tuple[bytes, bytes] | None = None  # as it was read, and as it is to be
    others: tuple[str, ...] = ()
    also: tuple[PurePosixPath, ...] = ()  # further files of the target itself that change by that
    left: Change | None = None  # what the file needs then, where the template had changed before the person did
    unchecked: tuple[str, ...] = ()  # others whose file is checked as a whole, which needs a look at it


class TakeRequest(Struct, frozen=True):
    """The person's change to take, the step that it stands in, and where variables may be set."""

    target: Target
    slot: Slot
    item: Managed
    change: Change
    step: Step
    where: SetWhere | None = None
    overrides: Overrides = Overrides()


def refused(asked: TakeRequest, why: str) -> Refused:
    return Refused(f"{asked.target.name}: {asked.slot.path}: cannot be taken back: {why}")


def proved(loaded: Loaded, asked: TakeRequest, found: Taking, wanted: bytes, settings: Settings) -> Taking:
    """Return what was found if the target is as wanted then and nothing is blocked by it; else raise Refused.

    `wanted` is what the template should produce. `asked.where` says whether to write the inventory.
    """
    read = files.read_named(loaded.inventory.path)
    try:
        text = with_values(read, asked.target, asked.where, found.values)
    except SetElsewhere as elsewhere:
        raise refused(asked, str(elsewhere)) from elsewhere
    inventory = _parsed(loaded, asked, text) if found.values else loaded.inventory
    new = {**loaded.rendering.templates, **found.templates}
    try:
        with Rendering(new, inventory.patterns, inventory.machines, loaded.machine) as rendering:
            mistakes.check(rendering, inventory.targets)
            later = replace(loaded, inventory=inventory, rendering=rendering)
            left = _as_wanted(loaded, later, asked, wanted, settings)
            others = tuple(_others(loaded, later, asked))
            unchecked = others if _checks_whole_files(asked) else ()
            also = tuple(_also(loaded, later, asked))
    except RolloutError as error:
        lines = _lines_of_code(asked, wanted)
        if lines:
            raise Refused(*(refused(asked, line).mistakes[0] for line in lines)) from error
        raise error if isinstance(error, Refused) else refused(asked, str(error)) from error
    written = asked.where is not None and text != read
    inventories = (read, text) if written else None
    return replace(found, inventory=inventories, others=others, also=also, left=left, unchecked=unchecked)


def _as_wanted(loaded: Loaded, later: Loaded, asked: TakeRequest, wanted: bytes, settings: Settings) -> Change | None:
    """Return what the file needs then, which is what the template had changed before; raise Refused if it is more."""
    target, path = _named(later, asked.target.name), asked.slot.path
    parts = _parts(later, asked, settings)
    desired = _desired(parts, target)
    item = next((one for one in desired.managed if one.path == path), None)
    blocking = _blocking(later, asked, parts, desired)
    if blocking:
        before = _parts(loaded, asked, settings)
        blocking = _new(blocking, _blocking(loaded, asked, before, _desired(before, asked.target)))
    if blocking:
        raise refused(asked, f"rollout plan would block it then: {'; '.join(blocking.values())}")
    if item is None or path in {problem.path for problem in desired.problems}:
        raise refused(asked, _NOT_EXACTLY)
    try:
        snapshot = parts.source(target).snapshot(path)
    except NotRead as error:
        raise refused(asked, str(error)) from error
    if snapshot.files.get(path) != asked.change.before:
        raise refused(asked, "somebody has changed it since; run the command again")
    left = change_for(item, replace(snapshot, kept={}, held={}), Decisions())
    if left is not None and (left.action is Action.ERROR or not _told_by(asked, item, left.after, wanted)):
        raise refused(asked, left.told if left.action is Action.ERROR else _otherwise(left.after, wanted))
    return left


def _otherwise(after: File | None, wanted: bytes) -> str:
    if after is None or with_end(after.content, b"\n") != with_end(wanted, b"\n"):
        return _NOT_EXACTLY
    return "the repository's attributes, or another text of the template, end its lines otherwise"


def _told_by(asked: TakeRequest, item: Managed, after: File | None, wanted: bytes) -> bool:
    """Tell whether what is left to write is only what the template had changed before the person did."""
    if after is None:
        return False
    if traits(item.mode).shared:
        part = strategy(item.mode).part
        return part(item, after) == part(replace(item, body=wanted), None)
    if after.content == wanted:
        return asked.change.before is None or wanted != asked.change.before.content
    return bool(asked.slot.parts) and table.say_the_same(item.path, after.content, wanted)


def _named(loaded: Loaded, name: str) -> Target:
    return next(target for target in loaded.inventory.targets if target.name == name)


def _parts(loaded: Loaded, asked: TakeRequest, settings: Settings) -> Parts:
    parts = Parts(loaded, settings)
    parts.source(_named(loaded, asked.target.name)).hear(asked.step.base)
    return parts


def _desired(parts: Parts, target: Target) -> Desired:
    return FileChecks().over(Formatters().over(parts.desired(target)))


def _blocking(loaded: Loaded, asked: TakeRequest, parts: Parts, desired: Desired) -> dict[str, str]:
    """Return what blocks the target: its texts one by one, what they refer to, and all of them together."""
    target = _named(loaded, asked.target.name)
    findings = (
        *astray(loaded.inventory, target, desired, asked.step, parts, everywhere=True),
        *judged(loaded.inventory, target, parts).findings,
    )
    return _faults(desired) | {f"{one.where} {one.path}": one.told for one in findings if one.blocks}


def _faults(desired: Desired) -> dict[str, str]:
    return {str(problem.path): problem.told for problem in desired.problems}


def _new(faults: dict[str, str], before: Container[str]) -> dict[str, str]:
    return {at: told for at, told in faults.items() if at not in before}


def _lines_of_code(asked: TakeRequest, wanted: bytes) -> list[str]:
    """Return the lines of a person that a template would not read as text."""
    if not asked.slot.is_rendered or asked.change.before is None:
        return []
    told = strategy(asked.item.mode).part(asked.item, None) or b""
    theirs = strategy(asked.item.mode).part(replace(asked.item, body=wanted), None) or b""
    above = _lines_above(asked.change.before.content.replace(b"\r\n", b"\n"), theirs)
    return read_as_code(
        told.decode(errors="replace"), theirs.decode(errors="replace"), asked.slot.rule.delimiters, above
    )


def _lines_above(content: bytes, part: bytes) -> int:
    return content.count(b"\n", 0, max(content.find(part), 0))


def _others(loaded: Loaded, later: Loaded, asked: TakeRequest) -> Iterator[str]:
    """Yield the targets whose files will change; raise Refused for one that would be blocked by that."""
    before = {target.name: target for target in loaded.inventory.targets}
    tried = _Tried()
    for target in later.inventory.targets:
        if target.name != asked.target.name and target.name in before:
            was, will = loaded.rendering.desired(before[target.name]), later.rendering.desired(target)
            differs = _asks(was.managed) != _asks(will.managed)
            new = _new(_faults(tried.over(will, was) if differs else will), _faults(was))
            new = _new(new, _faults(tried.over(was, will))) if new else new
            if new:
                raise refused(asked, f"rollout plan would block {target.name} then: {'; '.join(new.values())}")
            if differs:
                yield target.name


class _Tried(Struct):
    """What formatters and checks say, remembered for all targets."""

    formatters: Formatters = field(default_factory=Formatters)
    checks: FileChecks = field(default_factory=FileChecks)

    def over(self, desired: Desired, other: Desired) -> Desired:
        """Return the files that differ from the other state, with what is wrong with them."""
        known = _asks(other.managed)
        differing = tuple(item for item in desired.managed if known.get(item.path) != item.asks)
        return self.checks.over(self.formatters.over(replace(desired, managed=differing)))


def _checks_whole_files(asked: TakeRequest) -> bool:
    return asked.slot.rule.check is not None and traits(asked.slot.rule.mode).partial


def _asks(managed: Iterable[Managed]) -> dict[PurePosixPath, str]:
    return {item.path: item.asks for item in managed}


def _also(loaded: Loaded, later: Loaded, asked: TakeRequest) -> Iterator[PurePosixPath]:
    """Yield the other files of the target itself that will say something else."""
    before = _asks(loaded.rendering.desired(asked.target).managed)
    for item in later.rendering.desired(_named(later, asked.target.name)).managed:
        if item.path != asked.slot.path and before.get(item.path) != item.asks:
            yield item.path


def _parsed(loaded: Loaded, asked: TakeRequest, text: bytes) -> Inventory:
    old = loaded.inventory
    names = template_files.set_names(dict(loaded.rendering.templates), old.path.parent / "templates")
    try:
        return parse(
            text.decode("utf-8-sig"), old.path, shown=loaded.shown, sets=names, overrides=asked.overrides
        )  # fmt: skip
    except RolloutError as error:
        raise refused(asked, f"the inventory cannot say so: {error}") from error
