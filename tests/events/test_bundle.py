"""The page that a successor reads first: by value, bounded, with the age and the source of every line."""

from __future__ import annotations

import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from rollout.events.bundle import Moment
from rollout.events.event_types import shipped_types
from rollout.events.repository_now import RepositoryNow, parse_status, read_repository
from rollout.events.resume_markdown import LIMIT, markdown
from tests.events.databases import INSTANCE
from tests.events.test_resume import FIELDS, Logged, told

AT = datetime(2026, 2, 3, 18, 20, 59, tzinfo=UTC)
HERE = RepositoryNow("/r/consilio-s", "main", "b2c3d4e5f6a7b8", 2, 1)
FIVE: tuple[Logged, ...] = tuple(("decision", {"decision": f"decision {number}"}) for number in range(1, 10))


def page(*logged: Logged, repository: RepositoryNow | None = None, **session: Any) -> str:
    answer = told(*logged)
    answer["session"] |= session
    return markdown(answer, Moment(AT, repository))


def test_the_page_of_a_session_reads_like_this() -> None:
    shown = page(
        ("goal", {"text": "users log in\nby e-mail"}),
        ("user_message", {"content": "implement\nauth"}),
        ("decision", {"decision": "sessions in Redis"}),
        ("decision", {"decision": "sessions in PostgreSQL", "reason": "one less", "replaces": "sessions in Redis"}),
        ("attempt_failed", {"approach": "a trigger", "reason": "it locks"}),
        ("blocked", {"what": "mail", "by": "no key"}),
        ("epic_start", {"epic_id": "epic-003", "feature": "auth"}),
        ("spawn", {"description": "Implement epic-003", "subagent": "haiku"}),
        ("commit", {"message": "feat: auth", "hash": "a1b2c3d", "branch": "feature/epic-003"}),
        ("deploy", {"service": "api", "port": 5100, "status": "success"}),
        ("error", {"error_type": "test_failure", "message": "2 of 40 tests fail"}),
        ("checkpoint_created", {"next": "expiry of sessions"}),
        ("pr_created", {"pr_number": 12, "title": "feat: auth"}),
        ("checkpoint_created", {"turn": 3, "branch": "feature/epic-003", "head": "a1b2c3d", "dirty": 2}),
        ("coffee", {}),
        repository=HERE, project="consilio", machine="odin3", status="active", path="/r/consilio-s/src",
    )  # fmt: skip
    assert shown == PAGE


PAGE = """\
# Resume consilio-PS-abc123

Project consilio · machine odin3 · status active · context unknown (3 h ago, registry)
Log complete: 15 events, the last one coffee (3 h ago, #15)

**Goal**: users log in by e-mail (3 h ago, #1)

**Last user message**: implement auth (3 h ago, #2)

**Tried, did not work**: a trigger: it locks (3 h ago, #5)

**Now**
- /r/consilio-s: branch main, HEAD b2c3d4e5f6a7, 2 changed files, 1 unpushed (now, git)
- differs: branch was feature/epic-003 (3 h ago, #14)
- differs: HEAD was a1b2c3d (3 h ago, #14)

**Blocked**: mail: by no key (3 h ago, #6)

**Next**: expiry of sessions (3 h ago, #12)

**Open epics**: epic-003 auth (3 h ago, #7)

**Subagents in flight**: Implement epic-003 by haiku (3 h ago, #8)

**Decisions**: sessions in PostgreSQL: one less: instead of sessions in Redis (3 h ago, #4)

**Open pull requests**: PR 12 feat: auth: open (3 h ago, #13)

**Services**: api: success on port 5100 (3 h ago, #10)

**Last error**: test_failure 2 of 40 tests fail (3 h ago, #11)

**Last commit**: a1b2c3d feat: auth (3 h ago, #9)

**Last checkpoint**: next: expiry of sessions (3 h ago, #12)

**Last turn**: turn: 3, branch: feature/epic-003, head: a1b2c3d, dirty: 2 (3 h ago, #14)

**Not understood**: coffee × 1
"""


