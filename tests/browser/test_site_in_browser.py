"""The site in a real browser, from disk: nothing is fetched, the search works, a phone shows all of it."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.test_page_in_browser import ARGUMENTS, CHROMIUM
from tests.manual.blocks import TOP

playwright = pytest.importorskip("playwright.sync_api", reason="run by `make browser`")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning"),
    pytest.mark.skipif(
        importlib.util.find_spec("material") is None, reason="`make docs` installs what builds the site"
    ),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site as `make docs` does."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "--quiet", "build", "--strict", "--site-dir", str(folder)]
    subprocess.run(command, cwd=TOP, check=True)
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if not Path(CHROMIUM).exists():
        pytest.skip("there is no chromium; `make browser` installs it")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        started.close()


def test_every_page_opens_from_disk_and_asks_for_nothing_from_outside(browser: Any, site: Path) -> None:
    asked: list[str] = []
    said: list[str] = []
    page = browser.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    for file in sorted(set(site.rglob("*.html")) - {site / "404.html"}):  # that one is for servers
        page.goto(file.as_uri())
    assert len(asked) > 30
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:", "about:"))] == []
    assert said == []


def test_the_search_finds_without_a_server(browser: Any, site: Path) -> None:
    page = browser.new_page()
    page.goto((site / "index.html").as_uri())
    page.click(".md-search__input")
    page.keyboard.type("drift")
    page.wait_for_function("document.querySelectorAll('.md-search-result__article').length > 3")
    assert any("drift" in title.lower() for title in page.locator(".md-search-result__article h1").all_inner_texts())


def test_no_page_is_wider_than_a_phone(browser: Any, site: Path) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    wide = []
    for file in sorted(site.rglob("*.html")):
        page.goto(file.as_uri())
        if page.evaluate("document.documentElement.scrollWidth") > 390:
            wide.append(file.name)
    assert wide == []


@pytest.mark.parametrize(("width", "scheme"), [(1200, "light"), (390, "dark")])
def test_axe_finds_nothing(browser: Any, site: Path, width: int, scheme: str) -> None:
    """One page of each kind: the first, a how-to, generated references, a long table."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    names = (
        "index",
        "tutorial",
        "agents",
        "how-to/decide-drift",
        "reference/commands",
        "reference/inventory",
        "safety",
    )
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    wrong = []
    for name in names:
        page.goto((site / f"{name}.html").as_uri())
        page.wait_for_function("document.readyState === 'complete'")
        found = axe.Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})
        wrong += [(name, one["id"], one["nodes"][0]["html"][:150]) for one in found.response["violations"]]
    page.close()
    assert wrong == []
