"""Entries that have none of the keys that `match` names: they are the same only if their plain values are."""

from __future__ import annotations

import pytest

from rollout.model.inventory import FileRule, Mode
from tests.lives import Life

_STEPS = "s:\n  - run: make\n  - name: b\n    run: x\n"
_PROMPTS = '{"hooks": {"Stop": [{"hooks": [{"type": "prompt", "prompt": "theirs"}]}]}}'


@pytest.mark.parametrize(
    ("path", "match", "before", "template", "after"),
    [
        ("x.yaml", {"s": ("name",)}, _STEPS, "s:\n  - uses: y\n", f"{_STEPS}  - uses: y\n"),
        ("x.yaml", {"s": ("name",)}, _STEPS, "s:\n  - run: make\n    if: z\n", f"{_STEPS}  - run: make\n    if: z\n"),
        ("x.yaml", {"s": ("name", "id")}, "s:\n  - id: 1\n", "s:\n  - run: 1\n", "s:\n  - id: 1\n  - run: 1\n"),
        ("x.yaml", {"p": ("name",)}, "p:\n  - a:\n      b: 1\n", "p:\n  - c:\n      b: 2\n",
         "p:\n  - a:\n      b: 1\n  - c:\n      b: 2\n"),
        ("x.yaml", {"p": ("name",)}, "p:\n  - a:\n      b: 1\n", "p:\n  - a:\n      c: 2\n",
         "p:\n  - a:\n      b: 1\n      c: 2\n"),
        ("x.yaml", {"p": ("name",)}, "p:\n  - {}\n", "p:\n  - {a: 1}\n", "p:\n  - {}\n  - {a: 1}\n"),
        (".claude/settings.json", {}, _PROMPTS, _PROMPTS.replace("theirs", "ours"),
         _PROMPTS.replace('"theirs"}', '"theirs"}, {"type": "prompt", "prompt": "ours"}')),
    ],
)  # fmt: skip
def test_an_entry_of_others_that_has_no_key_is_left_alone(
    path: str, match: dict[str, tuple[str, ...]], before: str, template: str, after: str
) -> None:
    file = Life(path, before, FileRule(Mode.MERGE, match=tuple(match.items())))
    assert file.lived(template) == after
    assert (file.plan(template), file.asked) == (None, [])
    assert file.lived("{}\n") == before


def test_an_entry_of_ours_without_a_key_goes_away_wherever_it_stands_by_then() -> None:
    file = Life("x.yaml", "s:\n  - run: a\n", FileRule(Mode.MERGE, match=(("s", ("name",)),)))
    file.rolled_out("s:\n  - run: ours\n")
    assert file.lived(">s:\n  - run: first\n  - run: ours\n  - run: a\n", "{}\n") == "s:\n  - run: first\n  - run: a\n"


def test_the_group_of_hooks_that_has_no_matcher_is_one_for_all() -> None:
    file = Life(".claude/settings.json", '{"hooks": {"Stop": [{"hooks": [{"command": "a"}]}]}}', FileRule(Mode.MERGE))
    both = '{"hooks": {"Stop": [{"hooks": [{"command": "a"}, {"command": "b"}]}]}}'
    assert file.lived('{"hooks": {"Stop": [{"hooks": [{"command": "b"}]}]}}') == both


def test_a_message_names_it_on_one_line() -> None:
    step = "s:\n  - run: |\n      a\n      b\n"
    file = Life("x.yaml", f"{step}    w: &x {{k: 1}}\ny: *x\n", FileRule(Mode.MERGE, match=(("s", ("name",)),)))
    planned = file.plan(f"{step}    w: {{k: 2}}\n")
    assert planned is not None
    assert "s[run: a b ,w].w.k: *x says it elsewhere, too" in planned.cause


def test_an_entry_of_others_stays_where_match_names_another_key_since() -> None:
    """By the new key what they had went away, and an entry that nobody had came."""
    file = Life("x.yaml", "s:\n  - {name: n, id: 1}\n", FileRule(Mode.MERGE, match=(("s", ("name",)),)))
    file.rolled_out("s: [{name: n, id: 2}]\n")
    file.rule = FileRule(Mode.MERGE, match=(("s", ("id",)),))
    assert file.lived("{}\n") == "s:\n  - {name: n, id: 2}\n"
