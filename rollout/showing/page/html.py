"""The page as HTML: one file that contacts nobody, in which everything from elsewhere is text.

The templates, the style and the script beside this module are part of the program.
"""

from __future__ import annotations

import base64
import hashlib
import pkgutil
import shlex
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from rollout.safety.shown import plain, redact
from rollout.showing.page.contents import Diff, Page

_LINES = 300  # of one difference

Hide = Callable[[str], str]

_KINDS = {"+": "ins", "-": "del", "@": "s", "\\": "u"}


def html(page: Page, hide: Hide) -> str:
    """Return the page; `hide` removes secrets from a text."""
    css, js = _asset("page.css"), _asset("page.js")
    values = {"page": page, "css": Markup(css), "js": Markup(js), "policy": policy(css, js)}  # noqa: S704  # our own
    return _environment(hide).get_template("page.html.j2").render(values)


def weight(diff: Diff, hide: Hide) -> int:
    """Return how many bytes a difference adds to the page."""
    macros = _environment(hide).get_template("target.html.j2").module
    written: Callable[[Diff], str] = macros.diff_text  # type: ignore[attr-defined]  # a template's macros are found by name
    return len(written(diff).encode())


def policy(css: str, js: str) -> str:
    """Return the Content-Security-Policy: our own style and script by their hashes, and nothing else."""
    rules = ("default-src 'none'", f"style-src {_hash(css)}", f"script-src {_hash(js)}")
    return "; ".join((*rules, "base-uri 'none'", "form-action 'none'"))


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@cache
def _asset(name: str) -> str:
    found = pkgutil.get_data(__package__, f"assets/{name}")
    assert found is not None
    return found.decode()


def _environment(hide: Hide) -> Environment:
    def text(value: Any) -> Any:
        """Turn a value into text that shows its content instead of obeying it; only our templates make markup."""
        return value if isinstance(value, Markup) else plain(redact(hide(str(value))))

    made = Environment(
        loader=FunctionLoader(_asset),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=text,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"slug": _slug, "words": _words, "when": _when, "lines": _lines, "quoted": shlex.quote}
    return made


def _slug(text: str) -> str:
    return text.replace(" ", "-")


def _words(text: str) -> str:
    return text.replace("-", " ")


def _when(time: str) -> str:
    """Return 2026-02-03T15:20:00Z as 2026-02-03 15:20 UTC."""
    return f"{time[:10]} {time[11:16]} UTC"


def _lines(diff: str) -> Iterator[tuple[str, str]]:
    """Yield each line of a difference with its HTML element; the names of the files are shown elsewhere."""
    head, mark, body = ("\n" + diff).partition("\n@@")
    for line in head.split("\n"):
        if line and not line.startswith(("--- ", "+++ ", "diff ")):
            yield "u", line
    lines = [line for line in (mark + body).split("\n") if line]
    for line in lines[:_LINES]:
        yield _KINDS.get(line[0], ""), line
    if len(lines) > _LINES:
        yield "u", f"… {len(lines) - _LINES:,} more lines; rollout diff shows them"
