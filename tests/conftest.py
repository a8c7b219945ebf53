"""Seals every test from the machine: own HOME, own git configuration, fixed dates, no prompts."""

import gc
import itertools
import os
import re
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.detection import is_hypothesis_test

from tests.memory import memory
from tests.person import seal
from tests.postgres import (  # noqa: F401  # fixtures that any test may ask for by name
    any_empty_database,
    any_event_store,
    any_postgres,
    empty_database,
    event_store,
    postgres,
    server_named,
)
from tests.world import World

# A fixed instant for the people of a test; rollout's own commits take the clock of their run.
PEOPLE_DATE = "2026-02-03T15:20:00+00:00"


# What Python compiled is kept: without it each start of the program and each worker would compile everything again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# A busy machine is no fault of a test: how long an example took is not judged. The suite tries a few examples, the same
# each time; `make test-long` searches.
settings.register_profile(
    "suite", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=10, derandomize=True
)
settings.register_profile("long", settings.get_profile("suite"), max_examples=1000, derandomize=False, database=None)
settings.load_profile("suite")

signal.signal(signal.SIGHUP, signal.SIG_DFL)  # as on a terminal, also where nohup started the tests

gc.disable()  # until all tests are there: what is loaded stays

_numbers = itertools.count()

_SERVERS = {"server_named", "postgres", "any_postgres", "sshd", "servers"}  # fixtures that start a server
_EVERY_DAY = {"test_states_and_decisions.py"}  # whole worlds that `make test-fast` has, too


def pytest_configure(config: pytest.Config) -> None:
    """Put the tests' folders in memory where there is room."""
    if config.option.basetemp is None and not hasattr(config, "workerinput") and (folder := memory()):
        place = tempfile.mkdtemp(prefix="rollout-tests-", dir=folder)
        config.option.basetemp = Path(place) / "t"
        config.add_cleanup(lambda: shutil.rmtree(place, ignore_errors=True))


def pytest_xdist_auto_num_workers() -> int:
    """Have three workers more than there are cores: some tests wait, for what stands still or takes its time."""
    return 3 + (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def pytest_collection_finish() -> None:
    """Let Python not look for garbage among the tests and modules, again and again."""
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(20_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what `make test-fast` leaves out, servers and whole worlds, and what `make test-long` tries longer."""
    for item in items:
        if is_hypothesis_test(getattr(item, "function", None)):
            item.add_marker(pytest.mark.search)
        fixtures = set(getattr(item, "fixturenames", ()))
        if _SERVERS & fixtures:
            item.add_marker(pytest.mark.server)
        if "world" in fixtures and item.path.name not in _EVERY_DAY:
            item.add_marker(pytest.mark.whole)


@pytest.fixture(autouse=True)
def sealed(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the test a home of its own and take away whatever of the machine could reach it."""
    home = tmp_path_factory.mktemp(f"home-{next(_numbers)}", numbered=False)
    seal(home, monkeypatch)
    return home


@pytest.fixture
def tmp_path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder of its own. To number it, pytest would read the names of all that are there, for each test."""
    name = re.sub(r"\W", "_", request.node.name)[:30]
    return tmp_path_factory.mktemp(f"{name}-{next(_numbers)}", numbered=False)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Give a folder with a template set `project` of one file, and nothing else yet."""
    made = World(tmp_path)
    made.template("project/conf.txt.j2", "hello {{ who }}\n")
    return made
