"""Let a person edit a file's text in their own editor."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path

from rollout.model.plan import Change


def edited(change: Change) -> bytes | None:
    """Return the file's text after the person's editor; None if the editor failed or nothing was changed."""
    assert change.before is not None
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    with tempfile.TemporaryDirectory(prefix="rollout-edit-") as folder:
        place = Path(folder) / change.path.name
        place.write_bytes(change.before.content)
        done = subprocess.run([*shlex.split(editor), str(place)], check=False)
        text = place.read_bytes()
        return text if done.returncode == 0 and text != change.before.content else None
