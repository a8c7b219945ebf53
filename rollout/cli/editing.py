"""Let a person edit a file's text in their own editor, chosen as git chooses it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from rollout.cli.session import Session
from rollout.cli.terminal import foreground
from rollout.cli.terminal.interrupt import Interrupt
from rollout.errors import Interrupted
from rollout.git import person
from rollout.model.plan import Change

_NAMED_BY = "set VISUAL, EDITOR, or core.editor of git"


def _chosen() -> str:
    """Return the editor that git would use, by what the person set."""
    of_git = (person.environment().get("GIT_EDITOR"), person.settings().get("core.editor"))
    return next(filter(None, (*of_git, os.environ.get("VISUAL"), os.environ.get("EDITOR"))), "vi")


def edited(at: Session, change: Change) -> bytes | None:
    """Return the file's text after the person's editor; None if that decided nothing, after saying why."""
    assert change.before is not None
    editor = _chosen()
    with tempfile.TemporaryDirectory(prefix="rollout-edit-") as folder:
        place = Path(folder) / change.path.name
        place.write_bytes(change.before.content)
        try:
            fault = _fault(editor, place, at.interrupt)
        except Interrupted:
            _keep_what_is_new(at, Path(folder), {place.name: change.before.content})
            raise
        text = place.read_bytes() if place.is_file() else change.before.content
    changed = text != change.before.content
    if changed and fault is None:
        return text
    kept = (
        f"; what it wrote is in {kept_aside(change.path.name, text)}" if changed else "; keep leaves the file as it is"
    )
    at.screen.say(f"{fault or 'it is as it was'}, so nothing is decided{kept}")
    return None


def _fault(editor: str, place: Path, interrupt: Interrupt) -> str | None:
    """Run an editor and say what is wrong with it."""
    try:
        code = _run(_words(editor, place), interrupt)
    except OSError as error:
        return f"the editor {editor!r} cannot be started ({error.strerror}; {_NAMED_BY})"
    if code in foreground.NOT_RUN:
        return f"the editor {editor!r} cannot be started ({_NAMED_BY})"
    return f"the editor {editor!r} failed (exit {code})" if code else None


def _run(words: list[str], interrupt: Interrupt) -> int:
    """Run an editor until it ends; tell it to end where a signal ends us, so that it can save what it holds."""
    with foreground.running(words, interrupt) as editor:
        return editor.wait()


def _keep_what_is_new(at: Session, folder: Path, before: Mapping[str, bytes]) -> None:
    """Keep what an editor that was ended has saved, in the file or beside it."""
    if {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()} != before:
        kept = shutil.copytree(folder, tempfile.mkdtemp(prefix="rollout-edit-"), dirs_exist_ok=True)
        at.screen.say(f"what the editor wrote is in {kept}")


def _words(editor: str, place: Path) -> list[str]:
    """Return what runs an editor; a shell only where it takes one, as with git."""
    if foreground.FOR_SHELL.search(editor):
        return ["sh", "-c", f'{editor} "$@"', editor, str(place)]
    return [*editor.split(), str(place)]


def kept_aside(name: str, text: bytes) -> Path:
    """Put a text where the person finds it."""
    place = Path(tempfile.mkdtemp(prefix="rollout-edit-")) / name
    place.write_bytes(text)
    return place
