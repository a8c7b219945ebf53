"""Little fleets of repositories as people have them: nearly equal files, written by hand at different times."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.world import World

Files = dict[str, str]

EDITORCONFIG = """\
root = true

[*]
charset = utf-8
end_of_line = lf
indent_style = space
indent_size = 4
insert_final_newline = true
max_line_length = {width}
"""

MIT = """\
MIT License

Copyright (c) {year} {holder}

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.
"""

PYTHON_CI = """\
name: CI
on:
  push:
    branches: [{branch}]
  pull_request:
concurrency:
  group: ${{{{ github.workflow }}}}-${{{{ github.ref }}}}
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "{python}"
      - run: pip install -e ".[dev]"
      - run: pytest --cov={package} tests
{deploy}"""

DEPLOY = """\
  deploy:
    needs: test
    if: ${{ github.ref == 'refs/heads/main' }}
    runs-on: ubuntu-latest
    steps:
      - run: ./scripts/deploy.sh
        env:
          TOKEN: ${{ secrets.DEPLOY_TOKEN }}
"""

CLAUDE = """\
# {project}

This service runs on port {port} with Python {python}.

## Rules

- Run `make check` before every commit.
- Never push to `{branch}` directly.
- Ask {owner} before you change the schema.

## Commands

```sh
make run PORT={port}
docker run -p {port}:{port} acme/{project}
```
"""

AGENTS = """\
# For agents

Read CLAUDE.md first. Write tests before code.
Keep commits small, and say why in the body.
"""

DOCKERFILE = """\
FROM python:{python}-slim
WORKDIR /srv/{project}
COPY . .
RUN pip install .
ENV PORT={port}
EXPOSE {port}
CMD ["python", "-m", "{package}"]
"""

NODE_CI = """\
name: CI
on: [push, pull_request]
jobs:
  build:
    runs-on: ubuntu-latest
    strategy:
      matrix:
        node: [{nodes}]
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-node@v4
        with:
          node-version: ${{{{ matrix.node }}}}
      - run: npm ci
      - run: npm test
      - run: |
          cat <<EOF > info.txt
          {project} ${{{{ github.sha }}}}
          EOF
"""

SHARED_SECTION = """\
## Event logging

Log each finished epic with `emit_event`.
Never write into `command_log`: that table is read by nobody any more.

- one event per epic
- the session's id in every one
"""

GITIGNORE = """\
# editors
.idea/
.vscode/
*.swp

