"""The page as HTML: everything from elsewhere is text, nothing is loaded, and only our own script may run."""

from __future__ import annotations

import base64
import hashlib
import re
from importlib import resources

import pytest
from msgspec.structs import replace

from rollout.model.action import Action
from rollout.model.plan import State
from rollout.model.reviews import Review, Standing
from rollout.showing.page import html
from rollout.showing.page.entries import PageContext
from tests.showing.pages_made import COMMIT, Reader, as_it_is, drift, made, step, written

HOSTILE = "</pre></style><script>alert(1)</script><img src=x onerror=alert(1)>\"' onload='x"
BIDI = "safe\u202egpj.exe\u2066\u200b\x1b[31m\u061c"


def test_what_repositories_say_is_text_wherever_it_stands() -> None:
    steps = [
        drift(HOSTILE, HOSTILE, f"ours {BIDI}\n", path=HOSTILE.replace("/", "|")),
        step("blocked", State.BLOCKED, HOSTILE),
        replace(step("told"), warnings=(HOSTILE,)),
    ]
    text = written(made(steps))
    calm = Reader(
        written(
            made([drift("x", "1", "2\n"), step("blocked", State.BLOCKED, "r"), replace(step("told"), warnings=("w",))])
        )
    )
    read = Reader(text)
    assert [tag for tag, _ in read.elements] == [tag for tag, _ in calm.elements]
    assert [sorted(a) for _, a in read.elements] == [sorted(a) for _, a in calm.elements]
    assert read.text.count("<script>alert(1)</script>") >= 4


def test_bidirectional_and_control_characters_are_shown_and_not_obeyed() -> None:
    text = written(made([drift("a", "theirs\n", f"{BIDI}\n"), step("b", State.BLOCKED, BIDI)]))
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2066-\u2069]", text)
    assert text.count("safe\\x202egpj.exe\\x2066\\x200b\\x1b[31m\\x61c") >= 2


def test_the_policy_allows_our_own_style_and_script_and_nothing_else() -> None:
    read = Reader(written(made([step("a")])))
    policy = next(a["content"] for a in read.named("meta") if a.get("http-equiv") == "Content-Security-Policy")
    hashes = {
        name: base64.b64encode(hashlib.sha256(code.encode()).digest()).decode() for name, code in read.code.items()
    }
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{hashes['style']}'; script-src 'sha256-{hashes['script']}'; "
        "base-uri 'none'; form-action 'none'"
    )


def test_nothing_is_loaded_from_anywhere_and_nothing_needs_more_than_the_policy_allows() -> None:
    known = PageContext(sites={"a": "https://forge.example/a/commit/"})
    read = Reader(written(made([step("a"), drift("b", "1\n", "2\n"), drift("c", "1\n", "2\n")], known=known)))
    assert not {tag for tag, _ in read.elements} & {
        "link",
        "img",
        "iframe",
        "object",
        "embed",
        "base",
        "audio",
        "video",
    }
    names = {name for _, attributes in read.elements for name in attributes}
    assert not [
        name for name in names if name.startswith("on") or name in {"style", "src", "srcset", "srcdoc", "action"}
    ]
    outside = [a["href"] for a in read.named("a") if not (a["href"] or "").startswith("#")]
    assert outside == [f"https://forge.example/a/commit/{COMMIT}"]
    assert not re.search(r"url\(|@import", read.code["style"])
    assert not re.search(r"fetch|XMLHttp|import\(|sendBeacon|innerHTML|eval|WebSocket", read.code["script"])


def test_every_link_within_the_page_leads_somewhere() -> None:
    read = Reader(written(made([drift("b", "1\n", "2\n"), drift("c", "1\n", "2\n"), step("a")])))
    ids = [attributes["id"] for _, attributes in read.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    inside = {(a["href"] or "")[1:] for a in read.named("a") if (a["href"] or "").startswith("#d")}
    assert inside == {"differences", "d1"} & set(ids)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "//evil.example", 'https://a.example/"x'])
def test_an_address_that_is_no_web_page_is_no_link(url: str) -> None:
    found = replace(step("a", State.IN_REVIEW), standing=Standing("rollout/x", head="1", review=Review(url, 7)))
    read = Reader(written(made([found])))
    assert [a["href"] for a in read.named("a") if not (a["href"] or "").startswith("#")] == []
    assert "review 7: open" in read.text


def test_passwords_in_addresses_and_secrets_are_hidden() -> None:
    told = step("a", State.BLOCKED, "cannot reach https://bob:hunter2@forge.example/x with s3cr<et")
    text = html.html(made([told]), lambda text: text.replace("s3cr<et", "***"))
    assert "hunter2" not in text
    assert "s3cr" not in text
    assert "https://***@forge.example/x with ***" in text


def test_our_own_parts_are_plain_ascii() -> None:
    """A page on standard output is made ASCII by references, which style and script do not know."""
    for part in (resources.files("rollout.showing.page") / "assets").iterdir():
        assert part.read_bytes().isascii(), part.name


def test_a_difference_is_told_by_elements_and_by_its_signs() -> None:
    text = written(made([drift("a", "one\ntwo\n", "one\n2\n")]))
    assert "<pre><s>@@ -1,2 +1,2 @@</s> one\n<del>-two</del><ins>+2</ins></pre>" in text


def test_of_a_difference_that_makes_a_file_the_names_are_left_out_and_the_mode_is_told() -> None:
    found = drift("a", "", "-- two\n")
    change = replace(found.changes[0], action=Action.CREATE, before=None)
    text = written(made([replace(found, changes=(change,))]))
    assert "<pre><u>new file mode 100644</u><s>@@ -0,0 +1 @@</s><ins>+-- two</ins></pre>" in text


def test_a_difference_of_several_targets_is_told_once() -> None:
    text = written(made([drift(name, "one\n", "two\n") for name in ("a", "b", "c")]))
    assert text.count("<ins>+two</ins>") == 1
    assert text.count("the same difference in 3 targets") == 3


def test_weight_is_what_a_difference_takes() -> None:
    page = made([drift("a", "one\n", "two\n" * 50)])
    without = written(replace(page, diffs=(replace(page.diffs[0], text=None),)))
    difference = html.weight(page.diffs[0], as_it_is) - html.weight(replace(page.diffs[0], text=None), as_it_is)
    assert len(written(page)) - len(without) == difference
