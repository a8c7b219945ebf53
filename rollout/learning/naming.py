"""Name a variable by the key, the word or the heading before the difference."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator, Sequence
from enum import Enum
from pathlib import PurePosixPath

from msgspec import Struct

from rollout.model.given_names import FUNCTIONS_OF_JINJA, OF_JINJA, OF_ROLLOUT

_RESERVED = {
    *OF_ROLLOUT,
    *OF_JINJA,
    *FUNCTIONS_OF_JINJA,
    "block",
    "set",
    "filter",
    "macro",
    "include",
    "extends",
    "call",
}

PROJECT = "project"  # a repository's own name
PROJECT_TITLE = "project_title"  # as a title says it

# Words that say too little.
_VAGUE = {"name", "value", "run", "uses", "with", "key", "id", "type", "title", "description", "text", "default", "url",
          "file", "version", "paths", "on", "if", "env", "cmd", "command", "args", "label", "a", "an", "x"}  # fmt: skip

_STOP = {"the", "a", "an", "is", "are", "in", "of", "to", "for", "on", "at", "and", "or", "with", "by", "from", "this",
         "that", "it", "as", "be", "uses", "use", "see", "run", "runs", "under", "like", "named", "called"}  # fmt: skip

_KEY = re.compile(r"[\"']?([A-Za-z_][\w .-]{0,30}?)[\"']?\s*(?::=|[:=])\s*[\[{(\"'`]*(?:[^:=#]*[,\[]\s*[\"'`]*)?\Z")
_OPTION = re.compile(r"--?([A-Za-z][\w-]+)[ =][\"']?\Z")
_WORDS = re.compile(r"[A-Za-z][A-Za-z_-]*")
_NUMBER = re.compile(r"v?\d+(?:\.(?:\d+|x))*(?:[-.]?[a-z]+\d*)?\Z")
_PORT = re.compile(r"\d{2,5}\Z")
_YEAR = re.compile(r"(?:19|20)\d\d(?:\s*[-\u2013,]\s*(?:(?:19|20)\d\d|present))?\Z")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[a-z]+\Z", re.IGNORECASE)
_URL = re.compile(r"https?://\S+\Z")
_MEASURES = re.compile(r"version|port|length|size|width|limit|year|timeout|count|max|min")
_PINNED = re.compile(r"([A-Za-z][\w.-]*)@\Z")
_REPO = re.compile(r"repo: \S+/([\w.-]+)")
_PERSON = re.compile(r"[A-Z][\w.'-]*(?: [A-Z][\w.'-]*)+\Z")
# Things that have versions; for anything else an integer is a number.
_VERSIONED = re.compile(
    r"python|py|node|nodejs|go|golang|java|jdk|ruby|php|rust|dotnet|deno|bun|postgres(?:ql)?|redis|mysql|mongo(?:db)?"
    r"|alpine|debian|ubuntu|nginx|terraform|kubernetes|npm|pnpm|yarn|poetry|uv"
)
_HEADING = re.compile(r"#{1,6}\s+(.+?)\s*#*\s*\Z")
_OWN_KEY = re.compile(r"\s*[\"']?([A-Za-z_][\w.-]*)[\"']?\s*(?::(?:\s|\Z)|=(?!=))")
_MARKDOWN = {".md", ".mdx", ".mdc", ".markdown"}
_PARENT = re.compile(r"(\s*)(?:- )?[\"']?([A-Za-z_][\w.-]*)[\"']?\s*:")


_OF_FILES = {"nvmrc": "node_version"}


class Setting(Struct, frozen=True):
    """The surroundings of a difference: the file, the text before it on its line, and the lines above."""

    path: PurePosixPath
    before: str
    above: Sequence[str]
    texts: Sequence[str]
    are_lines: bool = False
    is_flag: bool = False  # a text that is present or absent
    is_all: bool = False  # the file contains nothing else
    are_projects: bool = False  # each text is its repository's name, in another spelling


def names(at: Setting) -> Iterator[str]:
    """Yield names for a variable, the best first; the last ones have the file's name before them."""
    found = [name for name in dict.fromkeys(map(snake, _names(at))) if len(name) > 2]
    stem = snake(_stem(at.path)) or "file"
    if at.are_projects:
        yield PROJECT_TITLE
    if at.is_all:
        yield _OF_FILES.get(stem, _allowed(stem))
    best = [name for name in found if name not in _VAGUE]
    yield from map(_allowed, best)
    yield from (_allowed(f"{stem}_{name}") for name in [*best, *(name for name in found if name in _VAGUE)])
    yield _allowed(f"{'has_' if at.is_flag else ''}{stem}_{'part' if at.are_lines else 'text'}")


def snake(text: str) -> str:
    """Return a text as a name: letters, digits and underscores, a letter first."""
    parts = re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])", "_", text)
    made = re.sub(r"[^A-Za-z0-9]+", "_", parts).strip("_").lower()
    made = re.sub(r"\A[0-9_]+", "", made)
    return "_".join(made.split("_")[:4])


def _allowed(name: str) -> str:
    return f"{name}_value" if name in _RESERVED or keyword.iskeyword(name) else name


def _stem(path: PurePosixPath) -> str:
    return path.name.lstrip(".").split(".")[0]


def _names(at: Setting) -> Iterator[str]:
    if at.is_flag:
        yield from (f"has_{name}" for name in map(snake, _about(at)) if name and name not in _VAGUE)
        return
    if at.are_lines:
        yield from _of_own_key(at)
        yield from _of_place(at)
        return
    yield from _of_line(at)
    yield from _of_place(at)


