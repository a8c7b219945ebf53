"""The revert of a revert: what is as its template asks again is not on hold."""

from __future__ import annotations

from tests.world import World


def test_a_change_after_the_revert_of_a_revert_is_drift(world: World) -> None:
    world.repo("api")
    shared = world.root / "shared"
    shared.mkdir()
    world.tail = "folders: {notes: {path: shared, templates: [project]}}\n"
    assert world.run("apply", "--yes").code == 0
    world.template("project/conf.txt.j2", "second\n")
    assert world.run("apply", "--yes").code == 0
    for held in (True, False):
        assert world.run("revert", world.last_run(), "--yes").code == 0
        told = world.run("plan", "--json").json["targets"]
        assert {one["name"]: one["held"] for one in told} == {"api": held, "notes": held}
    assert world.at("api", "conf.txt") == "second\n"
    world.elsewhere("api", {"conf.txt": "theirs\n"})
    (shared / "conf.txt").write_text("theirs\n")
    assert world.run("plan", "--json").states() == {"api": "drift", "notes": "drift"}
