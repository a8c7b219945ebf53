"""A document in which aliases repeat aliases: what they come to is nobody's business, a key beside them is merged."""

from __future__ import annotations

import pytest

from rollout.model.action import Action
from rollout.model.inventory import FileRule, Mode
from tests.lives import Life

_LAUGHS = "a: &a [x, y, z]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
_CHAIN = "k0: &k0 {x: 1}\n" + "".join(f"k{n}: &k{n}\n  <<: *k{n - 1}\n  y{n}: *k{n - 1}\n" for n in range(1, 25))


@pytest.mark.parametrize("before", [_LAUGHS, _CHAIN], ids=["a billion", "a chain"])
def test_a_key_beside_them_comes_and_goes(before: str) -> None:
    file = Life("x.yaml", before, FileRule(Mode.MERGE))
    assert file.lived("zz: {new: 1}\n") == f"{before}zz: {{new: 1}}\n"
    assert file.plan("zz: {new: 1}\n") is None
    assert file.lived("{}\n") == before
    assert file.asked == []


@pytest.mark.parametrize(
    ("before", "template"),
    [(_LAUGHS, "a: [w]\n"), (_LAUGHS, "i: [w]\n"), (_CHAIN, "k0: {x: 2}\n"), (_CHAIN, "k24: {y24: 1}\n")],
)
def test_what_they_say_elsewhere_is_not_changed(before: str, template: str) -> None:
    planned = Life("x.yaml", before, FileRule(Mode.MERGE)).plan(template)
    assert planned is not None
    if template.startswith("i:"):  # nothing repeats it
        assert planned.action is not Action.ERROR
        return
    assert planned.action is Action.ERROR
    assert "merge cannot change it" in planned.cause
