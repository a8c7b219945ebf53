"""Git's configuration files as values; files in the plain form that git itself writes are read without running git."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from msgspec import Struct

_SECTION = re.compile(r'\[([a-z][a-z0-9-]*)(?: "([^"\\]*)")?\]\Z')
_SETTING = re.compile(r'([A-Za-z][A-Za-z0-9-]*)[ \t]*=[ \t]*([^"\\#;]*)\Z')
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f]")
_MAX = 1 << 20  # bytes of a file that is read
_SYSTEM = {"/usr/bin/git": "/etc/gitconfig"}  # where the git of a Linux distribution has the machine's settings


Sections = Mapping[str, Mapping[str, tuple[str, ...]]]


class Config(Struct, frozen=True):
    """Sections as they are written (`remote "origin"`), settings in lower case, each with all of its values."""

    sections: Sections

    def all(self, section: str, name: str) -> tuple[str, ...]:
        return self.sections.get(section, {}).get(name.lower(), ())

    def last(self, section: str, name: str, fallback: str) -> str:
        found = self.all(section, name)
        return found[-1] if found else fallback

    def names(self, section: str) -> Iterable[str]:
        return self.sections.get(section, {})


@lru_cache(maxsize=64)  # one look at a checkout asks nine times
def plain(content: bytes) -> Config | None:
    """Parse a configuration in the plain form; None if it has quotes, comments, escapes or the like."""
    text = content.decode("utf-8", "replace")
    if _CONTROL.search(text) or "\ufffd" in text:  # U+FFFD replaces bytes that are not UTF-8
        return None
    sections: dict[str, dict[str, tuple[str, ...]]] = {}
    current: dict[str, tuple[str, ...]] | None = None
    for raw in text.split("\n"):
        line = raw.strip(" \t")
        head = _SECTION.match(line)
        setting = _SETTING.match(line)
        if head:
            name = head[1] if head[2] is None else f'{head[1]} "{head[2]}"'
            current = sections.setdefault(name, {})
        elif setting and current is not None:
            key = setting[1].lower()
            current[key] = (*current.get(key, ()), setting[2].rstrip(" \t"))
        elif line:
            return None
    return Config(sections)


def personal(program: str, environment: Mapping[str, str]) -> dict[str, str] | None:
    """Return the settings that hold for a person everywhere, as `git config --list` names them, the last of each.

    None if only git can tell: a file is not in the plain form, includes another or cannot be read, or it is not
    known which file this git reads for the machine. See git-config(1), FILES.
    """
    places = _places(program, environment)
    if places is None:
        return None
    found: dict[str, str] = {}
    for place in places:
        content = _content(place)
        config = None if content is None else plain(content)
        if config is None or any(section.split(" ")[0] in {"include", "includeif"} for section in config.sections):
            return None
        for section, settings in config.sections.items():
            key = re.sub(r' "(.*)"\Z', r".\1", section).lower()
            found |= {f"{key}.{name}": values[-1] for name, values in settings.items()}
    return found


def given(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the settings that the environment itself holds; raise ValueError for what git would not read.

    CI sets GIT_CONFIG_COUNT, and `git -c` sets GIT_CONFIG_PARAMETERS, which comes last; see git-config(1), ENVIRONMENT.
    """
    return {key.lower(): value for key, value in (*_numbered(environment), *_quoted(environment))}


def _numbered(environment: Mapping[str, str]) -> list[tuple[str, str]]:
    count = environment.get("GIT_CONFIG_COUNT") or "0"
    try:
        pairs = ((f"GIT_CONFIG_KEY_{number}", f"GIT_CONFIG_VALUE_{number}") for number in range(int(count)))
        return [(environment[key], environment[value]) for key, value in pairs]
    except ValueError:
        raise ValueError(f"GIT_CONFIG_COUNT={count}") from None
    except KeyError as error:
        raise ValueError(f"GIT_CONFIG_COUNT={count}, for there is no {error.args[0]}") from None


def _quoted(environment: Mapping[str, str]) -> list[tuple[str, str]]:
    try:
        entries = shlex.split(environment.get("GIT_CONFIG_PARAMETERS", ""))
    except ValueError:
        raise ValueError("GIT_CONFIG_PARAMETERS") from None
    return [(key, value) for key, _, value in (entry.partition("=") for entry in entries)]


def _content(place: Path) -> bytes | None:
    """Return the content of a configuration file, "" if there is none; None if only git can tell."""
    try:
        if str(place) == os.devnull or not os.path.lexists(place):
            return b""
        if not place.is_file() or place.stat().st_size > _MAX:
            return None
        return place.read_bytes()
    except OSError:
        return None


def _places(program: str, environment: Mapping[str, str]) -> list[Path] | None:
    system = environment.get("GIT_CONFIG_SYSTEM") or (_SYSTEM.get(program) if sys.platform == "linux" else None)
    if environment.get("GIT_CONFIG_NOSYSTEM", "").lower() in {"1", "true", "yes", "on"}:
        system = os.devnull
    elif system is None or environment.get("GIT_CONFIG_NOSYSTEM"):
        return None
    named, home = environment.get("GIT_CONFIG_GLOBAL"), environment.get("HOME") or "?"
    own = f"{environment.get('XDG_CONFIG_HOME') or f'{home}/.config'}/git/config"
    files = [system, own, f"{home}/.gitconfig"] if named is None else [system, named]
    return [Path(file) for file in files] if all(file.startswith("/") for file in files) else None
