"""One HTTP request on the wire. The first request imports this module: TLS takes longer to load than most commands."""

from __future__ import annotations

import http.client
import os
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from functools import cache
from typing import Any

from rollout.forges.trouble import Failure, Trouble

_MOST = 8 << 20  # bytes of an answer

Heard = tuple[int, dict[str, str], bytes]  # status, headers by their lower-case names, body


def sent(asked: urllib.request.Request, host: str, patience: float) -> Heard:
    """Return the answer to a request, whatever its status; raise Trouble where none came."""
    try:
        with _opened(asked, patience) as response:
            return _read(response, host, patience)
    except (OSError, http.client.HTTPException) as error:
        raise Trouble(Failure.UNREACHABLE, f"{host} does not answer: {_reason(error)}") from error


def request(method: str, url: str, headers: Mapping[str, str], content: bytes | None) -> urllib.request.Request:
    return urllib.request.Request(url, content, dict(headers), method=method)  # noqa: S310  # http(s) is checked


def _opened(asked: urllib.request.Request, patience: float) -> Any:
    try:
        return _opener().open(asked, timeout=patience)
    except urllib.error.HTTPError as error:
        return error  # an answer like any other


def _read(response: Any, host: str, patience: float) -> Heard:
    deadline = time.monotonic() + patience
    pieces, size = [], 0
    while piece := response.read1(1 << 16):
        size += len(piece)
        pieces.append(piece)
        if size > _MOST:
            raise Trouble(Failure.BROKEN, f"{host} sends an answer that does not end (over {_MOST >> 20} MiB)")
        if time.monotonic() > deadline:
            raise Trouble(Failure.UNREACHABLE, f"{host} did not finish its answer in time")
    return response.status, {name.lower(): value for name, value in response.headers.items()}, b"".join(pieces)


class _Still(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: `Http` decides that, which knows what goes with it."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _opener() -> urllib.request.OpenerDirector:
    authority = os.environ.get("GIT_SSL_CAINFO") or os.environ.get("SSL_CERT_FILE")
    context = _trusting(authority if authority and os.path.isfile(authority) else None)
    return urllib.request.build_opener(_Still(), urllib.request.HTTPSHandler(context=context))


@cache
def _trusting(authority: str | None) -> ssl.SSLContext:
    """Return whom we trust; to read all certificates takes as long as several requests, so it is done once."""
    context = ssl.create_default_context()
    if authority is not None:
        context.load_verify_locations(authority)
    return context


def _reason(error: BaseException) -> str:
    inner = error.reason if isinstance(error, urllib.error.URLError) else error
    return str(inner).split("\n", 1)[0] or type(inner).__name__
