"""Words of a person in the inventory: a fault names the key and its line there, once and in its own words."""

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


def test_validate_renders_the_texts_of_reviews_as_a_plan_would(world: World) -> None:
    world.repo("api")
    world.repo("web", extra=", review: {title: '{{ target.name }}: {{ changes[0].path }} {{ commit }}'}")
    world.repo("straight", extra=", deliver: push")
    world.defaults = "defaults: {templates: [project], deliver: review}\nreview: {body: '{{ nobody }}'}\n"
    ran = world.run("validate", "--json")
    (told,) = {tuple(one) for one in ran.json["problems"].values()}
    assert (ran.code, list(ran.json["problems"])) == (1, ["api", "web"])
    assert told[0].endswith(": review.body: 'nobody' is undefined"), told
    world.defaults = world.defaults.replace("nobody", "who")
    ran = world.run("validate", "--json")
    assert (ran.code, ran.json["problems"]) == (0, {}), ran.out


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ("path: x", "folders.f: 'templates' is missing"),
        ("path: x, templates: []", "folders.f.templates: takes at least one entry; the list is empty"),
    ],
)
def test_a_folder_without_template_sets_is_told_once_and_not_of_the_defaults(world: World, own: str, said: str) -> None:
    world.tail = f"folders:\n  f: {{{own}}}\n"
    assert world.run("validate").err == f"inventory.yaml:5: {said}\n"


def test_a_name_that_is_none_of_a_remote_is_called_so(world: World) -> None:
    world.repo("api", extra=", remote: '-x'")
    assert world.run("validate").err == "inventory.yaml:5: repos.api.remote: '-x' is not the name of a remote\n"
