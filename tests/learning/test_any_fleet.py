"""Whatever files say: what `init` takes over of them comes out of the templates to the byte."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from hypothesis import given
from hypothesis import strategies as st

from rollout.fleet.learn import learned, not_in_sync
from rollout.fleet.survey import Surveyed
from rollout.inventory.read import parse
from rollout.learning import inventory_text
from rollout.model.files import File, Snapshot
from rollout.model.inventory import FoundCheckout, Mode
from rollout.model.learning import Form, Sample, Takeover
from rollout.rendering.desired import Rendering
from rollout.rendering.templates import set_names
from tests.searches import at_most

PATHS = [
    PurePosixPath(name) for name in ("CLAUDE.md", ".github/workflows/ci.yml", "a.toml", "x.j2", "[id].txt", "w#: x")
]

SAME = (
    "# title\nshared: one\nshared: two\nshared: three\n{{ own }} and ${{ github.ref }}\ncat <<EOF\n{# no #}\n<% x %>\n"
)

ODD = st.sampled_from(
    ["{{", "}}", "{% raw %}", "${{ x }}", "<<", ">>", "\u2028", "\x85", "\u200b", "'", '"', ": ", " #", "\t", "\\", "~",
     "null", "0644", "3.10", "1e3", "yes", "- a", "[", "}", "&a", "*a", "!!x", "%", "@b.md", "[x](y.md)", "---", "é",
     "\U0001f600", "<!-- rollout:begin x -->"]
)  # fmt: skip

LINE = st.lists(st.one_of(ODD, st.sampled_from(["port: ", "name = ", "word ", "8080"])), min_size=1, max_size=4).map(
    "".join
)
OWN = st.lists(LINE, max_size=3).map("\n".join)
FILE = st.tuples(OWN, OWN, st.sampled_from(["", "\n"]), st.booleans()).map(
    lambda drawn: File(f"{drawn[0]}\n{SAME}{drawn[1]}{drawn[2]}".encode(), drawn[3])
)
REPOSITORY = st.dictionaries(st.sampled_from(PATHS), FILE, min_size=1)


def surveyed(files: dict[str, dict[PurePosixPath, File]]) -> Surveyed:
    sources = tuple(
        Sample(
            name,
            FoundCheckout(name, PurePosixPath(name), "main", "origin"),
            f"/srv/{name}.git",
            frozenset(map(str, theirs)),
            Snapshot("", theirs),
        )
        for name, theirs in files.items()
    )
    return Surveyed(sources, tuple(PATHS), ())


def rendered(made: Takeover) -> dict[tuple[str, PurePosixPath], bytes]:
    text, templates = inventory_text.inventory(made, "."), made.templates()
    inventory = parse(text, Path("/x/inventory.yaml"), shown="x", sets=set_names(templates, Path("/nowhere")))
    with Rendering(templates, inventory.patterns, inventory.machines, None) as rendering:
        return {
            (target.name, item.path): item.body
            for target in inventory.targets
            for item in rendering.desired(target).managed
            if item.mode is Mode.WHOLE
        }


@at_most(300)
@given(st.lists(REPOSITORY, min_size=2, max_size=4))
def test_what_is_taken_over_comes_out_to_the_byte(drawn: list[dict[PurePosixPath, File]]) -> None:
    files = dict(zip(("api", "web-app", "cli", "x_1"), drawn, strict=False))
    made = learned(surveyed(files), ".", Path("/x"))
    assert not_in_sync(made, ".", Path("/x")) == {}
    whole = {(n, one.path) for one in made.files if one.form is Form.TEMPLATE for n in one.repositories}
    if made.sets:
        assert rendered(made) == {(name, path): files[name][path].content for name, path in whole}
    reasons = [one.reason for one in made.left_out if "would not come out" in one.reason]
    assert reasons == []  # the proof is the last resort: what is proposed is right by itself
