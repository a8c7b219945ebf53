"""Render the texts of managed paths, each template once for each distinct set of variables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import Lock

from rollout.content import spelled
from rollout.content.modes.table import traits
from rollout.model.files import Excerpt, Slot, TemplateFile, is_rendered
from rollout.model.inventory import Target
from rollout.model.tracing import Segment
from rollout.rendering import rounds
from rollout.rendering.child_request import NamedTemplate
from rollout.rendering.output import Output
from rollout.rendering.requests import Requests, Variables
from rollout.rendering.rounds import Reader
from rollout.rendering.rules import own_text, text_of, within
from rollout.rendering.template_fault import TemplateFault
from rollout.rendering.uses import Uses, name_of
from rollout.rendering.variables import Surroundings


class Bodies:
    """The texts of managed paths of all targets; each method raises TemplateFault for one that cannot be made."""

    def __init__(
        self, templates: Mapping[str, TemplateFile], surroundings: Surroundings, uses: Uses, requests: Requests
    ) -> None:
        self._templates = templates
        self._surroundings = surroundings
        self._uses = uses
        self._requests = requests
        self._lock = Lock()
        self._known: dict[tuple[NamedTemplate, str], bytes | TemplateFault] = {}

    def of(self, target: Target, slot: Slot, reader: Reader | None) -> Output:
        """Return the text of a managed path; `reader` answers what its templates ask for."""
        if slot.template is None or not traits(slot.rule.mode).writes:
            return Output(b"")
        if slot.parts:
            return self._of_parts(target, slot.parts, reader)
        if not slot.is_rendered:
            return Output(self._templates[slot.template].content)
        try:
            return self._rendered(target, slot, reader)
        except TemplateFault as fault:
            hint = self._surroundings.why_no_machine(target) if fault.missing == "machine" else ""
            raise TemplateFault(f"{fault.what}{hint}", fault.place, fault.missing) from None

    def _of_parts(self, target: Target, parts: Sequence[str | Excerpt], reader: Reader | None) -> Output:
        """Put a file together that is made of rules."""
        made = [Output(part.encode()) if isinstance(part, str) else self._part(target, part, reader) for part in parts]
        read = dict.fromkeys(one for part in made for one in part.read)
        return Output(b"".join(part.body for part in made), tuple(read))

    def _part(self, target: Target, part: Excerpt, reader: Reader | None) -> Output:
        whole = self.of(target, part.slot, reader)
        text = whole.body.decode().replace("\r\n", "\n")
        start, end = text_of(part, text)
        return Output(text[start:end].encode(), whole.read)

    def _rendered(self, target: Target, slot: Slot, reader: Reader | None) -> Output:
        template = name_of(slot)
        used = self._uses.of(slot)
        everything = self._surroundings.seen(target, slot.path)
        variables = everything if used is None else {name: everything[name] for name in used if name in everything}
        if not self._uses.reads_files(target, slot):
            return Output(self._once(template, variables))
        if reader is None:
            raise TemplateFault.of(template[0], "reads files, which is done when targets are looked at")
        return rounds.rendered(self._requests, template, variables, reader)

    def _once(self, template: NamedTemplate, variables: Variables) -> bytes:
        """Return the text of a template that reads no files."""
        key = (template, spelled.dumps(variables, sort_keys=True))
        with self._lock:
            if key not in self._known:
                self._known[key] = self._made(template, variables)
            found = self._known[key]
        if isinstance(found, TemplateFault):
            raise found
        return found

    def _made(self, template: NamedTemplate, variables: Variables) -> bytes | TemplateFault:
        try:
            return self._requests.made(template, variables).body
        except TemplateFault as fault:
            return fault

    def traced(self, target: Target, slot: Slot) -> list[Segment]:
        """Return the source of each piece of a managed path's text."""
        assert slot.template is not None
        if slot.parts:
            return [piece for part in slot.parts for piece in self._traced_part(target, part)]
        if self._uses.reads_files(target, slot):
            raise TemplateFault.of(slot.template, "reads files; change the text in those files")
        if not is_rendered(slot.template):
            return [own_text(slot.template, self._templates[slot.template])]
        return self._requests.traced(name_of(slot), self._surroundings.seen(target, slot.path))

    def _traced_part(self, target: Target, part: str | Excerpt) -> list[Segment]:
        if isinstance(part, str):
            return [Segment(part, "", 0, 0, 1, literal=False)]
        found = self.traced(target, part.slot)
        return within(found, *text_of(part, "".join(segment.text for segment in found)))
