"""Imports, links and hooks of written files must lead somewhere, in the target as it will be."""

from __future__ import annotations

import json
from pathlib import Path

from tests.world import World


def test_what_leads_nowhere_blocks_with_its_line_and_can_be_allowed(tmp_path: Path) -> None:
    world = World(tmp_path, tail="folders: {shared: {path: shared, templates: [shared]}}\n")
    (tmp_path / "shared").mkdir()
    world.bare_repo("api", {"there.md": "x\n", "docs/x.md": "x\n"})
    world.template("shared/ok.sh", "true\n", executable=True)
    world.template("shared/plain.sh", "true\n")
    world.template("project/new.md", "new\n")
    hooks = [{"command": f"{tmp_path}/shared/{name}"} for name in ("ok.sh", "plain.sh", "gone.sh")]
    world.template("project/.claude/settings.json", json.dumps({"hooks": {"Stop": [{"hooks": hooks}]}}))
    world.template("project/CLAUDE.md", "@there.md @new.md [d](docs/)\n@gone.md\n[x](gone/too.md)\n")
    planned = {target["name"]: target for target in world.run("plan", "--json").json["targets"]}
    reason = planned["api"]["reason"]
    assert planned["api"]["state"] == "blocked"
    assert reason.split("; ")[::2] == [
        f".claude/settings.json: line 1: runs {tmp_path}/shared/plain.sh, which is not executable",
        f".claude/settings.json: line 1: runs {tmp_path}/shared/gone.sh, which is not there",
        "CLAUDE.md: line 2: imports @gone.md, which is not there",
        "CLAUDE.md: line 3: links to gone/too.md, which is not there",
    ]
    assert "allow: [links] in 'files' lets it through" in reason
    world.tail += "files: {CLAUDE.md: {allow: [imports, links]}, .claude/settings.json: {allow: [hooks]}}\n"
    assert world.run("apply", "-y", "--json").outcomes() == {"api": "pushed", "shared": "written"}
    world.tail = world.tail.replace("imports, links", "links")
    assert world.run("plan", "--json").states()["api"] == "in-sync"  # nothing is written
    found = world.run("verify", "--json")
    assert found.code == 2
    assert [(one["where"], one["path"]) for one in found.json["targets"][0]["mismatches"]] == [("policy", "CLAUDE.md")]
