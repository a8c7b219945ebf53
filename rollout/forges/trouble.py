"""A failure of a forge, in one sentence."""

from __future__ import annotations

import json
from enum import Enum
from typing import Any

from rollout.errors import RolloutError
from rollout.safety.shown import plain, redact

_MOST = 200  # characters of a forge's own words
_PLACES = ("message", "error", "errors", "error_description", "detail", "fields")


class Failure(Enum):
    """The kinds of failure that a caller can act on."""

    UNREACHABLE = "unreachable"
    DENIED = "denied"
    LIMITED = "limited"
    MISSING = "missing"
    EXISTS = "exists"
    REFUSED = "refused"
    BROKEN = "broken"  # the forge failed, or what it sent is no answer of such a forge


class Trouble(RolloutError):
    """A forge did not do what it was asked; the text is one sentence, without a secret."""

    def __init__(self, kind: Failure, text: str) -> None:
        super().__init__(redact(plain(text)))
        self.kind = kind


def of_status(host: str, status: int, body: bytes) -> Trouble:
    """Return the failure that a status means, with the forge's own words."""
    words = _words(body)
    said = f" ({words})" if words else ""
    match status:
        case 401 if not _lacks_rights(words):
            return Trouble(Failure.DENIED, f"{host} does not accept the token: it is wrong or has expired{said}")
        case 401 | 403:
            return Trouble(Failure.DENIED, f"{host} does not allow this token to do that{said}")
        case 404:
            return Trouble(Failure.MISSING, f"{host} has no such repository, or does not show it to this token{said}")
        case 405 | 406:
            return Trouble(Failure.REFUSED, f"{host} refused{said}")
        case 409 | 422 if _exists(words):
            return Trouble(Failure.EXISTS, f"{host} has such a review already{said}")
        case 400 | 409 | 422:
            return Trouble(Failure.REFUSED, f"{host} refused{said}")
        case _ if status >= 500:
            return Trouble(Failure.BROKEN, f"{host} failed with status {status}{said}")
        case _:
            return Trouble(Failure.BROKEN, f"{host} answered with status {status}{said}")


def _exists(words: str) -> bool:
    return "already exists" in words.lower() or "already open" in words.lower()


def _lacks_rights(words: str) -> bool:
    """Tell whether a forge knows the token and answers with 401 nevertheless: Pagure does."""
    return "missing acls" in words.lower() or "sufficient permissions" in words.lower()


def _words(body: bytes) -> str:
    """Return a forge's own message of an error: each forge has its own place for it."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    return " ".join("; ".join(dict.fromkeys(_texts(found))).split())[:_MOST]


def _texts(found: Any) -> list[str]:
    if isinstance(found, str):
        return [found]
    if isinstance(found, list):
        return [text for one in found[:5] for text in _texts(one)]
    if isinstance(found, dict):
        told = [text for key in _PLACES if key in found for text in _texts(found[key])]
        return told or [f"{key}: {text}" for key, value in list(found.items())[:5] for text in _of_field(value)]
    return []


def _of_field(value: Any) -> list[str]:
    """Return what is said of one field: Pagure and GitLab name the field, and have a list of sentences for it."""
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []
