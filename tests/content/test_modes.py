"""How a managed path is written: blocks, merges, once, delimiters, policies, executable bits."""

from __future__ import annotations

import json

import pytest

from rollout.model.action import Action
from rollout.model.circumstances import Decisions
from rollout.model.inventory import Mode
from rollout.model.plan import State
from tests import decisions
from tests.decisions import file, managed, only_change, rule, step, written
from tests.world import World


def rolled_out(world: World, before: str | bytes | None, *arguments: str, path: str = "conf.txt") -> str | None:
    world.bare_repo("api", {"README.md": "x\n"} | ({path: before} if before is not None else {}))
    applied = world.run("apply", "--yes", "--json", *arguments)
    assert applied.outcomes() == {"api": "pushed"}, applied.out
    assert set(world.run("status", "--json").states().values()) == {"in-sync"}
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "unchanged"}
    assert world.run("verify").code == 0
    return world.at("api", path)


BEGIN, END = "<!-- rollout:begin project -->", "<!-- rollout:end project -->"


def test_a_missing_file_is_created_as_one_block() -> None:
    item = managed("CLAUDE.md", "body world\n", rule(Mode.BLOCK))
    assert decisions.rolled_out(item, None) == f"{BEGIN}\nbody world\n{END}\n"


def test_only_the_block_changes_and_the_rest_stays_to_the_byte(world: World) -> None:
    world.tail = "files:\n  CLAUDE.md: {mode: block}\n"
    world.template("project/CLAUDE.md.j2", "body {{ who }}\n")
    around = f"# mine \r\n\ttext?\n{BEGIN}\nold\n{END}\nno newline at the end"
    expected = around.replace("old\n", "body world\n")
    world.bare_repo("api", {"CLAUDE.md": around.replace("\r\n", "\n")})
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    assert world.at("api", "CLAUDE.md") == expected.replace("\r\n", "\n")
    world.elsewhere("api", {"CLAUDE.md": expected.replace("\r\n", "\n") + "\nmore of mine\n"})
    assert world.run("status", "--fetch", "--json").states() == {"api": "in-sync"}
    world.head = "version: 1\nvars: {who: moon}\n"
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    assert str(world.at("api", "CLAUDE.md")).endswith("more of mine\n")


def test_a_changed_block_is_drift() -> None:
    item = managed("CLAUDE.md", "body\n", rule(Mode.BLOCK))
    last = written(only_change(step(item, None)))
    assert step(item, file(f"{BEGIN}\nbody, and theirs\n{END}\n"), last).state is State.DRIFT


def test_a_file_without_markers_gets_its_block_only_when_adopted() -> None:
    item = managed("CLAUDE.md", "body\n", rule(Mode.BLOCK, id="mine"))
    begin, end = BEGIN.replace("project", "mine"), END.replace("project", "mine")
    asked, told = (only_change(step(item, file("# theirs"), None, Decisions(adopt))) for adopt in (False, True))
    assert (asked.action, asked.decided, told.decided) == (Action.ADOPT, False, True)
    assert told.after == file(f"# theirs\n\n{begin}\nbody\n{end}\n")


@pytest.mark.parametrize("body", ["body\n", "another\n"])
def test_a_renamed_block_is_moved_and_never_doubled(body: str) -> None:
    old = managed("CLAUDE.md", "body\n", rule(Mode.BLOCK, id="old"))
    first = only_change(step(old, file("# theirs\n"), None, Decisions(adopt=True)))
    assert first.after is not None
    new = managed("CLAUDE.md", body, rule(Mode.BLOCK, id="project"))
    found = decisions.rolled_out(new, first.after.content.decode(), written(first))
    assert found == f"# theirs\n\n{BEGIN}\n{body}{END}\n"


def test_a_renamed_block_of_a_shared_folder_is_moved(world: World) -> None:
    world.tail = "folders: {f: {path: shared, templates: [project]}}\nfiles:\n  CLAUDE.md: {mode: block, id: old}\n"
    world.template("project/CLAUDE.md.j2", "body\n")
    (world.root / "shared").mkdir()
    world.run("apply", "--yes")
    world.tail = world.tail.replace("id: old", "id: project")
    world.template("project/CLAUDE.md.j2", "another\n")
    assert world.run("apply", "--yes", "--json").outcomes() == {"f": "written"}
    assert (world.root / "shared/CLAUDE.md").read_text() == f"{BEGIN}\nanother\n{END}\n"


