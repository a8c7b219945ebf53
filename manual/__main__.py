"""`python -m manual` writes the generated pages."""

from __future__ import annotations

from manual.generated import write

write()
