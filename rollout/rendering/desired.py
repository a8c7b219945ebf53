"""Desired states of targets, from templates that were read once at the start."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock

from rollout.content.patterns import matches
from rollout.errors import UsageError
from rollout.model.files import Desired, Managed, Problem, Slot, TemplateFile
from rollout.model.inputs import Input
from rollout.model.inventory import FilePattern, Machine, Target
from rollout.model.parts import Answer, Question
from rollout.model.tracing import Segment
from rollout.rendering import text_faults
from rollout.rendering.asked import Common, common, digest
from rollout.rendering.bodies import Bodies
from rollout.rendering.output import Rendered, desired_of
from rollout.rendering.remembered import RememberedNames
from rollout.rendering.requests import Requests
from rollout.rendering.rounds import Reader
from rollout.rendering.slots import slots, texts
from rollout.rendering.template_fault import TemplateFault
from rollout.rendering.uses import Uses
from rollout.rendering.variables import Surroundings
from rollout.safety import secrets
from rollout.safety.flaw import Flaw
from rollout.safety.secrets import NamedSecrets

_Sets = tuple[tuple[str, ...], tuple[str, ...] | None]  # template sets, and the agents for which rules are written


def sets_of(target: Target) -> _Sets:
    return target.templates, target.agents


class Rendering:
    """The templates of an inventory, rendered in a child process that can be stopped."""

    def __init__(
        self,
        templates: Mapping[str, TemplateFile],
        patterns: tuple[FilePattern, ...],
        machines: Mapping[str, Machine],
        machine: Machine | None,
        host: str = "",
        memory: Path | None = None,
    ) -> None:
        """`memory` is the state folder, which remembers the variables that templates can read."""
        sources = _texts(templates)
        self._templates = templates
        self._patterns = patterns
        self._surroundings = Surroundings(machines, machine, host)
        self._requests = Requests(sources)
        self._uses = Uses(self._requests, RememberedNames(memory, sources), sources)
        self._bodies = Bodies(templates, self._surroundings, self._uses, self._requests)
        self._lock = Lock()
        self._slots: dict[_Sets, list[Slot]] = {}
        self._asked: dict[_Sets, Common] = {}
        self._reading: dict[_Sets, bool] = {}  # whether any of their templates may read files
        self._digests: dict[str, tuple[Target, str]] = {}  # of targets whose templates read nothing, by name
        self._secrets: tuple[Target, NamedSecrets] | None = None  # of the target rendered last

    def __enter__(self) -> Rendering:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._requests.ended(well=kind is None or issubclass(kind, Exception))
        if kind is None:
            self._uses.keep()

    @property
    def templates(self) -> Mapping[str, TemplateFile]:
        """Return the files under templates/, by their paths from there."""
        return self._templates

    @property
    def patterns(self) -> tuple[FilePattern, ...]:
        """Return the settings of `files`, by their patterns."""
        return self._patterns

    def begin(self, targets: Iterable[Target]) -> None:
        """Start the process that renders if a target has a template for it; it is ready a tenth of a second later."""
        with suppress(TemplateFault):  # reported where the target is rendered
            alike = {sets_of(target): target for target in targets}
            slots = (slot for target in alike.values() for slot in self.slots(target))
            if any(source.is_rendered for slot in slots for source in slot.sources):
                self._requests.begin()

    def slots(self, target: Target) -> list[Slot]:
        """Return the managed paths of a target."""
        with self._lock:
            if sets_of(target) not in self._slots:
                self._slots[sets_of(target)] = slots(target, self._templates, self._patterns)
            found = self._slots[sets_of(target)]
        if not target.ignores:
            return found
        return [slot for slot in found if not any(matches(pattern, str(slot.path)) for pattern in target.ignores)]

    def uses(self, slot: Slot) -> list[str] | None:
        """Return the variables that a path's templates can read, or None if only a run can tell."""
        return self._uses.of(slot)

    def reads(self, targets: Iterable[Target]) -> frozenset[str] | None:
        """Return all variables that the templates of targets can read, or None if only a run can tell."""
        try:
            return self._uses.of_all(slot for target in targets for slot in self.slots(target))
        except TemplateFault:
            return None  # reported where the target is rendered

    def asked(self, target: Target, inputs: tuple[Input, ...] = ()) -> str:
        """Return a digest of all that decides what a target's templates ask for: equal digests, equal desired states.

        `inputs` are the files that its templates read.
        """
        if inputs:
            return digest(target, self._common(target), inputs)
        known = self._digests.get(target.name)
        if known is None or known[0] is not target:
            known = self._digests[target.name] = target, digest(target, self._common(target), ())
        return known[1]

    def _common(self, target: Target) -> Common:
        if sets_of(target) not in self._asked:
            slots = self.slots(target)
            names = self._uses.of_all(slots)
            self._asked[sets_of(target)] = common(slots, names, self._templates, self._surroundings)
        return self._asked[sets_of(target)]

    def any_reads_files(self, target: Target) -> bool:
        """Tell whether a target has a template that reads files; a faulty one is reported elsewhere."""
        try:
            slots, sets = self.slots(target), sets_of(target)
            if sets not in self._reading:
                self._reading[sets] = any(map(self._uses.may_read_files, self._slots[sets]))
            return self._reading[sets] and any(self._uses.reads_files(target, slot) for slot in slots)
        except TemplateFault:
            return False

    def desired(self, target: Target) -> Desired:
        """Return the desired state from a target's templates that read no files, with their problems."""
        return desired_of(
            self.rendered(target, slot) for slot in self.slots(target) if not self._uses.reads_files(target, slot)
        )

    def without_parts(self, target: Target) -> tuple[Managed, ...]:
        """Return what a target's templates that read files say themselves: nothing stands where they read."""
        made = (
            self.rendered(target, slot, _nothing) for slot in self.slots(target) if self._uses.reads_files(target, slot)
        )
        return tuple(one.managed for one in made if one.managed is not None)

    def rendered(self, target: Target, slot: Slot, reader: Reader | None = None) -> Rendered:
        """Render one managed path; `reader` answers what its template asks for."""
        try:
            output = self._bodies.of(target, slot, reader)
        except TemplateFault as fault:
            return Rendered(None, Problem(slot.path, Flaw(str(fault)), elsewhere=fault.place is not None))
        template = self._templates[slot.template] if slot.template and not slot.parts else None
        item = _managed(slot, template, output.body)
        return Rendered(item, text_faults.problem(item, target, self.secrets_of), output.read)

    def secrets_of(self, target: Target) -> NamedSecrets:
        """Return the variables of a target with secret-looking names; no path of a file is one."""
        known = self._secrets
        if known is None or known[0] is not target:
            known = self._secrets = target, tuple(secrets.named(self._surroundings.seen(target)))
        return known[1]

    def traced(self, target: Target, slot: Slot) -> list[Segment]:
        """Return the source of each piece of a rendered managed path; raise TemplateFault if it cannot be known."""
        return self._bodies.traced(target, slot)


def _nothing(questions: Sequence[Question]) -> dict[Question, Answer]:
    return {question: Answer() if question.glob else Answer("") for question in questions}


def _managed(slot: Slot, template: TemplateFile | None, body: bytes) -> Managed:
    executable = template is not None and template.executable
    return Managed(slot.path, slot.rule.mode, body, executable, slot.rule, slot.set, slot.template or "", slot.rules)


def _texts(templates: Mapping[str, TemplateFile]) -> dict[str, str]:
    try:
        return texts(templates.values())
    except TemplateFault as fault:
        raise UsageError(fault.mistake) from fault
