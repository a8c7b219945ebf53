"""What mkdocs calls while it builds the site: links that leave the pages, comments, and no address from outside."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from manual import links

_OUTSIDE = re.compile(r"https://unpkg\.com/[^\"]*")  # the theme would fetch these in browsers that lack something


def on_page_markdown(markdown: str, page: Any, config: Any, **_: Any) -> str:
    """Return a page as the site shows it."""
    source = Path(config["docs_dir"]) / page.file.src_uri
    return links.for_site(markdown, source, Path(config["docs_dir"]))


def on_post_build(config: Any, **_: Any) -> None:
    """Take the addresses of other hosts out of the theme's script: the site loads nothing from outside."""
    for script in (Path(config["site_dir"]) / "assets/javascripts").glob("bundle.*.js"):
        script.write_text(_OUTSIDE.sub("about:blank", script.read_text()))
