"""`init` reads the files of agents back into rules, each once, and the first plan is in sync."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.first_rows import first_rows
from tests.world import World

STYLE = "# Style\n\nUse tabs. Name things as the glossary of {name} does.\nTests come first.\n"
PYTHON = "Use ruff and mypy.\n\nNo wildcard imports, no print.\n"
OTHER = "This repository is about {name}. Deploy it with make deploy, and watch the board.\n"
HEAD = "---\ndescription: Python\nglobs: src/**/*.py,tests/**/*.py\nalwaysApply: false\n---\n"

Files = dict[str, str]


def fleet(world: World, files: Files, *names: str) -> World:
    shutil.rmtree(world.root / "templates")
    for name in names or ("api", "web", "docs"):
        world.remote(name, {path: text.replace("{name}", name) for path, text in {"README.md": name, **files}.items()})
        world.clone(name, f"work/{name}")
    return world


def learned(world: World) -> dict[str, str]:
    """Let init learn; return the rules that it wrote, once the plan is in sync."""
    ran = world.run("init", "work", "--yes", write=False)
    assert ran.code == 0, ran.err
    plan = world.run("plan", "--json", write=False)
    assert set(plan.states().values()) == {"in-sync"}, plan.out
    assert world.run("verify", write=False).code == 0
    templates = world.root / "templates"
    return {path.name: path.read_text() for path in sorted(templates.rglob("rules/*"))}


def written(world: World) -> list[Path]:
    return [path for path in (world.root / "templates").rglob("*") if path.is_file() and "README" not in path.name]


def defaults(world: World) -> str:
    return next(
        line for line in (world.root / "inventory.yaml").read_text().splitlines() if line.startswith("defaults")
    )


def test_one_text_in_the_files_of_several_agents_is_one_rule(world: World) -> None:
    fleet(world, {"AGENTS.md": STYLE, "GEMINI.md": STYLE, ".github/copilot-instructions.md": STYLE})
    assert learned(world) == {"general.md.j2": STYLE.replace("{name}", "{{ project }}")}
    assert defaults(world) == "defaults: {templates: [common], agents: [agents-md, copilot, gemini]}"
    rule = next((world.root / "templates").rglob("rules/*"))
    rule.write_text(rule.read_text() + "And be kind.\n")
    assert world.run("apply", "--yes", write=False).code == 0
    for path in ("AGENTS.md", "GEMINI.md", ".github/copilot-instructions.md"):
        assert "glossary of web does.\nTests come first.\nAnd be kind." in (world.at("web", path) or "")


def test_the_formats_of_rules_become_rules_with_their_paths_and_agents(world: World) -> None:
    fleet(
        world,
        {
            ".cursor/rules/python.mdc": f"{HEAD}{PYTHON}",
            ".windsurf/rules/python.md": (
                f"---\ntrigger: glob\nglobs: src/**/*.py,tests/**/*.py\ndescription: Python\n---\n{PYTHON}"
            ),
            ".cursor/rules/style.mdc": f"---\ndescription:\nglobs:\nalwaysApply: true\n---\n\n{STYLE}",
            "CLAUDE.md": OTHER,
        },
    )
    assert learned(world) == {
        "python.md": (
            '---\ndescription: Python\npaths: ["src/**/*.py", "tests/**/*.py"]\nagents: [cursor, windsurf]\n---\n\n'
            f"{PYTHON}"
        ),
        "style.md.j2": "---\nagents: [cursor]\n---\n\n" + STYLE.replace("{name}", "{{ project }}"),
    }
    assert defaults(world) == "defaults: {templates: [common], agents: [cursor, windsurf]}"
    assert list((world.root / "templates").rglob("CLAUDE.md.j2"))  # it alone says this: a file like others


def test_claude_imports_what_others_read(world: World) -> None:
    fleet(world, {"AGENTS.md": STYLE, "CLAUDE.md": "@AGENTS.md\n", ".github/copilot-instructions.md": STYLE})
    learned(world)
    assert "general.md.j2" in {path.name for path in (world.root / "templates").rglob("rules/*")}


@first_rows(
    5,
    "files",
    [
        {"CLAUDE.md": STYLE, "AGENTS.md": OTHER},
        {"CLAUDE.md": STYLE, "AGENTS.md": STYLE},
        {".cursor/rules/a.mdc": f"---\ndescription: when asked\nglobs:\nalwaysApply: false\n---\n{STYLE}"},
        {".cursor/rules/a.mdc": f"---\nglobs:\nalwaysApply: true\nowner: me\n---\n{STYLE}"},
        {".cursor/rules/a.mdc": f"---\nglobs: [\n---\n{STYLE}"},
        {".claude/rules/a.md": STYLE},
        {".cursor/rules/python.mdc": f"{HEAD}{PYTHON}", "rules/own.md": "Ours.\n"},
        {"GEMINI.md": STYLE + "<!-- rule: x -->\nOne\n\n<!-- rule: x -->\nTwo\n"},
    ],
)
def test_what_rules_cannot_say_is_learned_as_files_like_others(world: World, files: Files) -> None:
    learned(fleet(world, files))
    assert "agents:" not in (world.root / "inventory.yaml").read_text()
    assert {path.name.removesuffix(".j2") for path in written(world)} == {path.rsplit("/", 1)[-1] for path in files}


def test_a_repository_that_says_something_else_keeps_what_it_says(world: World) -> None:
    fleet(world, {".cursor/rules/python.mdc": f"{HEAD}{PYTHON}", "AGENTS.md": STYLE, "GEMINI.md": STYLE})
    other = {
        ".cursor/rules/python.mdc": f"{HEAD.replace('src', 'lib')}{PYTHON}",
        "AGENTS.md": STYLE,
        "GEMINI.md": OTHER,
    }
    world.remote("odd", {path: text.replace("{name}", "odd") for path, text in other.items()})
    world.clone("odd", "work/odd")
    found = learned(world)
    assert set(found) == {"general.md.j2", "python.md"}


def test_where_rules_would_make_a_file_that_is_not_there_files_stay_as_they_are(world: World) -> None:
    """Claude would read the rule in CLAUDE.md, too, which these repositories do not have."""
    claude = '---\npaths:\n  - "src/**/*.py"\n---\n\n' + PYTHON
    fleet(
        world, {".claude/rules/python.md": claude, ".cursor/rules/python.mdc": f"{HEAD}{PYTHON}", "GEMINI.md": PYTHON}
    )
    learned(world)
    assert world.at("web", "CLAUDE.md") is None


def added(world: World, *names: str, files: Files) -> None:
    """Let further repositories be there, take them in, and see that all is in sync."""
    for name in names:
        world.remote(name, {path: text.replace("{name}", name) for path, text in {"README.md": name, **files}.items()})
        world.clone(name, f"work/{name}")
    ran = world.run("init", "work", "--add", "--yes", write=False)
    assert ran.code == 0, ran.err
    plan = world.run("plan", "--json", write=False)
    assert set(plan.states().values()) == {"in-sync"}, plan.out
    assert world.run("verify", write=False).code == 0


def entries(world: World) -> list[str]:
    return [line.strip() for line in (world.root / "inventory.yaml").read_text().splitlines() if line.startswith("  ")]


CURSOR = ".cursor/rules/python.mdc"
BOTH = {"AGENTS.md": STYLE, "GEMINI.md": STYLE}
EDITOR = {".editorconfig": "root = true\n\n[*]\nend_of_line = lf\nindent_style = space\n"}


def test_new_repositories_with_agents_files_get_rules(world: World) -> None:
    learned(fleet(world, EDITOR))
    added(world, "x", "z", files={**EDITOR, **BOTH, CURSOR: f"{HEAD}{PYTHON}"})
    assert [line for line in entries(world) if line[0] in "xz"] == [
        f"{name}: {{path: {name}, templates: [common, general], agents: [agents-md, cursor, gemini], "
        f"vars: {{project: {name}}}}}"
        for name in "xz"
    ]
    rules = sorted((world.root / "templates/general/rules").iterdir())
    assert [rule.name for rule in rules] == ["general.md.j2", "python.md"]
    assert rules[0].read_text().startswith("---\nagents: [agents-md, gemini]\n---\n\n# Style\n")


def test_files_of_agents_that_are_new_in_old_repositories_become_rules(world: World) -> None:
    learned(fleet(world, EDITOR))
    for name in ("api", "web"):
        world.commit(f"work/{name}", {path: text.replace("{name}", name) for path, text in BOTH.items()}, push=True)
    added(world, files={})
    assert [line for line in entries(world) if "agents" in line] == [
        f"{name}: {{path: {name}, vars: {{project: {name}}}, "
        "templates: [common, general], agents: [agents-md, gemini]}"
        for name in ("api", "web")
    ]


def test_a_new_repository_takes_the_rules_that_are_there_with_its_own_variables(world: World) -> None:
    style = STYLE.replace("Tests", "Ask {name}-team.\nTests")
    learned(fleet(world, {"AGENTS.md": style, "GEMINI.md": style, **EDITOR}))
    added(world, "late", files={"AGENTS.md": style, "GEMINI.md": style, **EDITOR})
    assert entries(world)[-1] == "late: {path: late, templates: [common], vars: {project: late}}"


def test_a_new_repository_reads_rules_with_the_agents_that_it_has(world: World) -> None:
    learned(fleet(world, {**BOTH, **EDITOR}))
    added(world, "late", files={"AGENTS.md": STYLE, **EDITOR})
    assert entries(world)[-1] == "late: {path: late, templates: [common], agents: [agents-md], vars: {project: late}}"


def test_further_rules_of_a_repository_with_rules_are_for_whom_they_were(world: World) -> None:
    """Where more agents would write more files of the old rules, the new files stay files."""
    learned(fleet(world, {**BOTH, **EDITOR}))
    for name in ("api", "web"):
        world.commit(f"work/{name}", {CURSOR: f"{HEAD}{PYTHON}"}, push=True)
    added(world, files={})
    assert [path.name for path in written(world)].count("python.mdc") == 1
    assert [line for line in entries(world) if "cursor" in line and "agents" in line] == []
