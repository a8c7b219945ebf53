"""Which format a merged file has: the one place that decides."""

from __future__ import annotations

from pathlib import PurePosixPath

from rollout.content.documents.document import Format

NAMES = ("yaml", "json", "jsonc", "toml", "ini")
UNKNOWN = f"its format is not known; say it under 'files' with format: {'|'.join(NAMES)}"

NOTHING = {"json": b"{}\n", "jsonc": b"{}\n", "yaml": b"{}\n", "toml": b"", "ini": b""}  # documents that name nothing

_SUFFIXES = {
    ".json": "json", ".jsonc": "json", ".code-workspace": "json", ".webmanifest": "json", ".geojson": "json",
    ".yaml": "yaml", ".yml": "yaml", ".toml": "toml", ".ini": "ini", ".cfg": "ini",
}  # fmt: skip

_FILES = {
    ".editorconfig": "ini", ".eslintrc": "json", ".babelrc": "json", ".jshintrc": "json", ".flake8": "ini",
    ".pylintrc": "ini", ".coveragerc": "ini", "Pipfile": "toml", "poetry.lock": "toml", "composer.lock": "json",
}  # fmt: skip


def format_of(path: PurePosixPath, told: str | None) -> str | None:
    """Return the name of a file's format: the one that is given, else by the file's name; None if it is not known."""
    name = told or _FILES.get(path.name) or _SUFFIXES.get(path.suffix.lower())
    if told is not None or name != "json":
        return name
    from rollout.content.documents import json_strict

    return "json" if json_strict.is_strict(path) else "jsonc"


def named(name: str, path: PurePosixPath) -> Format:
    """Return the format that a name stands for; INI files differ by their path."""
    match name:
        case "json" | "jsonc":
            from rollout.content.documents.json_edit import Json

            return Json()
        case "toml":
            from rollout.content.documents.toml_edit import Toml

            return Toml()
        case "ini":
            from rollout.content.documents.ini_dialect import dialect_of
            from rollout.content.documents.ini_edit import Ini

            return Ini(dialect_of(path))
        case _:
            from rollout.content.documents.yaml_edit import Yaml

            return Yaml()
