"""Rules once, in a template set: planned, applied, checked, explained and taken back in real repositories."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.first_rows import first_rows
from tests.world import World

DOCS = Path(__file__).parents[3] / "docs/agents.md"

STYLE = "---\ndescription: How code looks\n---\n\n# Style\n\nUse tabs, {{ who }}.\n"
PYTHON = '---\npaths: ["src/**/*.py"]\n---\nUse ruff.\n'


def ruled(world: World, agents: str = "[claude, agents-md, cursor]", **rules: str) -> World:
    """Make a repository whose agents read two rules."""
    world.template("project/rules/style.md.j2", rules.get("style", STYLE))
    world.template("project/rules/python.md", rules.get("python", PYTHON))
    world.bare_repo("api")
    world.defaults = f"defaults: {{templates: [project], agents: {agents}}}\n"
    return world


def test_each_agent_gets_the_rules_in_its_own_files(world: World) -> None:
    ruled(world)
    plan = world.run("plan")
    assert "  + create   .cursor/rules/style.mdc  (made of project/rules/style.md.j2)\n" in plan.out
    assert world.run("apply", "--yes").code == 0
    listed = world.git("api.git", "ls-tree", "-r", "--name-only", "main").splitlines()
    assert listed == [
        ".claude/rules/python.md", ".cursor/rules/python.mdc", ".cursor/rules/style.mdc", "AGENTS.md", "CLAUDE.md",
        "README.md", "conf.txt",
    ]  # fmt: skip
    assert world.at("api", "CLAUDE.md") == (
        "<!-- rollout:begin project -->\n@AGENTS.md\n<!-- rollout:end project -->\n"
    )
    assert world.at("api", ".cursor/rules/style.mdc") == (
        "---\ndescription: How code looks\nglobs:\nalwaysApply: true\n---\n\n# Style\n\nUse tabs, world.\n"
    )
    assert world.at("api", ".claude/rules/python.md") == '---\npaths:\n  - "src/**/*.py"\n---\n\nUse ruff.\n'
    assert (world.at("api", "AGENTS.md") or "").count("Use ruff") == 0  # Claude reads it in its own file
    assert world.run("plan", "--json").states() == {"api": "in-sync"}
    assert world.run("verify").code == 0


def test_the_plan_and_explain_name_the_rules(world: World) -> None:
    ruled(world, "[agents-md]")
    change = world.run("plan", "--json").json["targets"][0]["changes"][0]
    assert (change["path"], change["rules"]) == (
        "AGENTS.md",
        ["project/rules/python.md", "project/rules/style.md.j2"],
    )
    world.run("plan", "--out", "saved")
    explained = world.run("explain", "api", "AGENTS.md", "--json").json
    assert explained["rules"] == ["templates/project/rules/python.md", "templates/project/rules/style.md.j2"]
    assert [one["name"] for one in explained["variables"]] == ["who"]
    assert "  rule         templates/project/rules/python.md" in world.run("explain", "api", "AGENTS.md").out
    assert world.run("apply", "saved", "--yes").code == 0
    assert "Use tabs, world." in (world.at("api", "AGENTS.md") or "")


def test_each_target_and_group_has_its_own_agents(world: World) -> None:
    ruled(world)
    world.head += "groups: {web: {agents: [gemini]}}\n"
    for name, extra in (
        ("web", ", groups: [web]"),
        ("docs", ", groups: [web], agents: [windsurf]"),
        ("none", ", agents: []"),
    ):
        world.remote(name)
        world.entries[name] = f"{{url: {world.root / f'{name}.git'}{extra}}}"
    assert world.run("apply", "--yes").code == 0
    listed = {name: world.git(f"{name}.git", "ls-tree", "-r", "--name-only", "main").split() for name in world.entries}
    assert {
        name: [p for p in paths if p not in {"README.md", "conf.txt"}]
        for name, paths in listed.items()
        if name != "api"
    } == {
        "web": ["GEMINI.md"],
        "docs": [".windsurf/rules/python.md", ".windsurf/rules/style.md"],
        "none": [],
    }


def test_without_agents_a_folder_called_rules_is_a_folder_like_others(world: World) -> None:
    ruled(world)
    world.defaults = "defaults: {templates: [project]}\n"
    assert world.run("apply", "--yes").code == 0
    assert world.at("api", "rules/python.md") == PYTHON


def test_a_later_set_replaces_a_rule(world: World) -> None:
    ruled(world, "[cursor]")
    world.template("own/rules/python.md", "Use black.\n")
    world.defaults = "defaults: {templates: [project, own], agents: [cursor]}\n"
    assert world.run("apply", "--yes").code == 0
    assert (world.at("api", ".cursor/rules/python.mdc") or "").endswith("alwaysApply: true\n---\n\nUse black.\n")


def test_what_is_a_persons_in_shared_files_stays(world: World) -> None:
    ruled(world, "[claude]")
    world.elsewhere("api", {"CLAUDE.md": "# Mine\n\nKeep this.\n"})
    assert world.run("apply", "--yes").code == 4
    assert world.run("apply", "--yes", "--adopt").code == 0
    assert (world.at("api", "CLAUDE.md") or "").startswith("# Mine\n\nKeep this.\n\n<!-- rollout:begin project -->\n")


def test_every_mistake_in_rules_is_told_at_once(world: World) -> None:
    ruled(world, style="---\nagents: [cluade]\n---\nT\n", python="---\npath: x\n---\nT\n")
    world.template("project/rules/empty.md", "\n")
    ran = world.run("validate")
    assert ran.code == 64
    assert (
        "templates/project/rules/style.md.j2:2: agents: no agent is named 'cluade'; did you mean 'claude'?" in ran.err
    )
    assert "templates/project/rules/python.md:2: unknown key 'path'; did you mean 'paths'?" in ran.err
    assert "templates/project/rules/empty.md:1: the rule says nothing" in ran.err


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("AGENTS.md", "own\n", "AGENTS.md is made of rules (style), and of templates/project/AGENTS.md"),
        ("rules/style.md", "T\n", "rules/style.md comes from templates/project/rules/style.md"),
        ("rules/Style.md", "T\n", "differ only in case"),
        ("rules/x/y.md", "T\n", "rules have no folders; name it rules/y.md"),
        ("rules/bin.md", b"\xff\xfe", "is not UTF-8 (byte 0); save it as UTF-8"),
        ("rules/bin.md", b"a\nb\xff", "templates/project/rules/bin.md:2: is not UTF-8 (byte 3); save it as UTF-8"),
        ("rules/a.md.j2", "---\ndescription: a {{ who }}\n---\nT\n", "the front matter is not rendered, and has {{"),
        ("rules/a.md.j2", "{{ nobody() }}\n", "no function is named 'nobody'"),
        ("rules/a.md", "T\n<!-- rule: b -->\n", "holds a line by which rules are told apart"),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_be_written_is_told_before_anything_happens(
    world: World, path: str, text: str | bytes, said: str
) -> None:
    ruled(world)
    world.template(f"project/{path}", text)
    ran = world.run("validate")
    assert ran.code in {1, 64}
    assert said in ran.err, ran.err
    assert world.run("apply", "--yes").code != 0
    assert world.log("api") == ["first"]


def test_a_misspelt_agent_of_the_inventory_is_told(world: World) -> None:
    ran = ruled(world, "[claude, copilott]").run("validate")
    assert ran.code == 64
    assert "inventory.yaml:3: defaults.agents[1]: takes one of claude, agents-md, cursor, copilot" in ran.err


@pytest.mark.parametrize(
    ("agent", "length", "said"),
    [
        ("windsurf", 12_000, ".windsurf/rules/python.md: has 12,042 characters; Windsurf reads 12,000"),
        ("codex", 32_800, "AGENTS.md: has 32,"),
        ("claude", 40_001, ""),
    ],
)
def test_a_file_that_its_agent_does_not_read_whole_is_blocked(world: World, agent: str, length: int, said: str) -> None:
    ruled(world, f"[{agent}]", python='---\npaths: ["src/**/*.py"]\n---\n' + "x" * (length - 1) + "\n")
    ran = world.run("validate")
    assert (ran.code, said in ran.err) == ((1, True) if said else (0, True)), ran.err
    world.tail = "files: {'*.md': {max_chars: 100000}}\n"
    assert world.run("validate").code == 0


def test_a_budget_counts_what_is_written_of_rules(world: World) -> None:
    ruled(world, "[claude, codex]")
    world.tail = (
        "budgets: [{name: session, files: [CLAUDE.md, '.claude/rules/*.md'], follow: imports, max_chars: 100}]\n"
    )
    ran = world.run("plan")
    assert ran.code == 1
    assert "session" in ran.out
    assert world.run("apply", "--yes").code != 0
    assert world.log("api") == ["first"]


def test_rules_may_read_files(world: World) -> None:
    ruled(world, "[cursor]", style="It says: {{ read('README.md') }}")
    assert world.run("apply", "--yes").code == 0
    assert (world.at("api", ".cursor/rules/style.mdc") or "").endswith("\n\nIt says: hello\n")
    world.elsewhere("api", {"README.md": "changed\n"})
    assert world.run("apply", "--yes").code == 0
    assert (world.at("api", ".cursor/rules/style.mdc") or "").endswith("\n\nIt says: changed\n")


def test_another_form_of_front_matter_is_no_drift(world: World) -> None:
    ruled(world, "[cursor]")
    assert world.run("apply", "--yes").code == 0
    world.elsewhere(
        "api", {".cursor/rules/python.mdc": '---\nalwaysApply: false\nglobs: ["src/**/*.py"]\n---\nUse ruff.\n'}
    )
    assert world.run("plan", "--json").states() == {"api": "in-sync"}
    world.elsewhere("api", {".cursor/rules/python.mdc": "---\nalwaysApply: false\nglobs: lib/*.py\n---\nUse ruff.\n"})
    assert world.run("plan", "--json").states() == {"api": "drift"}


TAKEN = [
    (".cursor/rules/style.mdc", "# Style\n\nUse tabs, world.\n", "# Style\n\nUse tabs, world.\n\nAlways.\n",
     "style.md.j2", STYLE + "\nAlways.\n"),
    ("AGENTS.md", "Use tabs, world.", "Use many tabs, world.", "style.md.j2", STYLE.replace("tabs", "many tabs")),
    (".claude/rules/python.md", "Use ruff.", "Use ruff, mypy.", "python.md", PYTHON.replace("ruff", "ruff, mypy")),
    (".cursor/rules/python.mdc", "Use ruff.", "Use ruff, always.", "python.md", PYTHON.replace("ruff", "ruff, always")),
]  # fmt: skip


@first_rows(3, ("path", "was", "new", "rule", "after"), TAKEN)
def test_a_persons_change_comes_back_into_the_rule(
    world: World, path: str, was: str, new: str, rule: str, after: str
) -> None:
    ruled(world)
    assert world.run("apply", "--yes").code == 0
    text = world.at("api", path) or ""
    world.elsewhere("api", {path: text.replace(was, new)})
    ran = world.run("take", "api", path, "--yes")
    assert (ran.code, (world.root / "templates/project/rules" / rule).read_text()) == (0, after), ran.err
    assert world.run("apply", "--yes").code == 0
    assert world.run("verify").code == 0
    assert world.at("api", path) == text.replace(was, new)


GLOBS = "globs: src/**/*.py"
TAKEN_ABOVE = [
    (".cursor/rules/python.mdc", GLOBS, "globs: src/**/*.py, lib/*.{py,pyi}", "python.md",
     '---\npaths: ["src/**/*.py", "lib/*.{py,pyi}"]\n---\nUse ruff.\n'),
    (".cursor/rules/python.mdc", "description:", 'description: "How: Python"', "python.md",
     '---\ndescription: "How: Python"\npaths: ["src/**/*.py"]\n---\nUse ruff.\n'),
    (".cursor/rules/python.mdc", f"{GLOBS}\nalwaysApply: false", "globs:\nalwaysApply: true",
     "python.md", "Use ruff.\n"),
    (".cursor/rules/python.mdc", f"{GLOBS}\nalwaysApply: false\n---\n\nUse ruff.",
     "alwaysApply: false\nglobs: [lib/*]\n---\nUse mypy.", "python.md", '---\npaths: ["lib/*"]\n---\nUse mypy.\n'),
    (".cursor/rules/style.mdc", "globs:\nalwaysApply: true", "globs: a/*\nalwaysApply: false", "style.md.j2",
     '---\ndescription: How code looks\npaths: ["a/*"]\n---\n\n# Style\n\nUse tabs, {{ who }}.\n'),
    (".claude/rules/python.md", '  - "src/**/*.py"', "  - src/*.py\n  - lib/*.py", "python.md",
     '---\npaths: ["src/*.py", "lib/*.py"]\n---\nUse ruff.\n'),
]  # fmt: skip


@first_rows(4, ("path", "was", "new", "rule", "after"), TAKEN_ABOVE)
def test_what_a_person_wrote_above_a_rule_comes_back_into_its_front_matter(
    world: World, path: str, was: str, new: str, rule: str, after: str
) -> None:
    test_a_persons_change_comes_back_into_the_rule(world, path, was, new, rule, after)


def test_front_matter_keeps_its_form_and_its_comments(world: World) -> None:
    head = (
        "---\n# Where?\npaths:   # both\n  - src/**/*.py   # ours\n  - 'tests/*'\n\n# Who?\nagents: [cursor]\n---\n\n"
    )
    ruled(world, "[cursor]", python=f"{head}Use ruff.\n")
    assert world.run("apply", "--yes").code == 0
    path = ".cursor/rules/python.mdc"
    world.elsewhere("api", {path: (world.at("api", path) or "").replace("tests/*", "lib/*")})
    assert world.run("take", "api", path, "--yes").code == 0
    after = (world.root / "templates/project/rules/python.md").read_text()
    assert after == head.replace("'tests/*'", '"lib/*"') + "Use ruff.\n"


def test_the_paths_in_words_of_a_file_with_several_rules_are_taken_too(world: World) -> None:
    ruled(world, "[agents-md]")
    assert world.run("apply", "--yes").code == 0
    text = world.at("api", "AGENTS.md") or ""
    world.elsewhere("api", {"AGENTS.md": text.replace("`src/**/*.py`", "`src/**/*.py`, `lib/*`")})
    assert world.run("take", "api", "AGENTS.md", "--yes").code == 0
    after = (world.root / "templates/project/rules/python.md").read_text()
    assert after == '---\npaths: ["src/**/*.py", "lib/*"]\n---\nUse ruff.\n'


@pytest.mark.parametrize(
    ("path", "was", "new", "said"),
    [
        (".cursor/rules/python.mdc", "alwaysApply: false", "alwaysApply: true", "cursor would read what no rule says"),
        (".cursor/rules/python.mdc", "alwaysApply: false", "alwaysApply: false\nowner: me", "(agents)"),
        (".claude/rules/python.md", '---\npaths:\n  - "src/**/*.py"\n---\n\n', "",
         "--on-drift .claude/rules/python.md=keep`"),
        ("AGENTS.md", "<!-- rule: python -->", "<!-- rule: snake -->", "line 1 stands around the texts of rules"),
    ],
)  # fmt: skip
def test_what_no_rule_can_say_is_refused_with_the_way_out(
    world: World, path: str, was: str, new: str, said: str
) -> None:
    ruled(world)
    assert world.run("apply", "--yes").code == 0
    text = world.at("api", path) or ""
    assert was in text
    world.elsewhere("api", {path: text.replace(was, new)})
    ran = world.run("take", "api", path, "--yes")
    assert (ran.code, said in ran.err, (world.root / "templates/project/rules/python.md").read_text()) == (
        4, True, PYTHON,
    ), ran.err  # fmt: skip


def test_the_example_of_the_documentation_works(world: World) -> None:
    (defaults, *_), (rule, *_) = (
        re.findall(rf"^```{language}[^\n]*\n(.*?)^```$", DOCS.read_text(), flags=re.MULTILINE | re.DOTALL)
        for language in ("yaml", "markdown")
    )
    world.template("core/rules/python.md.j2", rule)
    world.bare_repo("api")
    world.head, world.defaults = "version: 1\nvars: {project: api}\n", defaults
    assert world.run("validate").code == 0
    assert world.run("apply", "--yes").code == 0
    assert "Every function of api is annotated." in (world.at("api", ".cursor/rules/python.mdc") or "")
