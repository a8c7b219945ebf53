"""The files that programs leave in any folder: among templates they are none."""

from __future__ import annotations

import re

# People share .vscode and .editorconfig, so neither is here.
_STRAY = re.compile(
    r"""\.DS_Store | \._.* | Icon\r | \.localized | \.Spotlight-V100 | \.Trashes | \.fseventsd     # macOS
    | (?:eh)?[Tt]humbs\.db | [Dd]esktop\.ini | \$RECYCLE\.BIN | \.directory | \.Trash-\d+   # other file managers
    | \.nfs[0-9a-fA-F]+ | \.fuse_hidden[0-9a-fA-F]+      # what a file that is open and was deleted is called
    | .*~ | \#.*\# | \.\#.* | \.(?:.*\.)?sw[a-p] | 4913 | \..*\.kate-swp | \.goutputstream-.* | \.idea      # editors
    | ~\$.* | \.~lock\..*\#                               # office programs
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
