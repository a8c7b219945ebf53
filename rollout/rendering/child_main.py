"""The process that renders: bounded in memory, without network or files, one JSON line in and one out."""

from __future__ import annotations

import json
import resource
import sys
from typing import TYPE_CHECKING, Any, assert_never

from rollout.content import spelled
from rollout.errors import Place
from rollout.rendering.child_request import Ask, ChildRequest, request_in

if TYPE_CHECKING:
    from rollout.rendering.jinja import Renderer

_MEMORY = 1 << 30  # bytes of address space that a hostile template may use
_SPENT = (
    MemoryError,
    RecursionError,
)  # after these a process renders nothing else: we cannot know how much memory it has left


def main() -> None:
    from rollout.rendering.jinja import Renderer

    _bound()
    renderer = Renderer({})
    for line in sys.stdin.buffer:
        message = spelled.loads(line)
        if "templates" in message:
            renderer = Renderer(message["templates"])
            reply: dict[str, Any] = {}
        else:
            reply = _answer(renderer, request_in(message))
        sys.stdout.buffer.write(json.dumps(reply).encode() + b"\n")
        sys.stdout.buffer.flush()


def _bound() -> None:
    for limit, value in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_AS, _MEMORY)):
        try:
            resource.setrlimit(limit, (value, value))
        except (ValueError, OSError):  # macOS has no limit on address space
            continue


def _answer(renderer: Renderer, request: ChildRequest) -> dict[str, Any]:
    from rollout.rendering.reading import Unanswered
    from rollout.rendering.template_fault import TemplateFault

    try:
        return _found(renderer, request)
    except Unanswered as unanswered:
        return {"open": [list(question) for question in unanswered.questions]}
    except TemplateFault as fault:
        return {"fault": [fault.what, fault.place, fault.missing], "spent": isinstance(fault.__cause__, _SPENT)}
    except _SPENT as error:
        place = Place(f"templates/{request.name}")
        return {"fault": [f"template limit: {type(error).__name__}", place, None], "spent": True}


def _found(renderer: Renderer, request: ChildRequest) -> dict[str, Any]:
    ask, name, delimiters, variables, answers = request
    match ask:
        case Ask.USES:
            return {"uses": renderer.uses(name, delimiters)}
        case Ask.TRACE:
            return {"segments": [list(segment) for segment in renderer.traced(name, delimiters, variables)]}
        case Ask.RENDER:
            body = renderer.render(name, delimiters, variables, answers)
            return {"body": body.decode(), "used": [list(question) for question in renderer.used]}
        case never:
            assert_never(never)


if __name__ == "__main__":
    main()
