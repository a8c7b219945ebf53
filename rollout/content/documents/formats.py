"""Which format a merged file has: the one place that decides."""

from __future__ import annotations

from functools import lru_cache
from pathlib import PurePosixPath
from typing import assert_never

from rollout.content.documents.document import Format
from rollout.model.inventory import FormatName

UNKNOWN = f"its format is not known; say it under 'files' with format: {'|'.join(FormatName)}"

_SUFFIXES = {
    **dict.fromkeys((".json", ".jsonc", ".code-workspace", ".webmanifest", ".geojson"), FormatName.JSON),
    **dict.fromkeys((".yaml", ".yml"), FormatName.YAML),
    **dict.fromkeys((".toml",), FormatName.TOML),
    **dict.fromkeys((".ini", ".cfg"), FormatName.INI),
}

_FILES = {
    **dict.fromkeys((".eslintrc", ".babelrc", ".jshintrc", "composer.lock"), FormatName.JSON),
    **dict.fromkeys(("Pipfile", "poetry.lock"), FormatName.TOML),
    **dict.fromkeys((".editorconfig", ".flake8", ".pylintrc", "pylintrc", ".coveragerc"), FormatName.INI),
    "supervisord.conf": FormatName.INI,
}


def format_of(path: PurePosixPath, told: FormatName | None) -> FormatName | None:
    """Return the name of a file's format: the one that is given, else by the file's name; None if it is not known."""
    name = told or _FILES.get(path.name) or _SUFFIXES.get(path.suffix.lower())
    if told is not None or name is not FormatName.JSON:
        return name
    from rollout.content.documents.json import strict as json_strict

    return FormatName.JSON if json_strict.is_strict(path) else FormatName.JSONC


def likely(path: PurePosixPath) -> tuple[FormatName, ...]:
    """Return the formats that a file most likely has by its name, the likeliest first."""
    from rollout.content.documents.ini import dialect

    by_name = format_of(path, None)
    return tuple(name for name in (by_name, FormatName.INI if dialect.is_known(path) else None) if name is not None)


@lru_cache(maxsize=64)  # asked for with each text
def named(name: FormatName, path: PurePosixPath) -> Format:
    """Return the format that a name stands for; INI files differ by their path."""
    match name:
        case FormatName.JSON | FormatName.JSONC:
            from rollout.content.documents.json.edit import Json

            return Json()
        case FormatName.TOML:
            from rollout.content.documents.toml.edit import Toml

            return Toml()
        case FormatName.INI:
            from rollout.content.documents.ini.dialect import dialect_of
            from rollout.content.documents.ini.edit import Ini

            return Ini(dialect_of(path))
        case FormatName.YAML:
            from rollout.content.documents.yaml.edit import Yaml

            return Yaml()
        case never:
            assert_never(never)


def empty(name: FormatName) -> bytes:
    """Return a document that names nothing."""
    match name:
        case FormatName.JSON | FormatName.JSONC | FormatName.YAML:
            return b"{}\n"
        case FormatName.TOML | FormatName.INI:
            return b""
        case never:
            assert_never(never)
