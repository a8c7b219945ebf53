"""The demo: the first user's rollout, told as it happens in a sandbox."""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from rollout.demo import excerpt, program
from rollout.demo.sandbox import COLLEAGUES, DIRTY, MOVED, REPOSITORIES, UNPUSHED
from rollout.demo.stage import Stage

SUBJECT = "Event store migration"

_AGENT, _EDITED = "consilio-s", "openhorizon-s"
_OLD, _NEW = "INSERT INTO command_log", "log_event"
_HELPER = "templates/shared/.claude/helpers/log-event.sh.j2"


def tell(stage: Stage) -> int:
    """Tell the chapters in their order; return 0 when everything that they promise held."""
    before = _begin(stage)
    _look(stage)
    run = _roll_out(stage, before)
    _drift(stage)
    _revert(stage)
    _fail_a_check(stage)
    _prove(stage)
    _end(stage, run)
    return 1 if stage.failures else 0


def _begin(stage: Stage) -> dict[str, str]:
    """Return the work of the people in their checkouts, which nothing may change."""
    stage.chapter("What an agent reads today", "")
    stage.sandbox.build()
    stage.line(f"Five repositories and a shared folder, all of them made just now, in {stage.sandbox.folder}.")
    stage.line("They belong to this demo alone. Nothing outside of that folder is read, changed or pushed to.")
    stage.line("")
    stage.line(f"Agents work in them. This is how {_AGENT}/CLAUDE.md tells an agent to log what it does:")
    stage.quote(excerpt.around(stage.sandbox.upstream(_AGENT, "CLAUDE.md"), _OLD))
    stage.line("That is the wrong table: whoever takes over reads event_store, and finds nothing there.")
    wrong = [name for name in REPOSITORIES if _OLD in stage.sandbox.upstream(name, "CLAUDE.md")]
    stage.check("all five CLAUDE.md name the wrong table", len(wrong) == len(REPOSITORIES))
    return {name: stage.sandbox.persons_work(name) for name in (DIRTY, UNPUSHED)}


def _look(stage: Stage) -> None:
    stage.chapter("What would change?", "An inventory names the targets, templates say what their files should be.")
    stage.rollout("plan", "--no-diff", most=15)
    stage.line("`?` marks a file that somebody else wrote. Only `rollout apply --adopt` replaces such a file.")
    stage.line("")
    stage.rollout("diff", _AGENT, "CLAUDE.md", most=42)
    stage.check("the diff takes the wrong table out", f"-{_OLD}" in _plain(stage.said))


def _roll_out(stage: Stage, before: Mapping[str, str]) -> str:
    """Return the run that rolls out."""
    stage.chapter("Roll out", "Meanwhile people are at work.")
    stage.line(f"- {DIRTY}: somebody has edited, staged and untracked files in the checkout.", under=2)
    stage.line(f"- {UNPUSHED}: somebody has a commit that nobody else may see yet.", under=2)
    stage.line(f"- {' and '.join(MOVED)}: colleagues have just pushed, so a plain git push would fail.", under=2)
    stage.sandbox.move_remotes_on()
    stage.rollout("apply", "--adopt", "--yes", "--message", SUBJECT)
    run = _newest_run(stage)
    published = {name: stage.sandbox.published(name) for name in REPOSITORIES}
    stage.check("every remote has the change, as one commit", all(p.count(SUBJECT) == 1 for p in published.values()))
    stage.check("the colleagues' commits are still there", all(COLLEAGUES in published[name] for name in MOVED))
    stage.check("the people's own work is as it was", _people_are_left_alone(stage, before))
    hidden = not any("not ready" in subject for subject in published[UNPUSHED])
    stage.check(f"{UNPUSHED}: the private commit is still private", hidden)
    stage.line("")
    stage.line(f"What an agent in {_AGENT} reads from now on:")
    now = {name: stage.sandbox.upstream(name, "CLAUDE.md") for name in REPOSITORIES}
    stage.quote(excerpt.around(now[_AGENT], _NEW))
    right = all(_NEW in text and _OLD not in text for text in now.values())
    stage.check("all five CLAUDE.md say the right thing, and none the wrong one", right)
    return run


def _people_are_left_alone(stage: Stage, before: Mapping[str, str]) -> bool:
    return all(stage.sandbox.persons_work(name) == work for name, work in before.items())


