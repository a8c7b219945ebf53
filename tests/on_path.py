"""The program on the PATH of a shell: a small one that has the real one forked, and ends as that ends.

Its start costs a tenth of the program's. What tests the start itself takes the program that is installed. A program
that starts itself by its interpreter (`sys.executable -P -m rollout`) is given `interpreter`, which does the same.
"""

from __future__ import annotations

import atexit
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

_ROOT = str(Path(__file__).parents[1])
_INTERPRETER = """\
#!/bin/sh
if [ "$1 $2 $3" = "-P -m rollout" ]; then shift 3; exec {rollout} "$@"; fi
exec {python} "$@"
"""
# Written with what Python has loaded when it starts, and little more: `json` and `socket` cost more than all the rest.
_ASKING = """\
import _socket, marshal, os, sys
asking = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
asking.connect(sys.argv[1])
request = {"arguments": sys.argv[2:], "folder": os.getcwd(), "environment": dict(os.environ), "terminal": False}
streams = b"".join(number.to_bytes(4, sys.byteorder) for number in range(3))
asking.sendmsg([marshal.dumps(request)], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
sys.exit(int(asking.recv(64)))
"""


@cache
def folder() -> Path:
    """Return a folder with the program, which this process has for as long as it lives."""
    place = Path(tempfile.mkdtemp(prefix="rollout-on-path-"))
    door = place / "door"
    (place / "asking.py").write_text(_ASKING)
    words = shlex.join([sys.executable, "-S", "-E", "-I", str(place / "asking.py"), str(door)])
    for name in ("rollout", "git-rollout"):
        (place / name).write_text(f'#!/bin/sh\nexec {words} "$@"\n')
        (place / name).chmod(0o755)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
        listening.bind(str(door))
        listening.listen()
        number = listening.fileno()
        command = [sys.executable, "-m", "tests.fork_server", str(number)]
        server = subprocess.Popen(command, cwd=_ROOT, pass_fds=[number], stdin=subprocess.DEVNULL)
    atexit.register(_end, server, place)
    return place


@cache
def interpreter() -> Path:
    """Return a Python with the packages of this one that has the program forked.

    Who runs this one under that name, `[interpreter(), ...]` with `executable=sys.executable`, starts itself by it.
    """
    environment = folder() / "environment"
    (environment / "bin").mkdir(parents=True)
    shutil.copyfile(Path(sys.prefix, "pyvenv.cfg"), environment / "pyvenv.cfg")
    (environment / "lib").symlink_to(Path(sys.prefix, "lib"))
    python = environment / "bin/python"
    python.write_text(_INTERPRETER.format(rollout=folder() / "rollout", python=shlex.quote(sys.executable)))
    python.chmod(0o755)
    return python


def _end(server: subprocess.Popen[bytes], place: Path) -> None:
    server.kill()
    server.wait()
    shutil.rmtree(place, ignore_errors=True)