# python
__pycache__/
*.py[co]
.venv/
"""


WORDS = """\
queue river ledger window garden engine pilot marble copper signal harbour ticket lantern meadow bridge velvet anchor
candle forest glacier hammer island jacket kettle magnet needle orchard pepper quarry ribbon saddle timber
"""


def prose(seed: str, lines: int) -> str:
    """Return lines that nobody else has."""
    drawn = random.Random(seed)
    return "".join(" ".join(drawn.choices(WORDS.split(), k=7)).capitalize() + ".\n" for _ in range(lines))


@dataclass(frozen=True)
class Fleet:
    """Repositories by name, each with its files."""

    name: str
    repositories: Mapping[str, Files]
    branch: str = "main"
    taken: frozenset[str] = field(default_factory=frozenset)  # paths that must be taken over in some repositories

    def build(self, world: World) -> None:
        for name, files in self.repositories.items():
            world.remote(name, files, self.branch)
            world.clone(name, f"work/{name}", self.branch)


def python_services() -> Fleet:
    """Eight services from one mould: two versions of Python, three with a deployment, one older licence."""
    found: dict[str, Files] = {}
    owners = ("Ana Smith", "Bob Jones", "Ana Smith", "Cy Young", "Ana Smith", "Bob Jones", "Ana Smith", "Ana Smith")
    names = ("billing-api", "search-api", "mail-worker", "auth", "gateway", "reports", "audit-log", "invoices")
    for number, name in enumerate(names):
        said = {
            "project": name,
            "package": name.replace("-", "_"),
            "port": str(8080 + number),
            "python": "3.12" if number % 3 else "3.11",
            "owner": owners[number],
            "branch": "main",
        }
        found[name] = {
            "CLAUDE.md": CLAUDE.format(**said),
            "AGENTS.md": AGENTS,
            ".editorconfig": EDITORCONFIG.format(width=100 if number < 6 else 120),
            "LICENSE": MIT.format(year=2021 + number % 2, holder="Acme Inc."),
            ".github/workflows/ci.yml": PYTHON_CI.format(**said, deploy=DEPLOY if number < 3 else ""),
            "Dockerfile": DOCKERFILE.format(**said),
            "pyproject.toml": f'[project]\nname = "{name}"\nversion = "1.{number}.0"\n',
            "src/main.py": f"print({number})\n",
            "README.md": f"# {name}\n\nWords of its own, number {number}.\n",
        }
    taken = frozenset({"CLAUDE.md", "AGENTS.md", ".editorconfig", "LICENSE", ".github/workflows/ci.yml", "Dockerfile"})
    return Fleet("python services", found, taken=taken)


def mixed_projects() -> Fleet:
    """Six projects, three in Python and three in Node; their CLAUDE.md are their own but for one section."""
    found: dict[str, Files] = {}
    for number, name in enumerate(("api", "jobs", "models", "web", "docs", "admin")):
        own = prose(name, 6 + 3 * number)
        python = number < 3
        ci = (
            PYTHON_CI.format(branch="trunk", python="3.12", package=name, deploy="")
            if python
            else NODE_CI.format(nodes="18, 20" if number == 3 else "20, 22", project=name)
        )
        found[name] = {
            "CLAUDE.md": f"# {name}\n\n{own}\n{SHARED_SECTION}\n## Notes of {name}\n\n{prose(name + '2', 8)}",
            ".gitignore": GITIGNORE + "\n# own\n" + prose(name, 12).lower().replace(" ", "-").replace(".", "/"),
            ".github/workflows/ci.yml": ci,
            ".editorconfig": EDITORCONFIG.format(width=100),
            "LICENSE": MIT.format(year=2024, holder="Jo Doe"),
            ("pyproject.toml" if python else "package.json"): f"{name}\n",
        }
    taken = frozenset({"CLAUDE.md", ".gitignore", ".github/workflows/ci.yml", ".editorconfig", "LICENSE"})
    return Fleet("mixed projects", found, "trunk", taken)


def node_packages() -> Fleet:
    """Five packages with marks of other template languages, odd endings, and settings of one line."""
    found: dict[str, Files] = {}
    for number, name in enumerate(("ui-kit", "icons", "theme", "cli", "lint-rules")):
        found[name] = {
            ".nvmrc": "20\n" if number < 3 else "22\n",
            ".prettierrc": '{"semi": false, "printWidth": 100}',
            ".github/CODEOWNERS": f"* @acme/{'design' if number < 3 else 'tools'}\n/.github/ @acme/platform\n",
            ".github/workflows/release.yml": (
                "name: Release\non:\n  push:\n    tags: ['v*']\njobs:\n  publish:\n    runs-on: ubuntu-latest\n"
                "    permissions: {contents: read, id-token: write}\n    steps:\n      - uses: actions/checkout@v4\n"
                "      - run: npm publish --workspace packages/" + name + "\n        env:\n"
                "          NODE_AUTH_TOKEN: ${{ secrets.NPM_TOKEN }}\n          VERSION: ${{ github.ref_name }}\n"
            ),
            "AGENTS.md": (
                f"# {name}\n\nUse `{{{{ t('key') }}}}` for every text, and {{# notes #}} for translators.\n"
                + ("\n## Stories\n\nEach component has a story.\n" if number < 2 else "")
                + "\nRun npm test before you push, and npm run lint.\n"
            ),
            ".husky/pre-commit": "#!/bin/sh\nnpm run lint\ntest ${#FILES} -gt 0 || exit 0\n",
            "package.json": f'{{"name": "@acme/{name}", "version": "0.{number}.1"}}\n',
            "SECURITY.md": "# Security\n\nWrite to security@example.org. See [policy](docs/policy.md).\n",
        }
    taken = frozenset({".nvmrc", ".prettierrc", ".github/CODEOWNERS", ".github/workflows/release.yml", "AGENTS.md",
                       ".husky/pre-commit", "SECURITY.md"})  # fmt: skip
    return Fleet("node packages", found, taken=taken)


FLEETS = (python_services, mixed_projects, node_packages)


def variables_in(template: str) -> set[str]:
    """Return the names that a template prints or asks for."""
    return set(re.findall(r"(?:\{\{|<<|\{%|<%) (?:if )?([a-z]\w*)", template)) - {"endif"}
