"""Runs a Pagure inside a folder of Debian: its people, redis, its worker and its HTTP front, until stdin ends.

pagure.py beside it starts it under the Python of that Debian, so it imports nothing of ours. It tells in one line of
JSON where it listens, then does what each line of stdin asks for and answers it in one line: what Pagure lets only a
person at its pages do.
"""

import ast
import ctypes
import datetime
import json
import os
import pwd
import secrets
import signal
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

LIMIT = 7200  # seconds after which it ends by itself, whoever forgets it
ACCOUNT = "_pagure"  # whom the package runs it as
PEOPLE = {"bot": "Rollout Bot", "ann": "Ann Approver"}

FIRST = """\
commit refs/heads/main
committer Pat Person <pat@example.org> 1770132000 +0000
data 5
first
M 100644 inline README.md
data 6
hello

done
"""

CONFIG = """\
SECRET_KEY = {secret!r}
SALT_EMAIL = {secret!r}
DB_URL = "sqlite:///{home}/pagure.sqlite"
APP_URL = "http://127.0.0.1:{port}/"
GIT_URL_SSH = "ssh://git@127.0.0.1/"
GIT_URL_GIT = "http://127.0.0.1:{port}/"
GIT_FOLDER = "{home}/repositories"
REMOTE_GIT_FOLDER = "{home}/remotes"
ATTACHMENTS_FOLDER = "{home}/attachments"
UPLOAD_FOLDER_PATH = "{home}/releases"
BROKER_URL = "redis+socket://{home}/redis.sock?virtual_host=0"
REDIS_SOCKET = "{home}/redis.sock"
REDIS_DB = 0
GIT_AUTH_BACKEND = "pagure"
HTTP_REPO_ACCESS_GITOLITE = None
ALLOW_HTTP_PULL_PUSH = True
ALLOW_HTTP_PUSH = True
ALLOWED_PREFIX = ["team"]
PAGURE_AUTH = "local"
EMAIL_SEND = False
FEDMSG_NOTIFICATIONS = False
EVENTSOURCE_SOURCE = None
WEBHOOK = False
SESSION_COOKIE_SECURE = False
ENABLE_NEW_PROJECTS = True
# Copies of pull requests in a repository of their own: nobody here reads them, and each costs a push with three hooks.
CELERY_CONFIG = {{"task_routes": {{"pagure.lib.tasks.update_git": {{"queue": "nobody"}}}}}}
LOGGING_GIT_HOOKS = {{"version": 1, "disable_existing_loggers": True}}
import warnings
warnings.simplefilter("ignore")
"""


class Front(socketserver.ThreadingMixIn, WSGIServer):
    """An HTTP server of the standard library, each request in a thread of its own."""

    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


Start = Callable[..., Any]
Application = Callable[[dict[str, Any], Start], Iterable[bytes]]


