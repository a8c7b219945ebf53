"""Fixtures: a real PostgreSQL for the worker, and a database of its own for every test."""

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any

import psycopg
import pytest

from rollout.demo.postgres.installation import Installation, debian_installation, embedded_installation
from rollout.demo.postgres.running import embedded_postgres
from rollout.demo.postgres.server import Server
from tests.memory import memory

INSTALLATIONS: dict[str, Callable[[], Installation | None]] = {
    "embedded-16": lambda: embedded_installation(16),
    "embedded-18": lambda: embedded_installation(18),
    "debian-15": lambda: debian_installation(15),
}

EVERY_POSTGRES = list(INSTALLATIONS)

TEMPLATE = "migrated"

_COUNTS_ROUNDS = 16  # the first PostgreSQL that can be told how often a password is hashed

_numbers = itertools.count(1)

_templates: set[tuple[str, str]] = set()

_administrators: dict[str, psycopg.Connection[tuple[Any, ...]]] = {}


ServerNamed = Callable[[str], Server]


@pytest.fixture(scope="session")
def server_named() -> Iterator[ServerNamed]:
    """Give servers by name, each started once per worker, when the first test asks for it."""
    with ExitStack() as stack:
        running: dict[str, Server] = {}

        def named(name: str) -> Server:
            if name not in running:
                installation = INSTALLATIONS[name]()
                if installation is None:
                    pytest.skip(f"{name} is not installed")
                running[name] = stack.enter_context(embedded_postgres(memory(), installation=installation))
                _ask_lightly(running[name])
            return running[name]

        yield named


def _ask_lightly(server: Server) -> None:
    """Keep the password so that a client hashes it once: 4,096 times are half of what psql takes to connect."""
    if server.installation.major >= _COUNTS_ROUNDS:
        sql = f"SET scram_iterations = 1; ALTER ROLE {server.user} PASSWORD '{server.password}'"
        server.execute(sql)


@pytest.fixture(scope="session")
def postgres(server_named: ServerNamed) -> Server:
    """The embedded server of this worker."""
    return server_named("embedded-16")


@pytest.fixture(params=EVERY_POSTGRES)
def any_postgres(request: pytest.FixtureRequest, server_named: ServerNamed) -> Server:
    """Run the test once on every PostgreSQL there is here."""
    return server_named(str(request.param))


@pytest.fixture
def empty_database(postgres: Server) -> Iterator[str]:
    """The URL of a fresh, empty database."""
    yield from fresh_database(postgres)


@pytest.fixture
def any_empty_database(any_postgres: Server) -> Iterator[str]:
    """The URL of a fresh, empty database, on every PostgreSQL there is here."""
    yield from fresh_database(any_postgres)


@pytest.fixture
def event_store(postgres: Server) -> Iterator[str]:
    """The URL of a fresh database with an empty event store."""
    yield from fresh_database(postgres, migrated_template(postgres))


@pytest.fixture
def any_event_store(any_postgres: Server) -> Iterator[str]:
    """The URL of a fresh event store, on every PostgreSQL there is here."""
    yield from fresh_database(any_postgres, migrated_template(any_postgres))


def fresh_database(server: Server, template: str = "template1") -> Iterator[str]:
    """Create a database, yield its URL (through the unix socket), and drop it."""
    name = f"t{os.getpid()}_{next(_numbers)}"
    _administer(server, f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
    yield server.url_of(name)
    if server.pid is not None:
        _administer(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _administer(server: Server, sql: str) -> None:
    """Run one statement on a connection that stays open: a new one for each would cost more than the statement."""
    if server.url in _administrators:
        # A test may have killed the server in the meantime; then the connection is dead, too.
        with suppress(psycopg.OperationalError):
            _administrators[server.url].execute(sql.encode())
            return
    _administrators[server.url] = psycopg.connect(server.url, autocommit=True)
    _administrators[server.url].execute(sql.encode())


def migrated_template(server: Server) -> str:
    """Return the name of a migrated database of this server, made at the first call."""
    return template_of(server, TEMPLATE, migrated)


def template_of(server: Server, name: str, make: Callable[[str], object]) -> str:
    """Return the name of a database of this server that is copied, made at the first call."""
    if (server.url, name) not in _templates:
        make(server.create_database(name))
        _templates.add((server.url, name))
    return name


def migrated(url: str) -> None:
    """Make an event store in a database."""
    from rollout.events.database import connected
    from rollout.events.event_types import shipped_types, store_types
    from rollout.events.migrations import migrate

    with connected(url) as connection:
        migrate(connection)
        store_types(connection, shipped_types())
