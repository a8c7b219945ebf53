"""A proxy on loopback before a forge that loses one answer, or has somebody act before one request."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Proxy:
    """Where it listens, and how many answers it has lost."""

    url: str
    lost: int = 0


@contextmanager
def losing(forge: str, path: str, before: tuple[str, Callable[[], None]] = ("", lambda: None)) -> Iterator[Proxy]:
    """Pass requests on; the answer to a POST to the path is cut off, and before another POST something is done."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(*self._passed_on(None))

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if before[0] and self.path.endswith(before[0]):
                before[1]()
            answer = self._passed_on(content)
            if path and self.path.endswith(path):
                found.lost += 1
                self.close_connection = True
                return
            self._answer(*answer)

        def _passed_on(self, content: bytes | None) -> tuple[int, bytes]:
            names = ("Authorization", "Content-Type")
            headers = {name: self.headers[name] for name in names if name in self.headers}
            asked = urllib.request.Request(forge + self.path, content, headers)
            try:
                with urllib.request.urlopen(asked, timeout=300) as answer:
                    return answer.status, answer.read()
            except urllib.error.HTTPError as error:
                return error.code, error.read()

        def _answer(self, status: int, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Proxy(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