def test_a_block_takes_the_place_of_a_section_when_that_is_adopted() -> None:
    item = managed("CLAUDE.md", "## Log\nnew\n", rule(Mode.BLOCK, replaces="## Log"))
    there = file("# a\n\n## Log\nold\n\n# b\n")
    asked, told = (only_change(step(item, there, None, Decisions(adopt))) for adopt in (False, True))
    assert (asked.action, asked.decided, told.decided) == (Action.ADOPT, False, True)
    assert told.after == file(f"# a\n\n{BEGIN}\n## Log\nnew\n{END}\n\n# b\n")


@pytest.mark.parametrize(
    "content",
    [f"{BEGIN}\nx\n", f"x\n{END}\n", f"{BEGIN}\n{BEGIN}\n{END}\n", f"{BEGIN}\n{END}\n{BEGIN}\n{END}\n",
     f"{BEGIN}\n<!-- rollout:begin b -->\n<!-- rollout:end b -->\n{END}\n"],
)  # fmt: skip
def test_broken_markers_are_an_error_and_never_a_second_block(content: str) -> None:
    item = managed("CLAUDE.md", "body\n", rule(Mode.BLOCK))
    made = step(item, file(content), None, Decisions(adopt=True))
    assert (made.state, only_change(made).after) == (State.BLOCKED, None)
    assert made.reason.startswith("CLAUDE.md: line ")


@pytest.mark.parametrize(
    ("path", "form"), [("Makefile", "# {}"), ("x.sh", "# {}"), ("x.ts", "// {}"), (".gitignore", "# {}")]
)
def test_markers_take_the_comment_form_of_the_file(path: str, form: str) -> None:
    begin, end = form.format("rollout:begin project"), form.format("rollout:end project")
    assert decisions.rolled_out(managed(path, "body\n", rule(Mode.BLOCK)), None) == f"{begin}\nbody\n{end}\n"


def test_a_merge_changes_only_named_keys_and_keeps_every_other_byte(world: World) -> None:
    world.tail = "files:\n  s.json: {mode: merge}\n"
    world.template("project/s.json.j2", '{"hooks": {"Stop": ["{{ who }}"]}, "new": 1}\n')
    before = '{\n    "odd":   [1,2,  3],\n    "hooks": { "Stop": ["theirs"], "Start": [] }\n}\n'
    after = rolled_out(world, before, path="s.json")
    assert after is not None
    assert after.startswith('{\n    "odd":   [1,2,  3],\n    "hooks": { "Stop": ["theirs", "world"], "Start": [] }')
    assert json.loads(after)["new"] == 1


def test_an_entry_we_added_and_no_longer_name_goes_away_and_theirs_stay(world: World) -> None:
    world.tail = "files:\n  s.json: {mode: merge}\n"
    world.template("project/s.json.j2", '{"allow": ["one", "two"], "level": 1}\n')
    world.bare_repo("api", {"s.json": '{"allow": ["theirs"]}\n'})
    world.run("apply", "--yes")
    world.elsewhere("api", {"s.json": '{"allow": ["theirs", "one", "two", "later theirs"], "level": 1, "x": 0}\n'})
    assert world.run("status", "--fetch", "--json").states() == {"api": "in-sync"}
    world.template("project/s.json.j2", '{"allow": ["two", "three"]}\n')
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    found = json.loads(str(world.at("api", "s.json")))
    assert found == {"allow": ["theirs", "two", "later theirs", "three"], "x": 0}


def test_a_merge_asks_only_when_a_foreign_value_would_change() -> None:
    item = managed("s.json", '{"level": 2}\n', rule(Mode.MERGE))
    asked, told = (only_change(step(item, file('{"level": 1}\n'), None, Decisions(adopt))) for adopt in (False, True))
    assert (asked.action, asked.decided, told.decided) == (Action.ADOPT, False, True)
    assert told.after == file('{"level": 2}\n')
    assert json.loads(decisions.rolled_out(item, '{"other": 1}\n')) == {"other": 1, "level": 2}


def test_yaml_is_merged_with_its_comments() -> None:
    item = managed("c.yaml", "jobs:\n  lint: {run: 'world'}\n", rule(Mode.MERGE))
    after = decisions.rolled_out(item, "# top\njobs:   # theirs\n  test:\n    - 1   # one\n")
    assert after.startswith("# top\njobs:   # theirs\n  test:\n    - 1   # one\n")
    assert "lint:" in after


def test_a_document_that_is_not_one_blocks_its_target_alone(world: World) -> None:
    world.tail = "files:\n  s.json: {mode: merge}\n"
    world.template("project/s.json.j2", '{"a": 1}\n')
    world.bare_repo("api", {"s.json": "{ not json\n"})
    world.bare_repo("web")
    applied = world.run("apply", "--yes", "--json")
    assert (applied.code, applied.outcomes()) == (3, {"api": "blocked", "web": "pushed"})
    assert "s.json" in applied.reasons()["api"]


