"""Real servers on loopback for the transport tests, each with a configuration, keys and a port of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

SYSTEM_PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
BACKEND = Path(
    subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=True).stdout.strip(),
    "git-http-backend",
)


def program(name: str) -> str:
    """Find a server's program, or skip the test."""
    found = shutil.which(name, path=SYSTEM_PATH)
    if found is None:
        pytest.skip(f"{name} is not installed (.ci/system-packages test installs it)")
    return found


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def running(command: list[str], port: int, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server in a session of its own until the block ends; it is ready when it takes connections."""
    process = subprocess.Popen(
        command,
        env={**os.environ, "GIT_CONFIG_NOSYSTEM": "1", **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait_for(port, process)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            assert process.poll() is None, f"the server ended with {process.returncode}"
            assert time.monotonic() < deadline, "the server does not listen"
            time.sleep(0.02)


@contextmanager
def daemon(base: Path, *, push: bool = True) -> Iterator[int]:
    """Serve the repositories below a folder with git daemon; yield its port."""
    port = free_port()
    git = [program("git"), "daemon", "--listen=127.0.0.1", f"--port={port}", f"--base-path={base}", "--export-all"]
    with running([*git, *(["--enable=receive-pack"] if push else []), "--reuseaddr", str(base)], port):
        yield port


LIGHTTPD = """\
server.modules = ("mod_auth", "mod_authn_file", "mod_alias", "mod_setenv", "mod_cgi")
server.document-root = "{home}"
server.bind = "127.0.0.1"
server.port = {port}
server.errorlog = "{home}/error.log"
server.upload-dirs = ("{home}")
auth.backend = "plain"
auth.backend.plain.userfile = "{home}/users"
auth.require = ("/git/" => ("method" => "basic", "realm" => "repositories", "require" => "valid-user"))
alias.url = ("/git" => "{backend}")
setenv.set-environment = ("GIT_PROJECT_ROOT" => "{base}", "GIT_HTTP_EXPORT_ALL" => "1", "HOME" => "{user_home}")
$HTTP["url"] =~ "^/git" {{ cgi.assign = ("" => "") }}
"""


@contextmanager
def web(base: Path, home: Path, user: str = "pat", password: str = "sesame") -> Iterator[int]:
    """Serve the repositories below a folder with lighttpd and git http-backend, to one user; yield the port."""
    server = program("lighttpd")
    home.mkdir()
    port = free_port()
    (home / "users").write_text(f"{user}:{password}\n")
    (home / "lighttpd.conf").write_text(
        LIGHTTPD.format(home=home, port=port, backend=BACKEND, base=base, user_home=os.environ["HOME"])
    )
    with running([server, "-D", "-f", str(home / "lighttpd.conf")], port):
        yield port


@dataclass
class Sshd:
    """A running sshd, and how a client is told about it."""

    port: int
    home: Path

    @property
    def url(self) -> str:
        return f"ssh://{pwd.getpwuid(os.getuid()).pw_name}@127.0.0.1:{self.port}"

    def command(self, port: int | None = None, *, known: str = "known", key: str = "key") -> str:
        """Return the ssh command of a person who knows the host by one file and has one key."""
        options = f"-o UserKnownHostsFile={self.home / known} -o GlobalKnownHostsFile=/dev/null -o IdentitiesOnly=yes"
        return f"ssh -F /dev/null {options} -o IdentityAgent=none -i {self.home / key} -p {port or self.port}"

    def knows(self, port: int, known: str = "known") -> None:
        """Let the person know the host's key under another port, as through a proxy."""
        host_key = (self.home / "host.pub").read_text()
        with (self.home / known).open("a") as file:
            file.write(f"[127.0.0.1]:{port} {host_key}")


SSHD = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {home}/host
AuthorizedKeysFile {home}/authorized
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
PermitUserEnvironment no
SetEnv HOME={home}
KexAlgorithms curve25519-sha256
"""  # the exchange of keys that is preferred otherwise takes a tenth of a second for each connection


_keys: dict[str, tuple[bytes, bytes]] = {}  # made once for all servers of the worker


def _put_key(keygen: str, file: Path) -> None:
    """Put a throw-away key and its public half into a server's home."""
    public = file.with_name(f"{file.name}.pub")
    if file.name not in _keys:
        subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-C", file.name, "-f", str(file)], check=True)
        _keys[file.name] = (file.read_bytes(), public.read_bytes())
    for path, content in zip((file, public), _keys[file.name], strict=True):
        path.touch(mode=0o600)
        path.write_bytes(content)


@contextmanager
def sshd(home: Path, settings: str = "") -> Iterator[Sshd]:
    """Run sshd for the user who runs the tests, with a throw-away host key and a throw-away client key."""
    server = program("sshd")
    if Path(pwd.getpwuid(os.getuid()).pw_shell).name in {"nologin", "false"}:
        pytest.skip("whoever runs the tests cannot log in")
    keygen = program("ssh-keygen")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    home.mkdir(mode=0o700)
    for name in ("host", "key", "stranger", "other"):
        _put_key(keygen, home / name)
    port = free_port()
    (home / "authorized").write_text((home / "key.pub").read_text())
    (home / "config").write_text(SSHD.format(port=port, home=home) + settings)
    made = Sshd(port, home)
    made.knows(port)
    (home / "changed").write_text(f"[127.0.0.1]:{port} {(home / 'other.pub').read_text()}")
    (home / "nobody").write_text("")
    with running([server, "-D", "-e", "-r", "-f", str(home / "config")], port):  # -r: not loaded again for each client
        yield made


# --- servers that misbehave


@dataclass
class Rogue:
    """A small web server that answers every request with one thing, and keeps what it was told."""

    port: int
    requests: list[str] = field(default_factory=list)


@contextmanager
def rogue(status: int, headers: dict[str, str], body: bytes = b"") -> Iterator[Rogue]:
    made = Rogue(0)

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            made.requests.append(f"{self.requestline}\n{self.headers}")
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = _answer  # noqa: N815  # the names that http.server calls

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def silent() -> Iterator[int]:
    """Accept connections and say nothing; yield the port."""
    held: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            while True:
                try:
                    held.append(listener.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            for connection in held:
                connection.close()