def test_the_page_has_fewer_than_2000_characters_whatever_was_logged() -> None:
    long = "word " * 1000
    logged: list[Logged] = [
        (kind.name, {name: f"{number} {long}" for name in FIELDS if name != "context_percent"})
        for number in range(12)
        for kind in shipped_types()
    ]
    answer = told(*logged, *((f"strange type {number}" * 3, {}) for number in range(20)))
    shown = markdown(answer, Moment(AT))
    assert len(shown) < LIMIT
    assert f"rollout events resume {INSTANCE} --full" in shown
    assert len(markdown(answer, Moment(AT), None)) > LIMIT


def test_the_goal_and_every_failed_attempt_are_told_whatever_else_there_is() -> None:
    tried: tuple[Logged, ...] = tuple(
        ("attempt_failed", {"approach": f"way {number}", "reason": "long " * 50}) for number in range(40)
    )
    shown = page(("goal", {"text": "the goal"}), *tried, *FIVE, ("epic_start", {"epic_id": "epic-1"}))
    assert [name for name in ("the goal", *(f"- way {number}:" for number in range(40))) if name not in shown] == []


def test_a_list_that_is_cut_says_how_many_more_there_are_and_the_newest_decisions_come_first() -> None:
    many: tuple[Logged, ...] = tuple(
        ("decision", {"decision": f"decision {number} {'x' * 99}"}) for number in range(99)
    )
    shown = page(*many)
    assert "**Decisions**\n- decision 98 x" in shown
    assert (left := re.search(r"\n- and (\d+) more\n", shown))
    assert shown.count("\n- decision ") == 99 - int(left[1])
    assert LIMIT - 90 < len(shown) < LIMIT


def test_another_repository_than_the_sessions_is_said_and_not_compared() -> None:
    shown = page(("commit", {"hash": "a1b2c3d", "branch": "old"}), repository=HERE, path="/r/odin-s")
    assert "- differs: the session worked in /r/odin-s (registry)" in shown
    assert "branch was" not in shown


def test_what_is_as_the_events_say_is_no_difference() -> None:
    turn: Logged = ("checkpoint_created", {"turn": 1, "branch": "main", "head": HERE.head, "dirty": 2})
    older: Logged = ("commit", {"hash": "0000000", "branch": "old"})
    assert "differs" not in page(older, turn, repository=HERE)
    newer: Logged = ("commit", {"hash": "b2c3d4e", "branch": "main"})
    assert "differs" not in page(turn, newer, repository=HERE)


@pytest.mark.parametrize(
    ("moment", "age"),
    [("2026-02-03T18:20:30Z", "just now"), ("2026-02-03T18:00:00Z", "20 min ago"), ("2026-01-03T18:00:00Z", "31 d ago"),
     ("2027-01-01T00:00:00Z", "just now")],
)  # fmt: skip
def test_an_age_is_in_the_largest_unit_that_fits(moment: str, age: str) -> None:
    answer = told(("goal", {"text": "x"}))
    answer["goal"]["timestamp"] = moment
    assert f"**Goal**: x ({age}, #1)" in markdown(answer, Moment(AT))


def test_git_tells_the_repository_as_it_is(tmp_path: Path) -> None:
    def git(*words: str) -> None:
        subprocess.run(("git", "-C", str(tmp_path), "-c", "user.name=p", "-c", "user.email=p@x", *words), check=True)

    assert read_repository(tmp_path) is None
    git("init", "-q", "-b", "main")
    assert read_repository(tmp_path) == RepositoryNow(str(tmp_path), "main", None, 0, None)
    (tmp_path / "new").write_text("")
    git("commit", "-q", "--allow-empty", "-m", "x")
    now = read_repository(tmp_path)
    assert now is not None
    assert (now.branch, len(now.head or ""), now.dirty, now.unpushed) == ("main", 40, 1, None)


def test_a_detached_head_and_what_is_not_pushed_are_read() -> None:
    state = "# branch.oid abc\n# branch.head (detached)\n"
    assert parse_status("/r", state) == RepositoryNow("/r", None, "abc", 0, None)
    state = "# branch.oid abc\n# branch.head main\n# branch.upstream o/main\n# branch.ab +3 -1\n? new\n"
    assert parse_status("/r", state) == RepositoryNow("/r", "main", "abc", 1, 3)
