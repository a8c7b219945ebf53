"""Which format a merged file has: the one place that decides."""

from __future__ import annotations

from pathlib import PurePosixPath

from rollout.content.documents.document import Format

NAMES = ("yaml", "json", "toml", "ini")
UNKNOWN = f"its format is not known; say it under 'files' with format: {'|'.join(NAMES)}"

NOTHING = {"json": b"{}\n", "yaml": b"{}\n", "toml": b"", "ini": b""}  # documents that name nothing

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
    return told or _FILES.get(path.name) or _SUFFIXES.get(path.suffix.lower())


def named(name: str) -> Format:
    """Return a format by its name."""
    match name:
        case "json":
            from rollout.content.documents.json_edit import Json

            return Json()
        case "toml":
            from rollout.content.documents.toml_edit import Toml

            return Toml()
        case "ini":
            from rollout.content.documents.ini_edit import Ini

            return Ini()
        case _:
            from rollout.content.documents.yaml_edit import Yaml

            return Yaml()
