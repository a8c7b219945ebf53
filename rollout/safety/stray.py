"""The files that programs leave in any folder: among templates they are none."""

from __future__ import annotations

import re

# People share .vscode and .editorconfig, so neither is here.
_STRAY = re.compile(
    r"""\.DS_Store | \._.* | Thumbs\.db | desktop\.ini          # file managers
    | .*~ | \#.*\# | \.\#.* | \..*\.sw[a-p] | \.idea           # editors
    | .*\.(?:orig|rej) | \.rollout-.*                        # merges and patches; what we are writing
    | .*\.py[co] | __pycache__ | \.(?:mypy|pytest|ruff)_cache""",
    re.VERBOSE,
)


def is_stray(path: str) -> bool:
    """Tell whether a path among templates is no template, by its name or by that of a folder above it.

    In such a folder a name that ends in .j2 is a template all the same: no program leaves one there.
    """
    *above, name = path.split("/")
    if _STRAY.fullmatch(name):
        return True
    return not name.endswith(".j2") and any(map(_STRAY.fullmatch, above))
