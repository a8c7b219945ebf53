"""Answer what templates read: the files of targets as they will be after this plan, in an order without a cycle."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import PurePosixPath

from msgspec import Struct

from rollout.content.file_fault import FileFault
from rollout.content.modes.mode import Situation
from rollout.content.modes.table import strategy, traits
from rollout.fleet.load import Loaded
from rollout.fleet.parts_asked import folder_of, listed, refusal, text_of
from rollout.model.files import Desired, File, Managed, Obstacle, Slot, Snapshot
from rollout.model.inputs import Input
from rollout.model.inventory import Target
from rollout.model.line_ends import Conversion
from rollout.model.parts import Answer, Question
from rollout.rendering.formatters import Formatters
from rollout.rendering.output import Rendered, desired_of
from rollout.rendering.template_fault import TemplateFault
from rollout.targets.job import Heard, Settings
from rollout.targets.source import FileSource, NotRead

TargetPath = tuple[str, PurePosixPath]  # the name of a target, and a path in it


class Prepared(Struct, frozen=True):
    """The desired state of a target that reads files, and the commit of its own that was read."""

    desired: Desired
    heard: Heard | None


class Parts:
    """The files of an inventory's targets for one plan: each is rendered once, each target is read once."""

    def __init__(self, loaded: Loaded, settings: Settings) -> None:
        self._rendering = loaded.rendering
        self._targets = {target.name: target for target in loaded.inventory.targets}
        self._sources = {name: FileSource(target, settings) for name, target in self._targets.items()}
        self._formatters = Formatters()
        self._made: dict[TargetPath, Rendered] = {}

    def prepared(self, target: Target) -> Prepared:
        """Return the desired state of a target that reads files."""
        desired = self.desired(target)
        try:
            tip = self._sources[target.name].tip()
        except NotRead:
            tip = None  # the reason is reported where the target is looked at
        return Prepared(desired, Heard(tip) if tip else None)

    def desired(self, target: Target) -> Desired:
        """Return what a target's templates ask for, whatever they read."""
        slots = self._rendering.slots(target)
        rendered = {slot.path: self._rendered(target, slot, ()) for slot in slots}
        inputs = dict.fromkeys(one for found in rendered.values() for one in self._inputs(target, found))
        return desired_of(rendered.values(), tuple(inputs))

    def inputs(self, target: Target, slot: Slot) -> tuple[Input, ...]:
        """Return the inputs of a managed file besides its template."""
        return tuple(self._inputs(target, self._rendered(target, slot, ())))

    def _inputs(self, target: Target, rendered: Rendered) -> Iterator[Input]:
        for question, answer in rendered.read:
            name = question.target or target.name
            managed = not question.glob and self.slot(name, PurePosixPath(question.path)) is not None
            yield Input(question.path, name, answer.sha256, question.glob, managed)

    def _rendered(self, target: Target, slot: Slot, above: tuple[TargetPath, ...]) -> Rendered:
        spot = (target.name, slot.path)
        if spot not in self._made:
            reader = partial(self._answers, target, (*above, spot))
            self._made[spot] = self._rendering.rendered(target, slot, reader)
        return self._made[spot]

    def slots(self, target: Target) -> tuple[Slot, ...]:
        return tuple(self._rendering.slots(target))

    def source(self, target: Target) -> FileSource:
        return self._sources[target.name]

    def slot(self, name: str, path: PurePosixPath) -> Slot | None:
        try:
            slots = self._rendering.slots(self._targets[name])
        except (KeyError, TemplateFault):
            return None
        return next((slot for slot in slots if slot.path == path), None)

    def future(self, target: Target, path: PurePosixPath, above: tuple[TargetPath, ...] = ()) -> File | Obstacle | None:
        """Return what will be at a path; raise TemplateFault if it cannot be rendered."""
        slot = self.slot(target.name, path)
        return self._sources[target.name].at(path) if slot is None else self._wanted(target, slot, above)

    def there(self, target: Target, path: PurePosixPath, tip: str | None) -> bool | None:
        """Return None if nothing will be at a path, else whether it will be executable."""
        managed = {slot.path: slot for slot in self._rendering.slots(target)}
        if path in managed and traits(managed[path].rule.mode).writes:
            rendered = self._rendered(target, managed[path], ())
            return rendered.managed is None or rendered.managed.executable
        if any(path in one.parents and traits(slot.rule.mode).writes for one, slot in managed.items()):
            return True
        return None if path in managed else self._sources[target.name].executable(path, tip)

    def _answers(
        self, asking: Target, above: tuple[TargetPath, ...], questions: Sequence[Question]
    ) -> dict[Question, Answer]:
        self.foresee(asking, questions)
        return {question: self._answer(asking, above, question) for question in questions}

    def foresee(self, asking: Target, questions: Sequence[Question]) -> None:
        """Read all requested files of a target at once: they come in one transfer."""
        by_target: dict[str, list[PurePosixPath]] = {}
        for question in questions:
            if not question.glob and refusal(asking, self._targets, question) is None:
                by_target.setdefault(question.target or asking.name, []).append(PurePosixPath(question.path))
        for name, wanted in by_target.items():
            merged = [path for path in wanted if (slot := self.slot(name, path)) and traits(slot.rule.mode).needs_past]
            try:
                self._sources[name].look_at(wanted, merged)
            except (NotRead, OSError):
                continue  # it is reported as the answer

    def _answer(self, asking: Target, above: tuple[TargetPath, ...], question: Question) -> Answer:
        refused = refusal(asking, self._targets, question)
        if refused is not None:
            return Answer(fault=refused)
        target = self._targets[question.target or asking.name]
        try:
            if question.glob:
                return Answer(paths=tuple(self.listed(target, question.path, above[-1])))
            return self.answer_of(target, PurePosixPath(question.path), above)
        except (NotRead, TemplateFault) as error:
            return Answer(fault=str(error))
        except OSError as error:
            return Answer(fault=f"{error.filename or target.name}: {error.strerror}")

    def listed(self, target: Target, pattern: str, asking: TargetPath | None) -> list[str]:
        """Return the paths that a pattern names, in the order of their bytes."""
        source = self._sources[target.name]
        there = listed(pattern, self._rendering.slots(target), source.plain_files(folder_of(pattern)))
        own = str(asking[1]) if asking is not None and asking[0] == target.name else None
        return [path for path in there if path != own]

    def answer_of(self, target: Target, path: PurePosixPath, above: tuple[TargetPath, ...] = ()) -> Answer:
        """Return the future text of a file as a template gets it."""
        match self.future(target, path, above):
            case None:
                return Answer()
            case Obstacle(what=what):
                return Answer(fault=f"it is {what} there")
            case File(content):
                return text_of(content)

    def _wanted(self, target: Target, slot: Slot, above: tuple[TargetPath, ...]) -> File | Obstacle | None:
        """Return a managed file as it will be."""
        spot = (target.name, slot.path)
        if spot in above:
            circle = (*above[above.index(spot) :], spot)
            raise TemplateFault(f"a cycle: {' reads '.join(f'{name}:{path}' for name, path in circle)}")
        rendered = self._rendered(target, slot, above)
        if rendered.managed is None or rendered.problem is not None:
            raise TemplateFault(rendered.problem.told if rendered.problem else "it cannot be rendered")
        snapshot = self._sources[target.name].snapshot(slot.path)
        return _future_of(rendered.managed, snapshot, self._formatters)


def _future_of(item: Managed, snapshot: Snapshot, formatters: Formatters) -> File | Obstacle | None:
    """Return what a managed path will be, given what is there; raise TemplateFault if that cannot be made."""
    actual = snapshot.files.get(item.path)
    if isinstance(actual, Obstacle):
        return actual
    formatted = formatters.over(Desired((item,)))
    if formatted.problems:
        raise TemplateFault(formatted.problems[0].told)
    how = snapshot.line_ends.get(item.path, Conversion.BINARY)
    try:
        at = Situation(formatted.managed[0], actual, snapshot.written.get(item.path), how)
        return strategy(item.mode).wanted(at)
    except FileFault as error:
        raise TemplateFault(f"{error.path or item.path}: {error.what}") from None
