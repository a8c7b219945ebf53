"""The ledger that an inventory names: a server of PostgreSQL or a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.world import World


@pytest.mark.parametrize("address", ["mysql://pat:hunter2hunter2@host/runs", "http://host/runs"])
def test_a_ledger_of_another_kind_is_refused(world: World, address: str) -> None:
    world.bare_repo("api")
    world.tail = f"ledger: {address}\n"
    ran = world.run("plan")
    assert ran.code == 64
    assert "inventory.yaml:6: ledger: " in ran.err
    assert "hunter2" not in ran.err


def test_a_ledger_may_be_in_the_home_folder(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    world.bare_repo("api")
    world.tail = "ledger: ~/runs.db\n"
    assert world.run("apply", "--yes").code == 0
    assert (tmp_path / "home" / "runs.db").is_file()
