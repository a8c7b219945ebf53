"""`python -m manual` writes the generated pages, of the site and for `man`."""

from __future__ import annotations

from manual.generated import write

write()
