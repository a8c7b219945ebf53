"""The short form of the soak: people and killed machines at work at once for a quarter of a minute."""

from __future__ import annotations

from pathlib import Path

from tests.faults.soak import soak


def test_people_and_killed_machines_at_work_at_once_lose_nothing_and_converge(tmp_path: Path) -> None:
    said, wrong = soak(12, 20260203, tmp_path / "scene")
    assert wrong == [], said
