"""The short form of the soak: people and killed machines at work at once for a second; `make soak` has minutes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.soak import Person, Scene, soak

pytestmark = pytest.mark.whole


def test_people_and_killed_machines_at_work_at_once_lose_nothing_and_converge(tmp_path: Path) -> None:
    said, wrong = soak(1, 20260203, tmp_path / "scene")
    assert wrong == [], said


def test_a_stash_that_could_not_be_popped_at_once_is_brought_home(tmp_path: Path) -> None:
    scene = Scene(tmp_path / "scene", 1)
    scene.make()
    person = Person(scene, scene.root / "m1" / "api")
    person.edit()
    assert person.git("stash", "-q")
    assert person.commit()
    assert person.missing() == []
    person.finish()
    assert (scene.wrong, person.missing(), len(person.tokens)) == ([], [], 2)
