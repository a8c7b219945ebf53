"""The page in a real browser: what a person sees, types and prints, and what axe finds.

`make browser` runs these; elsewhere they are left out, because they need Debian's chromium and a driver of 50 MB.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from rollout.model.event_trends import EventTrends
from rollout.model.outcomes import Outcome, PastRun, RunCommand, Verdict
from rollout.model.plan import State
from rollout.model.reasons import said
from rollout.model.reviews import Checks, Review, Standing
from rollout.showing.page.entries import PageContext
from rollout.showing.page.plots import events_shown
from tests.showing.pages_made import drift, fitted, made, step

playwright = pytest.importorskip("playwright.sync_api", reason="run by `make browser`")

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning"),
]

RULES = "A rule says what the rule says in every repository of the fleet.\n"


def small() -> str:
    """Return the page of a fleet in which every state, a run of each kind and the event store are to be seen."""
    review = Review("https://forge.example/api/pulls/7", 7, approved=False, checks=Checks.RED)
    steps = [
        step(f"{state.value}-target", state, f"why it is {state.value}")
        for state in State
        if state is not State.IN_SYNC
    ]
    steps += [
        replace(step("proposed", State.IN_REVIEW), standing=Standing("rollout/x", head="1", review=review)),
        drift("web", "our own words\n", "hello world\n", path="conf.txt"),
        *(drift(name, "one\n", RULES) for name in ("alike-1", "alike-2", "alike-3")),
        *(step(f"fine-{number}") for number in range(5)),
    ]
    runs = [
        run("r3", 3, Outcome("web", Verdict.PUSHED), Outcome("api", Verdict.REJECTED, said("the branch is protected"))),
        run("r2", 4, Outcome("web", Verdict.BLOCKED, said("conf.txt: others changed it"))),
        run("r1", 0, *(Outcome(f"t{number}", Verdict.PUSHED) for number in range(20))),
    ]
    days = tuple(f"2026-02-{day:02}" for day in range(1, 29))
    trends = EventTrends(days, {"spawn": tuple(range(28)), "commit": (3,) * 28}, 5_000, 9_000_000)
    page = made(steps, runs, PageContext(sites={"web": "https://forge.example/web/commit/"}))
    return fitted(replace(page, events=events_shown(trends)))


def large() -> str:
    fleet = [step(f"service-{number:05}") for number in range(940)]
    fleet += [
        drift(f"other-{n:05}", f"# Our own words {n}\n{RULES * 9}", f"# Rules of {n}\n{RULES * 8}") for n in range(60)
    ]
    return fitted(made(fleet))


def run(name: str, exit_code: int, *outcomes: Outcome) -> PastRun:
    return PastRun(
        name,
        RunCommand.APPLY,
        f"Run {name}",
        "2026-02-03T15:20:00Z",
        "2026-02-03T15:24:00Z",
        "",
        "",
        exit_code,
        outcomes,
    )


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Write the pages, and return their addresses by size."""
    folder = tmp_path_factory.mktemp("pages")
    for name, text in (("small", small()), ("large", large())):
        (folder / f"{name}.html").write_text(text)
    return {name: (folder / f"{name}.html").as_uri() for name in ("small", "large")}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if not Path(CHROMIUM).exists():
        pytest.skip("there is no chromium; `make browser` installs it")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)  # with a new profile each time
        yield started
        started.close()


@pytest.fixture
def shown(browser: Any, files: dict[str, str]) -> Iterator[Any]:
    """Show the small page in a window of its own; a request, an error or a refusal of the policy fails the test."""
    with shown_in(browser) as page:
        page.goto(files["small"])
        yield page


class shown_in:  # noqa: N801  # used like a function
    def __init__(self, browser: Any, **settings: Any) -> None:
        self._context = browser.new_context(**{"viewport": {"width": 1100, "height": 900}, **settings})
        self._wrong: list[str] = []

    def __enter__(self) -> Any:
        self._context.set_default_timeout(10_000)
        page = self._context.new_page()
        page.on("console", lambda message: self._wrong.append(message.text))
        page.on("pageerror", lambda error: self._wrong.append(str(error)))
        page.on("request", lambda request: self._asked(request.url))
        return page

    def _asked(self, url: str) -> None:
        if not url.startswith("file:///"):
            self._wrong.append(f"asked for {url}")

    def __exit__(self, *error: object) -> None:
        self._context.close()
        assert self._wrong == []


def visible(page: Any) -> list[str]:
    """Return the names of the targets that are to be seen, in their order."""
    found: list[str] = page.locator(".rows > li:visible b").all_inner_texts()
    return found


def state_of(page: Any) -> str:
    found: str = page.evaluate("location.hash")
    return found


