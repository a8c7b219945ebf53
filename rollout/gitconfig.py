"""A repository's own configuration file as values; the plain form of it that git writes is read without much ado."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_SECTION = re.compile(r'\[([a-z][a-z0-9-]*)(?: "([^"\\]*)")?\]\Z')
_SETTING = re.compile(r'([A-Za-z][A-Za-z0-9-]*)[ \t]*=[ \t]*([^"\\#;]*)\Z')
_ODD = re.compile(r"[^\t\n -\uffff]")  # control characters, and what is not UTF-8

Sections = Mapping[str, Mapping[str, tuple[str, ...]]]


@dataclass(frozen=True, slots=True)
class Config:
    """Sections as they are written (`remote "origin"`), settings in lower case, each with all of its values."""

    sections: Sections

    def all(self, section: str, name: str) -> tuple[str, ...]:
        return self.sections.get(section, {}).get(name.lower(), ())

    def last(self, section: str, name: str, fallback: str) -> str:
        found = self.all(section, name)
        return found[-1] if found else fallback

    def names(self, section: str) -> Iterable[str]:
        return self.sections.get(section, {})


def plain(content: bytes) -> Config | None:
    """Return a configuration in the plain form; None where a quote, a comment, an escape or the like stands in it."""
    text = content.decode("utf-8", "replace")
    if _ODD.search(text) or "\ufffd" in text:
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
