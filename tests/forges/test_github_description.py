"""Our requests, and the stand-in's answers, held against GitHub's own description of its interface.

The description is large and others wrote it, so it is not kept here: `npm pack @octokit/openapi`, unpack it, and name
its `api.github.com.deref.json` in ROLLOUT_GITHUB_DESCRIPTION.
"""

import json
import os
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.forges.github import TOKEN, Asked, GitHub, served
from tests.world import World

DESCRIPTION = os.environ.get("ROLLOUT_GITHUB_DESCRIPTION", "")
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not DESCRIPTION, reason="ROLLOUT_GITHUB_DESCRIPTION names no description"),
]


@cache
def paths() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(DESCRIPTION).read_text())["paths"]
    return found


def operation(asked: Asked, project: str) -> dict[str, Any]:
    """Return the description of a request; the fixed parts of a path beat the variable ones."""
    path = asked.path.replace(f"/repos/{project}", "/repos/owner/repo")
    fitting = [
        (template.count("{"), methods[asked.method.lower()])
        for template, methods in paths().items()
        if re.fullmatch(re.sub(r"\{[^}]*\}", "[^/]+", template), path) and asked.method.lower() in methods
    ]
    assert fitting, asked
    found: dict[str, Any] = min(fitting, key=lambda one: one[0])[1]
    return found


def forms(schema: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in schema.get("oneOf", schema.get("anyOf", [schema])) if "properties" in one]


def fits(body: dict[str, Any], schema: dict[str, Any]) -> bool:
    """Tell whether a body has what a schema requires and nothing that it does not know."""
    return any(set(one.get("required", ())) <= set(body) <= set(one["properties"]) for one in forms(schema))


def knows(answer: Any, schema: dict[str, Any]) -> bool:
    """Tell whether a schema knows every field of an answer, at any depth."""
    if isinstance(answer, list):
        return all(knows(one, schema.get("items", {})) for one in answer)
    if not isinstance(answer, dict):
        return True
    return any(
        set(answer) <= set(one["properties"]) and all(knows(answer[key], one["properties"][key]) for key in answer)
        for one in [part for whole in forms(schema) for part in (whole, *whole.get("allOf", ()))]
    )


def story(world: World, forge: GitHub) -> None:
    """Do all that we ever ask GitHub for."""
    world.run("apply", "--yes")
    forge.runs = [{"status": "completed", "conclusion": "success"}]
    forge.opinions = [{"state": "APPROVED", "user": {"login": "ann"}}]
    world.run("status", "--fetch")
    world.template("project/conf.txt.j2", "bye {{ who }}\n")
    world.run("apply", "--yes")
    world.run("review", "comment", "--message", "look", "--yes")
    world.run("review", "close", "--yes")
    world.run("status", "--fetch")
    world.run("apply", "--yes", "--reopen")
    world.run("review", "merge", "--yes")


def test_what_is_asked_and_answered_is_as_github_describes_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GH_TOKEN", TOKEN)
    with served(world.bare_repo("api")) as forge:
        world.defaults = (
            f"defaults: {{templates: [project], deliver: review, forge: {{kind: github, api: '{forge.api}'}}}}\n"
            "review: {branch: team, labels: [bot], reviewers: [rex], assignees: [ann], auto_merge: true}\n"
        )
        story(world, forge)
        asked = list(zip(forge.asked, forge.answers, strict=True))
        assert len({(one.method, re.sub(r"\d+", "N", one.path)) for one, _ in asked}) >= 12
        for one, (status, answer) in asked:
            if one.path.endswith("/graphql"):
                continue  # its own description is another
            described = operation(one, forge.project)
            assert set(one.query) <= {parameter["name"] for parameter in described.get("parameters", ())}, one
            if one.body is not None:
                assert fits(one.body, described["requestBody"]["content"]["application/json"]["schema"]), one
            assert str(status) in described["responses"], (one, status)
            content = described["responses"][str(status)].get("content", {})
            assert knows(answer, content.get("application/json", {}).get("schema", {})), (one, answer)