@pytest.mark.parametrize(
    ("size", "width", "scheme"),
    [
        ("small", 1100, "light"),
        ("small", 1100, "dark"),
        ("small", 390, "light"),
        ("small", 390, "dark"),
        ("large", 1100, "light"),
        ("large", 390, "dark"),
    ],
)
def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(
    browser: Any, files: dict[str, str], size: str, width: int, scheme: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    with shown_in(browser, viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True) as page:
        page.goto(files[size])
        for box in page.locator(".needs-you .rows details").all()[:5]:
            box.evaluate("box => { box.open = true; }")
        if size == "small":
            page.evaluate("document.querySelectorAll('details').forEach(box => { box.open = true; })")
        found = axe.Axe().run(
            page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
        )
        assert [(v["id"], v["nodes"][0]["html"]) for v in found.response["violations"]] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_counts_are_buttons_that_choose_a_state(shown: Any) -> None:
    button = shown.get_by_role("button", name="5 drift")
    button.click()
    assert sorted(visible(shown)) == ["alike-1", "alike-2", "alike-3", "drift-target", "web"]
    assert (button.get_attribute("aria-pressed"), state_of(shown)) == ("true", "#state=drift")
    assert shown.get_by_role("status").inner_text() == "5 of 21 targets shown"
    button.click()
    assert (len(visible(shown)), state_of(shown)) == (21, "")


def test_keys_filter_move_open_and_close(shown: Any) -> None:
    shown.keyboard.press("/")
    shown.keyboard.type("alike-2 drift")
    assert visible(shown) == ["alike-2"]
    assert state_of(shown) == "#q=alike-2+drift"
    shown.keyboard.press("Escape")
    assert (len(visible(shown)), state_of(shown)) == (21, "")
    for key in "jjjk":
        shown.keyboard.press(key)
    focused = shown.evaluate("document.activeElement.querySelector('b').textContent")
    assert focused == visible(shown)[1]
    shown.keyboard.press("Enter")
    assert shown.locator("details[open] > summary b").all_inner_texts() == [focused]
    assert state_of(shown) == f"#open={focused}"
    shown.keyboard.press("Escape")
    assert shown.locator("details[open]").count() == 0


def test_help_opens_and_single_keys_can_be_turned_off(shown: Any) -> None:
    shown.keyboard.press("?")
    assert shown.get_by_role("dialog").is_visible()
    shown.get_by_label("single keys are on").uncheck()
    shown.keyboard.press("Escape")
    assert not shown.get_by_role("dialog").is_visible()
    shown.keyboard.press("j")
    assert shown.evaluate("document.activeElement.tagName") == "BODY"
    assert state_of(shown) == "#keys=off"


def test_sorting_by_name_is_within_groups(shown: Any) -> None:
    shown.get_by_label("Sort").select_option("name")
    names = shown.locator(".needs-you .rows > li b").all_inner_texts()
    assert names == sorted(names)
    assert state_of(shown) == "#sort=name"


def test_an_address_with_a_state_shows_that_state(browser: Any, files: dict[str, str]) -> None:
    with shown_in(browser) as page:
        page.goto(files["small"] + "#q=alike&sort=name&open=alike-2&open=alike-3")
        assert visible(page) == ["alike-1", "alike-2", "alike-3"]
        assert page.locator("details[open] > summary b").all_inner_texts() == ["alike-2", "alike-3"]
        assert page.locator("details[open] ins:visible").all_inner_texts() == ["+" + RULES.strip()] * 2


def test_a_command_is_copied(browser: Any, files: dict[str, str]) -> None:
    with shown_in(browser, permissions=["clipboard-read", "clipboard-write"]) as page:
        page.goto(files["small"])
        page.locator(".rows b", has_text="web").click()
        page.get_by_role("button", name="Copy: rollout diff --base --limit web").click()
        assert page.evaluate("navigator.clipboard.readText()") == "rollout diff --base --limit web"
        assert page.get_by_role("button", name="Copied: rollout diff --base --limit web").is_visible()


def test_without_script_everything_can_be_opened_and_read(browser: Any, files: dict[str, str]) -> None:
    with shown_in(browser, java_script_enabled=False) as page:
        page.goto(files["small"])
        assert page.locator("form.find").is_hidden()
        assert len(visible(page)) == 21
        assert page.get_by_text("why it is blocked").is_visible()
        page.locator(".rows b", has_text="web").click()
        assert page.locator("ins", has_text="+hello world").is_visible()
        page.locator(".rows b", has_text="alike-1").click()
        page.get_by_role("link", name="the same difference in 3 targets").click()
        assert page.locator("#d3 ins, #d2 ins").first.is_visible()


@pytest.mark.parametrize("script", [True, False])
def test_print_shows_everything(browser: Any, files: dict[str, str], tmp_path: Path, script: bool) -> None:
    with shown_in(browser, java_script_enabled=script) as page:
        page.goto(files["small"])
        page.pdf(path=tmp_path / "page.pdf", format="A4")
    text = subprocess.run(
        ["pdftotext", "-layout", tmp_path / "page.pdf", "-"], capture_output=True, text=True, check=True
    ).stdout
    for part in (
        "+hello world",
        "why it is missing",
        "rollout diff --base --limit web",
        "the branch is protected",
        "In several"[3:],
    ):
        assert part in text, part
    assert "Filter" not in text


def test_what_a_repository_says_runs_nothing(browser: Any, tmp_path: Path) -> None:
    said_there = "</pre><script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"
    (tmp_path / "page.html").write_text(
        fitted(made([drift("web", said_there, "x\n"), step("b", State.BLOCKED, said_there)]))
    )
    with shown_in(browser) as page:
        page.goto((tmp_path / "page.html").as_uri())
        page.locator(".rows b", has_text="web").click()
        assert page.title().startswith("fleet: ")
        assert page.locator("img").count() == 0
