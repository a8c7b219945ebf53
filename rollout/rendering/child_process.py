"""Render in a process that can be stopped."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from rollout.content import spelled
from rollout.rendering.jinja import TemplateFault

_SECONDS = 10.0  # wall clock for one template; a person's template takes a millisecond


class TemplateLimit(TemplateFault):
    """A template that took too long, or all the memory it may have."""


class Child:
    """One render process, started when first asked and replaced when it had to be stopped."""

    def __init__(self, templates: Mapping[str, str]) -> None:
        self._templates = templates
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        process = self._started()
        assert process.stdin is not None
        try:
            process.stdin.write(spelled.dumps(request).encode() + b"\n")
            process.stdin.flush()
            line = self._line(process)
        except (BrokenPipeError, EOFError):
            self.close()
            raise TemplateLimit(
                f"templates/{request['name']}: template limit: rendering it ended the renderer"
            ) from None
        except TimeoutError:
            self.close()
            raise TemplateLimit(
                f"templates/{request['name']}: template limit: takes more than {_SECONDS:.0f} seconds"
            ) from None
        reply: dict[str, Any] = json.loads(line)
        if "fault" in reply:
            raise TemplateFault(reply["fault"])
        return reply

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            environment = {"PATH": os.defpath, "PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8"}
            if "PYTHONPATH" in os.environ:
                environment["PYTHONPATH"] = os.environ["PYTHONPATH"]
            self._process = subprocess.Popen(
                # -P: no module is taken from the folder it runs in. What it complains of could hold a variable's value.
                [sys.executable, "-P", "-m", "rollout.rendering.child_main"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env=environment,
                start_new_session=True,
            )
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(dict(self._templates)).encode() + b"\n")
            self._process.stdin.flush()
        return self._process

    def _line(self, process: subprocess.Popen[bytes]) -> bytes:
        """Read one line within the time limit; the pipe is read unbuffered, so nothing hides from the selector."""
        assert process.stdout is not None
        descriptor = process.stdout.fileno()
        received = bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_READ)
            while not received.endswith(b"\n"):
                if not selector.select(_SECONDS):
                    raise TimeoutError
                piece = os.read(descriptor, 1 << 16)
                if not piece:
                    raise EOFError
                received += piece
        return bytes(received)

    def close(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except BrokenPipeError:
                    continue
        process.wait()
