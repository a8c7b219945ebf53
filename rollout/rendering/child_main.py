"""The process that renders: bounded in memory, without network or files, one JSON line in and one out."""

from __future__ import annotations

import json
import resource
import sys
from typing import Any

from msgspec.structs import astuple

from rollout.content import spelled
from rollout.model.parts import Answer, Question

_MEMORY = 1 << 30  # bytes of address space a hostile template may take


def main() -> None:
    from rollout.rendering.jinja import Renderer

    _bound()
    templates = json.loads(sys.stdin.buffer.readline())
    renderer = Renderer(templates)
    for line in sys.stdin.buffer:
        reply = json.dumps(_answer(renderer, spelled.loads(line)))
        sys.stdout.buffer.write(reply.encode() + b"\n")
        sys.stdout.buffer.flush()


def _bound() -> None:
    for limit, value in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_AS, _MEMORY)):
        try:
            resource.setrlimit(limit, (value, value))
        except (ValueError, OSError):  # macOS knows no bound on address space
            continue


def _answer(renderer: Any, request: dict[str, Any]) -> dict[str, Any]:
    from rollout.rendering.jinja import TemplateFault
    from rollout.rendering.reading import Unanswered

    try:
        if request["ask"] == "uses":
            return {"uses": renderer.uses(request["name"], request["delimiters"])}
        body = renderer.render(request["name"], request["delimiters"], request["variables"], _answers(request))
        return {"body": body.decode(), "used": [list(astuple(question)) for question in renderer.used]}
    except Unanswered as unanswered:
        return {"open": [list(astuple(question)) for question in unanswered.questions]}
    except TemplateFault as fault:
        return {"fault": str(fault)}
    except (MemoryError, RecursionError) as error:
        return {"fault": f"templates/{request['name']}: template limit: {type(error).__name__}"}


def _answers(request: dict[str, Any]) -> dict[Question, Answer]:
    given = request.get("answers", ())
    return {Question(*question): Answer(text, tuple(paths), fault) for question, (text, paths, fault) in given}


if __name__ == "__main__":
    main()
