"""What a program reads of how a command ended: the exit code, and with --json each mistake as a line."""

from __future__ import annotations

import pytest

from rollout.cli.failures import tell, wants_json
from rollout.errors import RolloutError
from tests.world import World


def broken(world: World) -> None:
    """Let one of two targets have a template that does not render."""
    world.bare_repo("api")
    world.bare_repo("web")
    world.template("other/other.txt.j2", "{{ missing }}\n")
    world.entries["web"] = world.entries["web"].replace("}", ", templates: [other]}")


def test_a_blocked_target_is_no_success_of_a_job_that_only_looks(world: World) -> None:
    broken(world)
    codes = {
        "plan": world.run("plan").code,
        "plan --detailed-exitcode": world.run("plan", "--detailed-exitcode").code,
        "diff": world.run("diff").code,
        "validate": world.run("validate").code,
        "status": world.run("status", "--fetch").code,
        "status --detailed-exitcode": world.run("status", "--fetch", "--detailed-exitcode").code,
        "apply": world.run("apply", "--yes").code,
    }
    assert codes == {
        "plan": 1,
        "plan --detailed-exitcode": 1,
        "diff": 1,
        "validate": 1,
        "status": 0,
        "status --detailed-exitcode": 2,
        "apply": 3,
    }


def test_diff_says_of_what_it_cannot_show_a_difference_and_why(world: World) -> None:
    broken(world)
    world.entries["gone"] = "{url: /nowhere/gone.git}"
    said = world.run("diff")
    assert said.code == 1
    assert "rollout: web: blocked: " in said.err
    assert "'missing' is undefined" in said.err
    assert "rollout: gone: unreachable: " in said.err
    left_out = world.run("diff", "--json").json["left_out"]
    assert [(one["name"], one["state"]) for one in left_out] == [("web", "blocked"), ("gone", "unreachable")]


def test_an_apply_that_could_do_nothing_says_so(world: World) -> None:
    world.bare_repo("api")
    world.template("project/conf.txt.j2", "{{ missing }}\n")
    said = world.run("apply", "--yes")
    assert said.code == 3
    assert "\nNothing applied: 1 blocked.\n" in said.out
    assert "Done" not in said.out


def test_with_json_each_mistake_is_a_line_with_its_place(world: World) -> None:
    world.bare_repo("api", {})
    world.entries["api"] = "{url: 5, nonsense: 1}"
    said = world.run("plan", "--json")
    assert said.code == 64
    assert len(said.lines) == 3
    assert all((line["type"], line["exit_code"]) == ("error", 64) for line in said.lines)
    assert all(line["place"].startswith("inventory.yaml:") for line in said.lines)
    assert all("inventory.yaml:" in line["message"] for line in said.lines)
    assert said.err.count("inventory.yaml:") == 3


@pytest.mark.parametrize("arguments", [("--limit", "nobody"), ("--nonsense",), ("--jobs", "many")])
def test_with_json_a_command_line_that_is_wrong_is_told_as_json(world: World, arguments: tuple[str, ...]) -> None:
    world.bare_repo("api")
    said = world.run("plan", "--json", *arguments)
    assert (said.code, [line["exit_code"] for line in said.lines]) == (64, [64])
    assert said.lines[0]["place"] is None
    assert world.run("plan", *arguments).out == ""


@pytest.mark.parametrize("arguments", [("--json",), ("--json", "events"), ("events", "--json")])
def test_with_json_a_group_without_a_command_is_told_as_json(world: World, arguments: tuple[str, ...]) -> None:
    said = world.run(*arguments)
    name = " ".join(["rollout", *arguments]).replace(" --json", "")
    message = f"{name}: missing command; `{name} --help` lists them"
    assert said.lines == [{"type": "error", "exit_code": 64, "message": message, "place": None}]
    assert (said.code, message in said.err) == (64, True)


def test_a_group_without_a_command_shows_its_help_and_json_is_asked_for_by_the_environment_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for arguments in ((), ("events",)):
        said = world.run(*arguments)
        assert (said.code, said.out, "\nCommands:\n" in said.err) == (64, "", True)
        monkeypatch.setenv("ROLLOUT_JSON", "1")
        assert [line["exit_code"] for line in world.run(*arguments).lines] == [64]
        monkeypatch.delenv("ROLLOUT_JSON")


def test_with_json_a_refusal_is_told_as_json_and_so_is_a_plan_that_is_not_there(world: World) -> None:
    world.bare_repo("api")
    said = world.run("apply", "--json")
    assert (said.code, [(line["type"], line["exit_code"]) for line in said.lines]) == (4, [("error", 4)])
    assert "add --yes" in said.lines[0]["message"]
    lost = world.run("apply", "nowhere/x.plan", "--yes", "--json")
    assert (lost.code, lost.lines[0]["exit_code"], lost.lines[0]["place"]) == (64, 64, "nowhere/x.plan")
    assert world.run("apply", "nowhere.plan", "--yes").code == 64


@pytest.mark.parametrize("name", ["my inventory: 5.yaml", "plain"])
def test_with_json_a_place_is_the_whole_name_of_the_file_whatever_is_in_it(world: World, name: str) -> None:
    said = world.run("plan", "--json", "-i", name)
    line = {"type": "error", "exit_code": 64, "place": name}
    assert said.lines == [
        line | {"message": f"{name}: there is no inventory; name one with -i FILE, or learn one: rollout init DIR"}
    ]


def test_with_json_a_faulty_template_is_a_mistake_with_its_line(world: World) -> None:
    world.bare_repo("api")
    world.template("project/one.txt.j2", "fine\n{% if %}\n")
    said = world.run("plan", "--json")
    assert said.code == 64
    assert [line["place"] for line in said.lines] == ["templates/project/one.txt.j2:2"]


def test_json_is_wanted_by_option_and_by_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert wants_json(["plan", "--json"])
    assert wants_json(["status", "--format", "json"])
    assert not wants_json(["plan"])
    assert not wants_json(["diff", "--", "--json"])
    monkeypatch.setenv("ROLLOUT_JSON", "1")
    assert wants_json(["plan"])


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            RolloutError.of("rollout diff", "takes no files", "name targets"),
            "rollout diff: takes no files; name targets\n",
        ),
        (RolloutError("rollout is at work there"), "rollout: rollout is at work there\n"),
        (RolloutError.at("plan.json", "is not a plan"), "rollout: plan.json: is not a plan\n"),
        (RolloutError.at("inventory.yaml", "no", line=3), "inventory.yaml:3: no\n"),
    ],
)
def test_a_mistake_is_told_after_the_program_s_name_or_its_own_command_or_line(
    error: RolloutError, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    tell(error.mistakes, 64, as_json=False)
    assert capsys.readouterr().err == told
