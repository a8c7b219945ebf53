"""Speak HTTP to a forge: in time, with the token for its own host alone, and again only where that is safe."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import urlencode, urljoin, urlsplit

from msgspec import Struct

from rollout import __version__
from rollout.forges.trouble import Failure, Trouble, of_status
from rollout.machine import waiting

T = TypeVar("T")

_GUARD = b")]}'"  # stands before what Gerrit answers, so that no page runs it as a script
_SECRET = 16  # characters from which on a word of a header may be a token
_TRIES = 3  # of what changes nothing
_PAUSE = 0.3
_REDIRECTS = 3
_LONGEST_WAIT = 30.0  # seconds that a forge may ask us to wait


class Request(Struct, frozen=True):
    """One request: a path below the interface, what is asked for, and what is sent."""

    method: str
    path: str
    query: Mapping[str, str | list[str]] | None = None
    body: Any = None
    form: bool = False  # send the body as a form and not as JSON
    graphql: bool = False  # ask beside the interface's version, where GitHub takes what its paths do not have

    @property
    def safe(self) -> bool:
        """Tell whether it may be sent twice: it changes nothing."""
        return self.method == "GET"


class Response(Struct, frozen=True):
    status: int
    headers: Mapping[str, str]
    body: bytes


class Http(Struct, frozen=True):
    """A forge's interface: its address, what proves who we are, and how long it may take."""

    api: str
    headers: tuple[tuple[str, str], ...]
    patience: float = 25.0

    @property
    def host(self) -> str:
        return urlsplit(self.api).netloc

    def call(self, request: Request) -> Any:
        """Return what the forge says, as plain data; raise Trouble if it does not do what it was asked."""
        answer = self._answered(request)
        if answer.status >= 400:
            raise of_status(self.host, answer.status, self._masked(answer.body))
        if not answer.body.strip():
            return None
        try:
            return json.loads(answer.body.removeprefix(_GUARD))
        except (ValueError, RecursionError) as error:
            page = " (a page for people)" if b"<html" in answer.body[:2000].lower() else ""
            raise Trouble(Failure.BROKEN, f"{self.host} answers with something that is not JSON{page}") from error

    def _masked(self, body: bytes) -> bytes:
        """Return an answer without what proves who we are: some hosts repeat it in their complaint."""
        for word in (word for _, value in self.headers for word in value.split()):
            if len(word) >= _SECRET:
                body = body.replace(word.encode(), b"***")
        return body

    def _answered(self, request: Request) -> Response:
        """Send a request, again where the forge asks for patience, or failed at what changes nothing."""
        for attempt in range(_TRIES):
            last = attempt == _TRIES - 1
            try:
                answer = _interruptible(lambda: self._followed(request), self.patience)
            except Trouble as trouble:
                if last or not request.safe or trouble.kind is not Failure.UNREACHABLE:
                    raise
                waiting.sleep(waiting.pause(_PAUSE, attempt))
                continue
            pause = _asked_to_wait(answer)
            if pause is not None and pause <= min(_LONGEST_WAIT, self.patience) and not last:
                _sleep(pause)
            elif pause is not None:
                raise Trouble(Failure.LIMITED, f"{self.host} has had too many requests; it asks to wait {pause:.0f} s")
            elif answer.status >= 500 and request.safe and not last:
                waiting.sleep(waiting.pause(_PAUSE, attempt))
            else:
                return answer
        raise AssertionError("the last attempt returns or raises")

    def _followed(self, request: Request) -> Response:
        """Send a request and follow redirects on the same host: to another one the token is never sent."""
        url = (self.api.removesuffix("/v3") if request.graphql else self.api) + request.path
        if request.query:
            url += "?" + urlencode(request.query, doseq=True)
        for _ in range(_REDIRECTS):
            answer = self._sent(request, url)
            if answer.status not in {301, 302, 303, 307, 308}:
                return answer
            url = self._onward(request, url, answer)
        raise Trouble(Failure.BROKEN, f"{self.host} redirects in a circle")

    def _onward(self, request: Request, url: str, answer: Response) -> str:
        there = urljoin(url, answer.headers.get("location", ""))
        old, new = urlsplit(url), urlsplit(there)
        if (old.scheme, old.netloc) != (new.scheme, new.netloc):
            where = f"{new.scheme}://{new.netloc}"
            raise Trouble(
                Failure.BROKEN, f"{self.host} redirects to {where}, where the token is not sent; name it in `forges`"
            )
        if not request.safe and answer.status not in {307, 308}:
            raise Trouble(Failure.BROKEN, f"{self.host} has the repository elsewhere now: {new.path}; correct its url")
        return there

    def _sent(self, request: Request, url: str) -> Response:
        headers = dict(self.headers)
        headers |= {"Accept": headers.get("Accept", "application/json"), "User-Agent": f"rollout/{__version__}"}
        content = None
        if request.body is not None:
            content = (urlencode(request.body) if request.form else json.dumps(request.body)).encode()
            headers["Content-Type"] = "application/x-www-form-urlencoded" if request.form else "application/json"
        from rollout.forges import transport

        asked = transport.request(request.method, url, headers, content)
        return Response(*transport.sent(asked, self.host, self.patience))


def _asked_to_wait(answer: Response) -> float | None:
    """Return how many seconds a forge asks us to wait, or None: the request was not carried out then."""
    if answer.status not in {403, 429}:
        return None
    after = answer.headers.get("retry-after", "")
    if after.isdigit():
        return float(after)
    date = _epoch(after)
    if date is not None:
        return max(0.0, date - time.time())
    reset = answer.headers.get("x-ratelimit-reset", "")
    if answer.headers.get("x-ratelimit-remaining") == "0" and reset.isdigit():
        return max(0.0, float(reset) - time.time())
    return 5.0 if answer.status == 429 else None


def _epoch(date: str) -> float | None:
    """Return a date as HTTP writes it in seconds since the epoch; None for anything else."""
    try:
        return parsedate_to_datetime(date).timestamp() if date else None
    except (ValueError, OverflowError):
        return None


def _sleep(seconds: float) -> None:
    """Wait as long as a forge asks, unless the run is to end."""
    with waiting.waiting():
        if waiting.interrupted.wait(seconds):
            raise Trouble(Failure.UNREACHABLE, "interrupted")


def _interruptible(work: Callable[[], T], patience: float) -> T:
    """Do work in a thread of its own that is left behind when the run is to end, or when it takes too long."""
    found: list[T] = []
    failed: list[BaseException] = []
    done = threading.Event()

    def run() -> None:
        try:
            found.append(work())
        except BaseException as error:
            failed.append(error)
        finally:
            done.set()

    threading.Thread(target=run, daemon=True).start()
    deadline = time.monotonic() + 2 * patience + 5
    with waiting.waiting():
        while not done.wait(0.2):
            if waiting.interrupted.is_set():
                raise Trouble(Failure.UNREACHABLE, "interrupted")
            if time.monotonic() > deadline:
                raise Trouble(Failure.UNREACHABLE, "the forge does not answer in time")
    if failed:
        raise failed[0]
    return found[0]
