"""A TCP proxy that counts what passes, and at a chosen byte cuts, resets, goes silent, or slows down."""

from __future__ import annotations

import ctypes
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

Way = Literal["up", "down"]
How = Literal["cut", "reset", "silence"]


@dataclass
class Proxy:
    """Forwards to a port; the fault happens once, when the byte with that number has passed in that direction."""

    target: int
    port: int = 0
    way: Way = "up"
    at: int | None = None  # the byte of all connections together; None: nothing happens
    how: How = "cut"
    delay: float = 0.0  # seconds before each piece
    connecting: float = 0.0  # seconds before a connection passes anything
    passed: dict[str, int] = field(default_factory=lambda: {"up": 0, "down": 0})
    struck: bool = False
    connections: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _open: list[socket.socket] = field(default_factory=list)

    def arm(self, way: Way, at: int, how: How) -> None:
        """Count anew, and strike at that byte."""
        self.passed.update(up=0, down=0)
        self.way, self.at, self.how, self.struck = way, at, how, False

    def serve(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        time.sleep(self.connecting)
        server = socket.create_connection(("127.0.0.1", self.target))
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # what is in between holds nothing back
        with self._lock:
            self._open += [client, server]
        threading.Thread(target=self._forward, args=("down", server, client), daemon=True).start()
        self._forward("up", client, server)

    def _forward(self, way: Way, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while piece := source.recv(1 << 16):
                time.sleep(self.delay)
                keep = self._judge(way, len(piece))
                sink.sendall(piece[:keep])
                if keep < len(piece):
                    self._strike(source, sink)
                    return
            sink.shutdown(socket.SHUT_WR)

    def _judge(self, way: Way, size: int) -> int:
        """Return how many bytes of a piece may pass."""
        with self._lock:
            before = self.passed[way]
            self.passed[way] += size
            if self.at is None or self.struck or way != self.way or before + size <= self.at:
                return size
            self.struck = True
            return self.at - before

    def _strike(self, source: socket.socket, sink: socket.socket) -> None:
        if self.how == "silence":
            return
        for end in (source, sink):
            with suppress(OSError):
                if self.how == "cut":
                    end.shutdown(socket.SHUT_RDWR)
                else:
                    _reset(end)

    def close(self) -> None:
        for end in self._open:
            with suppress(OSError):
                end.close()


def _reset(connection: socket.socket) -> None:
    """Connect to nowhere (AF_UNSPEC): that is how a connection is reset at once while another thread reads it."""
    ctypes.CDLL(None).connect(connection.fileno(), bytes(16), 16)


@contextmanager
def proxy(target: int) -> Iterator[Proxy]:
    """Run a proxy in front of a port on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = Proxy(target, listener.getsockname()[1])
        thread = threading.Thread(target=made.serve, args=(listener,), daemon=True)
        thread.start()
        try:
            yield made
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            made.close()
