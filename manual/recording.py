"""The recording in the README, from a real run: `python -m manual.recording` writes docs/assets/recording.svg."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Mapping
from fcntl import ioctl
from pathlib import Path

from msgspec import Struct

from manual.generated import TOP
from manual.terminal_svg import COLUMNS, ROWS, Screen, svg, wrapped

FILE = TOP / "docs/assets/recording.svg"
TITLE = "rollout in a terminal: plan, apply, status, and a colleague's change taken back into the template"
_SANDBOX = r"""
set -e
for name in api web worker; do
    git init -q --bare -b main servers/$name.git
    git init -q -b main work/$name
    git -C work/$name remote add origin "$PWD/servers/$name.git"
    git -C work/$name commit -q --allow-empty -m Begin
    git -C work/$name push -q -u origin main
done
mkdir -p fleet/templates/project
cat >fleet/inventory.yaml <<'X'
version: 1
root: ../work
defaults: {templates: [project]}
repos: {api: {path: api}, web: {path: web}, worker: {path: worker}}
X
cat >fleet/templates/project/AGENTS.md <<'X'
# For coding agents

Run the tests before you push.
Ask before you change the schema.
X
"""
_BO = r"""
git clone -q servers/web.git bo && cd bo
echo "Say in the body of every commit why it is there." >>AGENTS.md
git -c user.name=Bo commit -q -a -m "Reasons, please" && git push -q
"""


class Scene(Struct, frozen=True):
    """A command as it is typed, what is answered to its questions, what happens before, and how long one reads it."""

    typed: str
    seconds: float
    answers: str = ""
    before: str = ""
    note: str = ""


STORY = (
    Scene("rollout plan", 5, note="# three repositories, one template: AGENTS.md"),
    Scene("rollout apply --yes --quiet", 3),
    Scene("rollout status", 4),
    Scene("rollout plan --no-diff", 6, before=_BO, note="# Bo has changed AGENTS.md in web"),
    Scene("rollout take web AGENTS.md", 5, answers="y\n"),
    Scene("rollout apply --yes --quiet", 6),
)


def recorded(where: Path | None = None, programs: Path | None = None) -> list[Screen]:
    """Run the story in a sandbox of its own and return its screens.

    The sandbox is in this folder or with what is temporary; the program is in that folder or beside Python.
    """
    with tempfile.TemporaryDirectory(dir=where) as folder:
        top = Path(folder)
        environment = _environment(top, programs or Path(sys.executable).parent)
        subprocess.run(["bash", "-c", _SANDBOX], cwd=top, env=environment, check=True)
        return _screens(top, environment)


def _environment(top: Path, programs: Path) -> Mapping[str, str]:
    settings = top / "gitconfig"
    settings.write_text("[user]\n\tname = Pat Person\n\temail = pat@example.org\n[gc]\n\tauto = 0\n")
    return {
        "HOME": str(top),
        "PATH": f"{programs}:{os.environ['PATH']}",
        "GIT_CONFIG_GLOBAL": str(settings),
        "GIT_CONFIG_NOSYSTEM": "1",
        "ROLLOUT_STATE_DIR": str(top / "state"),
        "TERM": "xterm-256color",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
    }


def _screens(top: Path, environment: Mapping[str, str]) -> list[Screen]:
    lines: list[str] = []
    screens: list[Screen] = []
    for scene in STORY:
        if scene.before:
            subprocess.run(["bash", "-c", scene.before], cwd=top, env=environment, check=True)
        if scene.note:
            lines += ["", f"\x1b[2m{scene.note}\x1b[0m"] if lines else [f"\x1b[2m{scene.note}\x1b[0m"]
        lines.append(f"\x1b[32m$\x1b[0m \x1b[1m{scene.typed}\x1b[0m")
        screens.append(Screen(tuple(lines), 1.2))
        lines += wrapped(said(scene, top / "fleet", environment))
        screens.append(Screen(tuple(lines), scene.seconds))
    return screens


def said(scene: Scene, folder: Path, environment: Mapping[str, str]) -> str:
    """Return what a command says on a terminal of the picture's size."""
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    words = scene.typed.split()
    program = shutil.which(words[0], path=environment["PATH"])
    assert program is not None, words[0]
    process = subprocess.Popen(
        [program, *words[1:]],
        cwd=folder,
        env=environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    text = _heard(ours, scene.answers.encode())
    assert process.wait(timeout=60) == 0, text
    return _settled(text)


def _heard(terminal: int, answers: bytes) -> str:
    """Return what is written, and answer when a question is asked."""
    heard = b""
    while select.select([terminal], [], [], 60)[0]:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        heard += piece
        if answers and b"[y/N]" in heard.rpartition(b"\n")[2]:
            os.write(terminal, answers)
            answers = b""
    os.close(terminal)
    return heard.decode()


def _settled(text: str) -> str:
    """Return what stays of what was written: a line that was written over shows what came last."""
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(re.sub(r"\x1b\[(?!\d*(?:;\d+)*m)[\d;?]*[A-Za-z]", "", line.rpartition("\r")[2]) for line in lines)


if __name__ == "__main__":
    FILE.write_text(svg(recorded(), TITLE))