def with_text_headers(application: Application) -> Application:
    """Pagure hands on git's headers as bytes, and what stands below it writes those as Python does: b'no-cache'."""

    def wrapped(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        def started(status: str, headers: list[tuple[str, Any]], *rest: Any) -> Any:
            return start(status, [(name, text_of(value)) for name, value in headers], *rest)

        return application(environ, started)

    return wrapped


def text_of(value: str) -> str:
    return str(ast.literal_eval(value).decode()) if value.startswith(("b'", 'b"')) else value


def configured(home: Path, port: int) -> None:
    for folder in ("repositories", "remotes", "attachments", "releases"):
        (home / folder).mkdir()
    config = home / "pagure.cfg"
    config.write_text(CONFIG.format(home=home, port=port, secret=secrets.token_hex(16)))
    os.environ |= {"PAGURE_CONFIG": str(config), "HOME": str(home), "TEMP": str(home), "TMPDIR": str(home)}


@contextmanager
def database() -> Iterator[Any]:
    import pagure.config
    import pagure.lib.query

    session = pagure.lib.query.create_session(pagure.config.config["DB_URL"])
    try:
        yield session
        session.commit()
    finally:
        session.close()


def people() -> None:
    """Make the database and whoever has an account; Pagure fails over an account without a password."""
    import pagure.config
    import pagure.lib.login
    import pagure.lib.model
    import pagure.lib.query

    config = pagure.config.config
    pagure.lib.model.create_tables(config["DB_URL"], acls=config["ACLS"])
    with database() as session:
        for name, full in PEOPLE.items():
            made = pagure.lib.query.set_up_user(session, name, full, f"{name}@example.org")
            made.password = pagure.lib.login.generate_hashed_value(secrets.token_hex(16))


def token(session: Any, person: str, may: list[str] | None = None, project: str | None = None) -> str:
    """Make a token, for any project or one; without a list it may do everything."""
    import pagure.config
    import pagure.lib.query

    until = datetime.date.today() + datetime.timedelta(days=2)
    may = list(pagure.config.config["ACLS"]) if may is None else may
    only = None if project is None else pagure.lib.query._get_project(session, project)
    return str(pagure.lib.query.add_token_to_user(session, only, may, person, until).id)


def setting(session: Any, project: str, name: str, value: Any) -> None:
    import pagure.lib.query

    found = pagure.lib.query._get_project(session, project)
    found.settings = {**found.settings, name: value}
    session.add(found)


def collaborator(session: Any, project: str, person: str, branches: str) -> None:
    """Let a person push to some branches of a project, and to no others."""
    import pagure.lib.query

    found = pagure.lib.query._get_project(session, project)
    pagure.lib.query.add_user_to_project(session, found, person, "bot", access="collaborator", branches=branches)


def first_commit(_session: Any, project: str) -> None:
    """Give a project a branch, without the hooks: they take seconds."""
    import pagure.config

    import_ = ("git", "-C", f"{pagure.config.config['GIT_FOLDER']}/{project}.git", "fast-import", "--quiet", "--done")
    subprocess.run(import_, input=FIRST.encode(), check=True)


DOES: dict[str, Callable[..., Any]] = {
    "token": token, "setting": setting, "collaborator": collaborator, "first_commit": first_commit,
}  # fmt: skip


def answered(line: str) -> str:
    asked = json.loads(line)
    try:
        with database() as session:
            return json.dumps({"is": DOES[asked.pop("do")](session, **asked)})
    except Exception as error:
        return json.dumps({"failed": repr(error)})


def background(home: Path) -> list[subprocess.Popen[bytes]]:
    """Start what works behind the front; the worker is one process, so that ending it ends its work."""
    log = (home / "background.log").open("wb")
    redis = ("redis-server", "--port", "0", "--unixsocket", f"{home}/redis.sock", "--dir", str(home), "--save", "")
    worker = ("celery", "-A", "pagure.lib.tasks", "worker", "--pool=threads", "--concurrency=2", "-n", "worker")
    started = []
    for command in (redis, worker):
        started.append(
            subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=home, preexec_fn=ends_with_us
            )
        )
        waits_for(home / "redis.sock")
    return started


def ends_with_us() -> None:
    """Have the kernel end a child whose parent was killed."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def waits_for(file: Path) -> None:
    for _ in range(200):
        if file.exists():
            return
        time.sleep(0.1)
    raise SystemExit(f"{file} does not appear")


def ended(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in reversed(processes):
        process.terminate()
    for process in processes:
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def become(name: str) -> None:
    entry = pwd.getpwnam(name)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)


def serve(home: Path, told: TextIO) -> None:
    front = Front(("127.0.0.1", 0), Quiet)
    configured(home, front.server_port)
    people()
    processes = background(home)
    try:
        from pagure.flask_app import create_app

        front.set_app(with_text_headers(create_app()))
        threading.Thread(target=front.serve_forever, daemon=True).start()
        told.write(json.dumps({"url": f"http://127.0.0.1:{front.server_port}"}) + "\n")
        for line in sys.stdin:
            told.write(answered(line) + "\n")
    finally:
        ended(processes)


def only_ours() -> TextIO:
    """Return the way to whoever started us; what Pagure prints goes to the log."""
    told = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    return told


def main() -> None:
    home = Path(sys.argv[1])
    os.umask(0o022)
    become(ACCOUNT)
    os.chdir(home)
    for number in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, lambda *_: sys.exit(1))
    signal.alarm(LIMIT)
    serve(home, only_ours())


if __name__ == "__main__":
    main()
