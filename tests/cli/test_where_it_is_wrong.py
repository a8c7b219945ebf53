"""`verify` tells a text that a policy refuses from a file or a template that cannot be read."""

from __future__ import annotations

from tests.first_rows import first_rows
from tests.world import World


@first_rows(
    4,
    ("name", "template", "there", "rule", "where"),
    [
        ("a.yaml", "a: 1\n", "b: [\n", "mode: merge", "upstream"),
        ("a.yaml", "a: [\n", "b: 1\n", "mode: merge", "upstream"),
        ("a.md", "x\n", "<!-- rollout:begin project -->\n", "mode: block", "upstream"),
        ("a.txt", "{{ nope }}\n", None, "mode: whole", "upstream"),
        ("a.txt", "a\nb\n", None, "max_lines: 1", "policy"),
        ("a.yaml", "a: 1\n", "b: 1\nc: 1\n", "mode: merge, max_lines: 2", "policy"),
        ("a.txt", "<<<<<<< x\n", None, "mode: whole", "policy"),
        ("a.sh", "if\n", None, 'check: "bash -n {path}"', "policy"),
    ],
)
def test_only_what_a_policy_refuses_is_told_as_one(
    world: World, name: str, template: str, there: str | None, rule: str, where: str
) -> None:
    world.template(f"project/{name}" + (".j2" if "{{" in template else ""), template)
    world.bare_repo("api", {name: there} if there is not None else None)
    world.tail = f"files: {{{name}: {{{rule}}}}}\n"
    ran = world.run("verify", "--json")
    found = [(one["where"], one["path"]) for one in ran.json["targets"][0]["mismatches"] if one["path"] == name]
    assert found == [(where, name)]
    assert f"{where}: " in world.run("verify").out + world.run("verify").err
