"""Titles and texts of reviews in the inventory: a fault names their key and its line there."""

import pytest

from tests.world import World

_BODY = "  body: |\n    first\n    {{ %s\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("review: {title: '{{ nobody %'}\n", "inventory.yaml:{line}: review.title: "),
        (f"review:\n  draft: true\n{_BODY % '%'}", "inventory.yaml:{line}: review.body: line 2 of it: "),
    ],
)
def test_a_text_of_a_review_that_does_not_parse_is_named_by_its_key_and_line(
    world: World, text: str, said: str
) -> None:
    world.repo("api")
    world.defaults = f"defaults: {{templates: [project], deliver: review}}\n{text}"
    told = world.run("validate")
    lines = (world.root / "inventory.yaml").read_text().splitlines()
    line = next(number for number, one in enumerate(lines, 1) if "title:" in one or "body:" in one)
    assert told.code == 64
    assert said.format(line=line) in told.err
    assert "templates/" not in told.err


@pytest.mark.parametrize(
    ("own", "key"), [("", "review.title"), (", review: {title: '{{ me }}'}", "repos.api.review.title")]
)
def test_a_text_of_a_review_that_does_not_render_is_named_so_too(world: World, own: str, key: str) -> None:
    world.repo("api", extra=own)
    world.defaults = "defaults: {templates: [project], deliver: review}\nreview: {title: '{{ nobody }}'}\n"
    (target,) = world.run("plan", "--json").json["targets"]
    lines = (world.root / "inventory.yaml").read_text().splitlines()
    line = next(number for number, one in enumerate(lines, 1) if ("me }}" if own else "nobody") in one)
    assert target["state"] == "blocked"
    assert target["reason"].startswith(f"inventory.yaml:{line}: {key}: '{'me' if own else 'nobody'}' is undefined")