def _about(at: Setting) -> Iterator[str]:
    """Yield the topics of an optional text: its own first key, heading or words."""
    text = max(at.texts, key=len)
    for line in text.split("\n"):
        heading, parent = _HEADING.match(line), _PARENT.match(line)
        if heading is not None:
            yield heading[1]
        elif parent is not None and parent[2].lower() not in _VAGUE:
            yield parent[2]
    words = [word for word in _WORDS.findall(text) if word.lower() not in _STOP | _VAGUE and len(word) > 2]
    yield "_".join(words[:2])


def _of_line(at: Setting) -> Iterator[str]:
    """Yield names from the line itself: its key, the option or the words before."""
    looks = [one for one in _Looks if all(one.value.match(text) for text in at.texts)]
    key, option, pinned = _KEY.search(at.before), _OPTION.search(at.before), _PINNED.search(at.before)
    if pinned is not None:
        yield f"{pinned[1]}_version"
    if at.before.strip("- ") == "rev:":
        yield from (f"{repo[1]}_version" for line in reversed(at.above[-3:]) if (repo := _REPO.search(line)))
    if option is not None:
        yield option[1]
    if re.search(r"@[\w-]+/\Z", at.before):
        yield "team"
    words = [word.lower() for word in _WORDS.findall(at.before)]
    told = [word for word in words if word not in _STOP]
    if "copyright" in words:
        yield "copyright_year" if _Looks.YEAR in looks else "copyright_holder"
    yield from (one.name.lower() for one in (_Looks.EMAIL, _Looks.URL) if one in looks)
    if _Looks.PORT in looks and (
        {"port", "expose", "listen", "localhost", "http"} & set(words) or at.before.endswith(":")
    ):
        yield "port"
    if key is not None:
        yield from _of_key(key[1], looks, at)
    elif at.before.endswith("secrets."):
        yield "secret_name"
    elif told:
        yield from _of_words(words, told, looks, at.texts)


def _of_key(key: str, looks: Sequence[_Looks], at: Setting) -> Iterator[str]:
    name = snake(re.sub(r"\A(?:[A-Z]+ )+(?=\w)", "", key))
    if _Looks.NUMBER in looks and not _MEASURES.search(name) and _is_release(name, at.texts):
        yield f"{name}_version" if name not in _VAGUE else "version"
    if name in {"name", "title"} and not any(line.strip() for line in at.above):
        yield PROJECT
    if name in _VAGUE:
        parent = _parent(at)
        if parent:
            yield f"{parent}_{name}"
    yield name


def _is_release(name: str, texts: Sequence[str]) -> bool:
    return any("." in text for text in texts) or _VERSIONED.fullmatch(name) is not None


def _of_words(
    words: Sequence[str], told: Sequence[str], looks: Sequence[_Looks], texts: Sequence[str]
) -> Iterator[str]:
    last = told[-1]
    if _Looks.PERSON in looks:
        yield "contact" if {"ask", "contact", "mail", "tell"} & set(told) else "owner"
    if _Looks.NUMBER in looks and _Looks.YEAR not in looks and last not in _VAGUE and not _MEASURES.search(last):
        yield f"{last}_version" if _is_release(last, texts) else last
    if words[-1] in _STOP:
        yield f"{last}_{words[-1]}" if words[-1] in {"by", "in", "for", "on", "at", "to", "from"} else last
    yield last
    if _Looks.YEAR in looks:
        yield "year"


def _of_own_key(at: Setting) -> Iterator[str]:
    """Yield the key with which the lines begin, if it is the same in all."""
    first = [_OWN_KEY.match(text.lstrip("\n")) for text in at.texts if text.strip()]
    keys = {found[1] if found else "" for found in first}
    if at.path.suffix not in _MARKDOWN and len(keys) == 1:
        yield snake(keys.pop())


def _of_place(at: Setting) -> Iterator[str]:
    """Yield names from the lines above: the key that contains the line, the last heading."""
    heading = _HEADING.match(at.before.strip() + " x") if at.before.strip("# ") == "" and at.before else None
    if heading is not None and len(at.before.strip()) == 1:
        yield PROJECT if all(re.fullmatch(r"[\w.-]+", text) for text in at.texts) else "title"
    if at.path.suffix in {".yml", ".yaml"}:
        yield _parent(at)
    for line in reversed(at.above) if at.path.suffix in _MARKDOWN else ():
        found = _HEADING.match(line)
        if found is not None:
            yield found[1]
            return
    if at.are_lines and at.path.suffix == ".md":
        yield "introduction"


def _parent(at: Setting) -> str:
    """Return the key of the mapping that contains a line."""
    own = len(at.before) - len(at.before.lstrip()) if at.before.strip() else _indent(at.texts)
    for line in reversed(at.above):
        found = _PARENT.match(line)
        if found is not None and len(found[1]) < own:
            return snake(found[2])
    return ""


def _indent(texts: Sequence[str]) -> int:
    text = max(texts, key=len)
    return len(text) - len(text.lstrip())


_OF_PORTS = {"port", "expose", "listen", "localhost", "http"}


class _Looks(Enum):
    """What a value looks like, with the pattern of such values."""

    PERSON = _PERSON
    YEAR = _YEAR
    EMAIL = _EMAIL
    URL = _URL
    PORT = _PORT
    NUMBER = _NUMBER
