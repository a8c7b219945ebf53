"""The pipes to a process that we started."""

from __future__ import annotations

import subprocess


def close(process: subprocess.Popen[bytes]) -> None:
    """Close our ends of the pipes; what the process does not read any more is dropped."""
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            try:
                stream.close()
            except BrokenPipeError:
                continue
