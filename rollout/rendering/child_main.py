"""The process that renders: bounded in memory, without network or files, one JSON line in and one out."""

from __future__ import annotations

import json
import resource
import sys
from typing import Any

from rollout.content import spelled

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

    try:
        if request["ask"] == "uses":
            return {"uses": renderer.uses(request["name"], request["delimiters"])}
        body = renderer.render(request["name"], request["delimiters"], request["variables"])
        return {"body": body.decode()}
    except TemplateFault as fault:
        return {"fault": str(fault)}
    except (MemoryError, RecursionError) as error:
        return {"fault": f"templates/{request['name']}: template limit: {type(error).__name__}"}


if __name__ == "__main__":
    main()
