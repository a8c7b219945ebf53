"""A Pagure for all tests of this folder, and a world whose one target is a project of its own on it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.forges.live.pagure import Pagure, served
from tests.world import World

DEBIAN = Path(os.environ.get("FORGE", "/var/cache/rollout-forge")) / "trixie"


@pytest.fixture(scope="session")
def pagure() -> Iterator[Pagure]:
    assert DEBIAN.is_dir(), f"there is no Debian in {DEBIAN}: `make forge` installs it"
    with served(DEBIAN) as found:
        yield found


@pytest.fixture
def project(request: pytest.FixtureRequest) -> str:
    return str(request.node.name).removeprefix("test_").replace("_", "-")[:60].strip("-")


@pytest.fixture
def forge(world: World, pagure: Pagure, project: str, monkeypatch: pytest.MonkeyPatch) -> Pagure:
    """Return the forge; the world proposes AGENTS.md to a new project on it."""
    (world.root / "templates" / "project" / "conf.txt.j2").unlink()
    world.template("project/AGENTS.md", "one\n")
    world.entries["api"] = f"{{url: {pagure.project(project)}}}"
    kind = f"{{kind: pagure, api: '{pagure.url}/api/0'}}"
    world.defaults = f"defaults: {{templates: [project], deliver: review, forge: {kind}}}\nreview: {{branch: team}}\n"
    monkeypatch.setenv("PAGURE_TOKEN", pagure.token)
    logged_in(world, pagure, "bot", pagure.token)
    return pagure


def logged_in(world: World, pagure: Pagure, person: str, token: str) -> None:
    """Have git know a person's token for the forge, as a credential helper has it."""
    store = world.root / "credentials"
    store.write_text(pagure.url.replace("://", f"://{person}:{token}@") + "\n")
    world.git(world.root, "config", "--global", "credential.helper", f"store --file={store}")
