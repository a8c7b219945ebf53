"""Repositories that the inventory does not name, and what `verify` tells build servers."""

import json
import xml.etree.ElementTree as Xml

from tests.world import World


def source(world: World, *lines: object) -> str:
    text = "".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in lines)
    (world.root / "source.txt").write_text(text)
    return "command:cat source.txt"


def test_what_the_inventory_does_not_name_is_listed_and_added(world: World) -> None:
    world.entries["api"] = "{url: git@example.org:team/api.git}  # the first"
    found = source(
        world,
        "https://example.org/team/api",
        {"name": "web", "url": "git@example.org:team/web.git", "topics": ["service"]},
        {"name": "old", "url": "git@example.org:team/old.git", "archived": True},
        {"name": "copy", "url": "git@example.org:team/copy.git", "fork": True},
        "",
        "git@example.org:team/ops.git",
    )
    ran = world.run("discover", "--forge", found, "--json")
    assert (ran.code, [one["name"] for one in ran.json["unmanaged"]]) == (0, ["web", "ops"])
    assert ran.json["format"] == "rollout-discover/1"
    assert ran.json["unmanaged"][0] == {
        "name": "web", "url": "git@example.org:team/web.git", "archived": False, "topics": ["service"],
    }  # fmt: skip
    names = ("discover", "--forge", found, "--json", "--topic", "service")
    assert [one["name"] for one in world.run(*names).json["unmanaged"]] == ["web"]
    assert world.run("discover", "--forge", found, "--add").code == 4
    assert world.run("discover", "--forge", found, "--add", "--yes").code == 0
    text = (world.root / "inventory.yaml").read_text()
    assert "# the first" in text
    assert world.run("discover", "--forge", found, write=False).out == "The inventory names every repository.\n"
    assert world.run("validate", "--json", write=False).json["targets"] == 3


def test_status_counts_what_nobody_manages(world: World) -> None:
    world.bare_repo("api")
    world.head += f"discover: ['{source(world, 'git@example.org:team/ops.git')}']\n"
    assert world.run("status", "--fetch", "--json").json["summary"] == {"pending": 1, "unmanaged": 1}
    assert "1 unmanaged; rollout discover lists them." in world.run("status", "--fetch").out
    assert world.run("status", "--json").json["summary"] == {"pending": 1}


def test_a_source_that_fails_is_an_error(world: World) -> None:
    world.entries["api"] = "{url: git@example.org:team/api.git}"
    ran = world.run("discover", "--forge", "command:echo no such token >&2; exit 3")
    assert (ran.code, "exits with 3 (no such token)" in ran.err) == (1, True)
    assert world.run("discover", "--forge", "nothing").code == 64
    assert world.run("discover").code == 64


def test_a_forge_where_nobody_is_logged_in_names_the_variable(world: World) -> None:
    world.entries["api"] = "{url: git@example.org:team/api.git}"
    ran = world.run("discover", "--forge", "gitlab:team")
    assert (ran.code, "nobody is logged in to https://gitlab.com/api/v4; set GITLAB_TOKEN" in ran.err) == (1, True), ran


def test_a_path_in_sarif_is_an_address(world: World) -> None:
    world.template("project/a b/ü#1.txt", "x\n")
    world.repo("api")
    result = world.run("verify", "--format", "sarif").json["runs"][0]["results"][0]
    place = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place == {"uri": "a%20b/%C3%BC%231.txt"}


def test_verify_speaks_sarif_and_junit(world: World) -> None:
    world.repo("api")
    world.repo("web")
    world.run("apply", "--yes")
    world.elsewhere("api", {"conf.txt": "theirs <&>\n"})
    ran = world.run("verify", "--format", "sarif")
    result = ran.json["runs"][0]["results"][0]
    assert (ran.code, ran.json["version"], result["ruleId"]) == (2, "2.1.0", "upstream")
    assert result["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "conf.txt"}
    ran = world.run("verify", "--format", "junit")
    suite = Xml.fromstring(ran.out)
    assert (ran.code, suite.attrib["tests"], suite.attrib["failures"]) == (2, "2", "1")
    assert [case.attrib["name"] for case in suite.iter("testcase")] == ["api", "web"]
