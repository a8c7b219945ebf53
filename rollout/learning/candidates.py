"""Choose the paths of repositories to look at, and say why others are left out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from msgspec import Struct
from msgspec.structs import replace

from rollout.model.files import File, Obstacle
from rollout.model.learning import LeftOut, Sample
from rollout.model.line_ends import Conversion
from rollout.safety import paths, secrets
from rollout.safety.stray import is_stray

LARGEST = 200_000  # bytes of a file that is looked at
_MOST = 400  # paths that are looked at

_OTHERS = {"node_modules", "vendor", "third_party", "dist", "build", "target", ".venv", "venv", "__pycache__", "out",
           "coverage", "bin", "obj", "site-packages", ".yarn", "generated", "__snapshots__"}  # fmt: skip

_SOURCE = {"src", "lib", "app", "apps", "pkg", "internal", "cmd", "test", "tests", "spec", "specs", "e2e", "examples",
           "example", "packages", "public", "static", "assets", "locales", "i18n", "migrations",
           "fixtures"}  # fmt: skip

_BINARY = re.compile(
    r".*\.(?:png|jpe?g|gif|ico|webp|bmp|tiff?|pdf|zip|gz|tgz|xz|bz2|zst|7z|jar|war|class|so|dll|dylib|exe|wasm|woff2?|ttf"
    r"|otf|eot|mp[34]|mov|avi|webm|ogg|wav|sqlite3?|db|bin|pyc|parquet|npy|pickle|pkl|psd|xlsx?|docx?|pptx?|keystore)\Z",
    re.IGNORECASE,
)

_MADE = re.compile(
    r"(?:package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lockb?|poetry\.lock|uv\.lock|pdm\.lock"
    r"|Pipfile\.lock|Cargo\.lock|go\.sum|composer\.lock|Gemfile\.lock|mix\.lock|flake\.lock|.*\.lock|.*\.min\.(?:js|css)"
    r"|CHANGELOG(?:\.\w+)?|CHANGES(?:\.\w+)?|HISTORY(?:\.\w+)?|\.gitmodules|\.release-please-manifest\.json)\Z",
    re.IGNORECASE,
)

_MARKS = re.compile(r"\{\{.*\}\}|\{%.*%\}|<<.*>>|<%.*%>")

# Files with a project's name, version and dependencies: they change with every release.
MANIFESTS = {"package.json", "pyproject.toml", "Cargo.toml", "go.mod", "composer.json", "Gemfile", "pom.xml",
             "setup.py", "setup.cfg", "build.gradle", "build.gradle.kts", "mix.exs", "pubspec.yaml"}  # fmt: skip


def shared(sources: Sequence[Sample]) -> tuple[list[PurePosixPath], list[LeftOut]]:
    """Return the paths to look at because several repositories have them, and those that are left out."""
    counted = Counter(path for source in sources for path in source.listing)
    least = max(2, len(sources) // 10)
    several = sorted(path for path, number in counted.items() if number >= least)
    reasons = {path: _reason(path) for path in several}
    wanted = sorted((p for p in several if not reasons[p]), key=lambda p: (-counted[p], p.count("/"), p))
    out = [LeftOut(path, why.text) for path, why in reasons.items() if why is not None and not why.summed]
    out += _summed(reasons)
    out += [LeftOut(path, f"init looks at {_MOST} paths: those that most repositories have") for path in wanted[_MOST:]]
    return [PurePosixPath(path) for path in wanted[:_MOST]], out


class _Reason(Struct, frozen=True):
    """Why a path is not looked at; where it is `summed`, one line tells it of all such files of a folder."""

    text: str
    summed: bool = False


def _reason(path: str) -> _Reason | None:
    parts = path.split("/")
    why = paths.refusal(path)
    if why:
        return _Reason(f"the path {why}")
    if _MARKS.search(path) or is_stray(path):
        return _Reason("the folder of templates takes no file of that name")
    if _OTHERS & set(parts[:-1]):
        return _Reason("is made or brought by a program, by the name of its folder", summed=True)
    if _SOURCE & set(parts[:1]):
        return _Reason("is source code, by the name of its folder", summed=True)
    if _MADE.fullmatch(parts[-1]):
        return _Reason("is written by a program or by hand with every release")
    return _Reason("is binary, by its name") if _BINARY.fullmatch(parts[-1]) else None


def _summed(reasons: Mapping[str, _Reason | None]) -> list[LeftOut]:
    """Return one line for all files in one folder that are left out for one reason."""
    counted = Counter(
        (path.split("/")[0] + "/", why.text) for path, why in reasons.items() if why is not None and why.summed
    )
    return [LeftOut(f"{folder} ({number:,})", why) for (folder, why), number in sorted(counted.items())]


def fault(found: File | Obstacle, line_ends: Conversion) -> str | None:
    """Say why a file cannot be taken over, or None."""
    if isinstance(found, Obstacle):
        return f"is {found.what}" + (f" to {found.leads}" if found.leads and found.leads not in found.what else "")
    content = found.content
    if len(content) > LARGEST:
        return f"has {len(content):,} bytes; init looks at files up to {LARGEST:,}"
    if not content.strip():
        return "is empty"
    if b"\0" in content:
        return "is binary"
    try:
        content.decode()
    except UnicodeDecodeError:
        return "is not UTF-8"
    if b"\r" in content:
        told = "" if line_ends is not Conversion.BINARY else ", and no attribute says so"
        return f"has CRLF line ends{told}; write `* text=auto` in .gitattributes and renormalise"
    why = secrets.fault(content, ())
    return None if why is None else str(replace(why, way_out=""))