def test_once_creates_and_then_leaves_alone(world: World) -> None:
    world.tail = "files:\n  conf.txt: {mode: once}\n"
    world.bare_repo("api")
    world.run("apply", "--yes")
    world.elsewhere("api", {"conf.txt": "theirs now\n"})
    world.head = "version: 1\nvars: {who: moon}\n"
    assert world.run("status", "--fetch", "--json").states() == {"api": "in-sync"}
    world.elsewhere("api", {"conf.txt": None})
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "unchanged"}


def test_executable_bits_come_from_the_template_and_change_alone(world: World) -> None:
    world.template("project/run.sh", "#!/bin/sh\n", executable=True)
    world.repo("api")
    world.run("apply", "--yes")
    assert world.git("api.git", "ls-tree", "main", "run.sh").startswith("100755")
    world.template("project/run.sh", "#!/bin/sh\n", executable=False)
    change = world.run("plan", "--json").json["targets"][0]["changes"][0]
    assert (change["action"], change["before"]["mode"], change["after"]["mode"]) == ("chmod", "100755", "100644")
    world.run("apply", "--yes")
    assert world.git("api.git", "ls-tree", "main", "run.sh").startswith("100644")
    assert not (world.root / "api/run.sh").stat().st_mode & 0o111


def test_delimiters_keep_shell_and_github_expressions(world: World) -> None:
    world.tail = 'files:\n  "*.sh": {delimiters: shell, check: "bash -n {path}"}\n  ci.yml: {delimiters: angle}\n'
    world.template("project/a.sh.j2", '#!/bin/bash\n<# a note #>\necho "${#array[@]}" {{ who }}\n')
    world.template("project/ci.yml.j2", "ref: ${{ github.ref }} << who >>\n")
    world.template("project/raw.bin", b"\x00\xff{{ who }}")
    world.repo("api")
    world.run("apply", "--yes")
    assert world.at("api", "a.sh") == '#!/bin/bash\necho "${#array[@]}" world\n'
    assert world.at("api", "ci.yml") == "ref: ${{ github.ref }} world\n"
    assert (world.root / "api/raw.bin").read_bytes() == b"\x00\xff{{ who }}"


def test_nothing_is_escaped_and_bytes_come_out_as_written(world: World) -> None:
    world.head = "version: 1\nvars: {who: \"<a href='x'>&\"}\n"
    world.template("project/conf.txt.j2", "{{ who }} {{ [who]|tojson }} é\n\n")
    world.repo("api")
    world.run("apply", "--yes")
    assert (world.root / "api/conf.txt").read_bytes() == "<a href='x'>& [\"<a href='x'>&\"] é\n\n".encode()


@pytest.mark.parametrize(
    ("rule", "body", "words"),
    [
        ("max_chars: 3", "four\n", "max_chars"),
        ("max_lines: 1", "a\nb\n", "max_lines"),
        ('check: "bash -n {path}"', "if then\n", "bash -n"),
    ],
)
def test_a_file_that_breaks_a_policy_blocks_its_target_in_the_plan(
    world: World, rule: str, body: str, words: str
) -> None:
    world.tail = f"files:\n  conf.txt: {{{rule}}}\n"
    world.template("project/conf.txt.j2", "{% if target.name == 'api' %}" + body + "{% else %}:\n{% endif %}")
    world.bare_repo("api")
    world.bare_repo("web")
    plan = world.run("plan", "--json")
    assert (plan.code, plan.states()) == (1, {"api": "blocked", "web": "pending"})
    assert words in plan.json["targets"][0]["reason"]
    assert world.run("plan", "--detailed-exitcode").code == 1
    applied = world.run("apply", "--yes", "--json")
    assert (applied.code, applied.outcomes()) == (3, {"api": "blocked", "web": "pushed"})


def test_a_later_set_replaces_a_path_and_variables_have_their_precedence(world: World) -> None:
    world.template("extra/conf.txt.j2", "extra {{ who }} {{ a }} {{ b }}\n")
    world.head = "version: 1\nvars: {who: world, a: 1, b: 1}\ngroups: {g: {vars: {a: 2, b: 2}}}\n"
    world.repo("api", extra=", templates: [project, extra], groups: [g], vars: {b: 3}")
    world.run("apply", "--yes", "--var", "who=you")
    assert world.at("api", "conf.txt") == "extra you 2 3\n"
    sources = {v["name"]: v["source"] for v in world.run("explain", "api", "conf.txt", "--json").json["variables"]}
    assert sources == {"who": "vars", "a": "groups.g", "b": "repos.api"}