def _drift(stage: Stage) -> None:
    stage.chapter("Somebody edits a file that is rolled out", f"A colleague changes {_EDITED}/CLAUDE.md and pushes.")
    text = stage.sandbox.upstream(_EDITED, "CLAUDE.md")
    edited = re.sub(rf"^.*{_NEW} .*$", f"{_OLD} (action) VALUES ('...');", text, count=1, flags=re.MULTILINE)
    stage.sandbox.colleague_pushes(_EDITED, {"CLAUDE.md": edited}, "log as we always did")
    refused = stage.rollout("apply", "--yes", "--limit", _EDITED) != 0
    stage.check("rollout does not overwrite it: a person decides", refused)
    stage.line("What did they change?")
    stage.rollout("diff", _EDITED, "CLAUDE.md", "--base", most=20)
    stage.line("That is the wrong table again. The decision is to put the text back:")
    decided = stage.rollout("apply", "--yes", "--limit", _EDITED, "--on-drift", "overwrite")
    stage.check("the file says the right thing again", decided == 0 and _NEW in _told(stage, _EDITED))


def _told(stage: Stage, name: str) -> str:
    text = stage.sandbox.upstream(name, "CLAUDE.md")
    return "" if _OLD in text else text


def _revert(stage: Stage) -> None:
    stage.chapter("A mistake, and the way back", "Somebody mistypes the port of the database in the inventory: 5543.")
    inventory = stage.sandbox.folder / "inventory.yaml"
    right = inventory.read_text()
    inventory.write_text(re.sub(r"pg_port: \d+", "pg_port: 5543", right))
    before = stage.sandbox.upstream(_AGENT, "CLAUDE.md")
    stage.rollout("apply", "--yes", "--message", "Another port")
    wrong = stage.sandbox.upstream(_AGENT, "CLAUDE.md") != before or "5543" in _machine(stage)
    stage.check("the mistake is rolled out", wrong)
    inventory.write_text(right)
    stage.rollout("history")
    run = _newest_run(stage)
    stage.line("The port is put right in the inventory, and the run is undone with new commits:")
    stage.rollout("revert", run, "--yes")
    back = stage.sandbox.upstream(_AGENT, "CLAUDE.md") == before and "5543" not in _machine(stage)
    stage.check("every file is as it was before that run", back)


def _newest_run(stage: Stage) -> str:
    run: str = json.loads(stage.ask("history", "--json"))["runs"][0]["run"]
    return run


def _machine(stage: Stage) -> str:
    return stage.sandbox.upstream(_AGENT, ".supervisor-specific/03-machine-config.md")


def _fail_a_check(stage: Stage) -> None:
    stage.chapter("A check that fails", "Somebody breaks the script by which agents log: an `if` without its `fi`.")
    template = stage.sandbox.folder / _HELPER
    right = template.read_text()
    template.write_text(right + "\nif true; then\n")
    script = stage.sandbox.root / ".claude/helpers/log-event.sh"
    before = script.read_bytes()
    code = stage.rollout("apply", "--yes", "--limit", "shared")
    stage.check("nothing is written: `bash -n` refuses it", code != 0 and script.read_bytes() == before)
    template.write_text(right)


def _prove(stage: Stage) -> None:
    stage.chapter("Where does it stand?", f"{UNPUSHED}'s person pulls; then rollout looks at everything.")
    stage.command(f"git -C {UNPUSHED} pull --rebase")
    stage.sandbox.git(stage.sandbox.root / UNPUSHED, "pull", "-q", "--rebase")
    proved = stage.rollout("verify") == 0
    stage.check("every managed file, upstream and on the disk, is as it should be", proved)
    stage.rollout("apply", "--yes")
    stage.check("another apply has nothing to do", "6 unchanged" in _plain(stage.said))
    stage.rollout("status")


def _end(stage: Stage, run: str) -> None:
    folder, rollout = stage.sandbox.folder, program.typed(stage.sandbox.rollout)
    stage.chapter("Go on by yourself", "Each command works as it stands, from any folder.")
    for command, about in (
        (f"{rollout} status", "where every target stands"),
        (f"{rollout} report {run}", "the rollout as a document"),
        (f"{rollout} explain {_AGENT} CLAUDE.md", "why that file says what it says"),
        (f"git -C {_quoted(stage.sandbox.root / _AGENT)} log --oneline", "what rollout and people committed"),
        (
            f"cat {_quoted(folder / 'inventory.yaml')}",
            "the inventory; change it or the templates beside it",
        ),
        (f"{rollout} plan", "what your change would do"),
        (
            f"{program.this_program(Path(sys.argv[0]))} demo --events",
            "the event store: a session dies, and another one takes over",
        ),
        (f"rm -rf {_quoted(folder)}", "the end of this demo"),
    ):
        stage.say("  " + stage.paint(f"# {about}", "dim"))
        stage.say(f"  {command}")
    for failure in stage.failures:
        stage.line(stage.paint(f"✗ {failure}", "red"))
    stage.line(f"The demo took {stage.seconds()} seconds.")


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))


def _plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)