def test_an_empty_result_is_an_empty_file_with_a_warning(world: World) -> None:
    world.template("project/conf.txt.j2", "{% if false %}x{% endif %}")
    world.bare_repo("api")
    target = world.run("plan", "--json").json["targets"][0]
    assert target["warnings"]
    world.run("apply", "--yes")
    assert world.at("api", "conf.txt") == ""


def test_files_without_a_suffix_are_merged_by_the_format_they_are_said_to_have(world: World) -> None:
    world.tail = "files:\n  .prettierrc: {mode: merge, format: yaml}\n  .eslintrc: {mode: merge, match: {o: [id]}}\n"
    world.template("project/.prettierrc", "semi: true\n")
    world.template("project/.eslintrc", '{"extends": ["ours"], "o": [{"id": 1, "x": 2}]}\n')
    world.bare_repo(
        "api", {".prettierrc": "# mine\ntabs: yes\n", ".eslintrc": '{"extends": ["theirs"], "o": [{"id": 1}]}\n'}
    )
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    assert world.at("api", ".prettierrc") == "# mine\ntabs: yes\nsemi: true\n"
    assert world.at("api", ".eslintrc") == '{"extends": ["theirs", "ours"], "o": [{"id": 1, "x": 2}]}\n'
    world.template("project/.prettierrc", "quotes: single\n")
    world.template("project/.eslintrc", '{"o": [{"id": 1, "x": 2}]}\n')
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    assert world.at("api", ".prettierrc") == "# mine\ntabs: yes\nquotes: single\n"
    assert world.at("api", ".eslintrc") == '{"extends": ["theirs"], "o": [{"id": 1, "x": 2}]}\n'
    assert world.run("verify").code == 0


def test_a_merged_path_of_unknown_format_is_told_once(world: World) -> None:
    world.tail = "files:\n  '*rc*': {mode: merge}\n"
    world.template("project/.thingrc", "a = 1\n")
    world.template("project/x.rc.json5", "{a: 1}\n")
    world.bare_repo("api")
    world.bare_repo("web")
    validated = world.run("validate")
    assert validated.code == 64
    assert [
        line.partition(": files.")[2].partition("; say it under 'files' with format:")[0]
        for line in validated.err.splitlines()
    ] == [".thingrc: its format is not known", "x.rc.json5: its format is not known"]
    planned = world.run("plan", "--json")
    assert planned.states() == {"api": "blocked", "web": "blocked"}


def test_a_file_that_no_parser_reads_is_blocked_with_its_line() -> None:
    made = step(managed("c.yaml", "zzz: 1\n", rule(Mode.MERGE)), file("a: 1\nb:\n\t- c\n"))
    assert made.state is State.BLOCKED
    assert made.reason.startswith("c.yaml: line 3: not valid YAML: ")


BROKEN_TEMPLATES = {
    "a.yaml": "a: [1\n",
    "b.json.j2": '{"a": NaN}\n',
    "c.toml": "a = 1\na = 2\n",
    "d.ini": "[a\n",
    "e.yaml": "a: 1\nb: 2\na: 3\n",
    "f.json": '{"a": {"b": 1, "b": 2}}\n',
    "g.md": "x\n<!-- rollout:begin other -->\n",
}

MENDED = "files:\n  '[a-f].*': {mode: merge}\n  g.md: {mode: block}\n"


@pytest.mark.parametrize("command", [("validate",), ("plan",), ("validate", "--json")], ids=lambda c: " ".join(c))
def test_every_template_that_can_be_written_into_no_file_is_told_with_its_path_and_line(
    world: World, command: tuple[str, ...]
) -> None:
    (world.root / "templates/project/conf.txt.j2").unlink(missing_ok=True)
    world.tail = MENDED
    for name, text in BROKEN_TEMPLATES.items():
        world.template(f"project/{name}", text)
    world.repo("api", {"README.md": "x\n", "a.yaml": "b: 1\n"})
    told = world.run(*command)
    assert told.code == 1
    said = told.out + told.err
    for name in BROKEN_TEMPLATES:
        assert f"{name.removesuffix('.j2')}: templates/project/{name}" in said, said
    assert "templates/project/a.yaml: line 2: not valid YAML" in said
    assert "templates/project/b.json.j2, as it is rendered: line 1: holds NaN" in said
    assert "templates/project/e.yaml: line 3: the key a stands twice" in said


def test_every_template_that_does_not_parse_is_told_at_once(world: World) -> None:
    world.template("project/a.txt.j2", "{{ who\n")
    world.template("project/b.txt.j2", "{% if %}\n")
    world.bare_repo("api", {"README.md": "x\n"})
    told = world.run("validate")
    assert told.code == 64
    assert "templates/project/a.txt.j2:" in told.err
    assert "templates/project/b.txt.j2:" in told.err
