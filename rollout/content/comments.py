"""How each kind of text file writes a comment on one line."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from msgspec import Struct


class Comment(Struct, frozen=True):
    """The text before a comment and the text that ends it; nothing ends one that goes to the end of its line."""

    opening: str
    closing: str = ""

    def around(self, text: str) -> str:
        return f"{self.opening} {text} {self.closing}".rstrip()


HASH, SLASHES, DASHES = Comment("#"), Comment("//"), Comment("--")

HTML, C, MDX = Comment("<!--", "-->"), Comment("/*", "*/"), Comment("{/*", "*/}")

SEMICOLON, PERCENT, QUOTE, BANG, APOSTROPHE = Comment(";"), Comment("%"), Comment('"'), Comment("!"), Comment("'")

REM, RST, ML, DNL, JINJA = Comment("rem"), Comment(".."), Comment("(*", "*)"), Comment("dnl"), Comment("{#", "#}")

HANDLEBARS, GO_TEMPLATE, JSP = Comment("{{!--", "--}}"), Comment("{{/*", "*/}}"), Comment("<%--", "--%>")

ROFF, BATCH, LOUD = Comment('.\\"'), Comment("::"), Comment("REM")

# A suffix of two languages that write comments in different ways is none of these, such as m, v, cl and cls: the
# other would not read the file any more. In assembler GNU's programs take a semicolon for the end of a statement.
# Rows of suffixes or, below, of whole names, all in lower case.
_SUFFIXES = {
    HTML: (
        "md markdown mdown mkd mdc mdwn qmd rmd html htm xhtml xml svg vue svelte astro xsd xsl xslt wsdl rss atom "
        "plist csproj fsproj vbproj vcxproj props targets resx nuspec xaml axaml fxml kml gpx dita storyboard xib "
        "iml ui"
    ),
    HASH: (
        "sh bash zsh ksh fish yaml yml toml py pyi pyw rb rake gemspec pl pm t r jl cmake mk mak make conf cfg cnf "
        "properties env tf tfvars hcl nomad nix ps1 psm1 psd1 ex exs cr nim coffee tcl awk sed gd graphql gql "
        "service socket timer target mount path slice network netdev desktop gitignore dockerignore gitattributes "
        "editorconfig dockerfile containerfile bzl bazel star starlark elv raku rego po pot feature gitconfig list "
        "repo rules robot sls spec snakefile smk envrc mojo csh tcsh nu jq ninja gn gni pp puppet meson cff"
    ),
    SLASHES: (
        "js mjs cjs jsx ts mts cts tsx c cc cpp cxx h hh hpp hxx mm cs java kt kts swift go rs scala sc dart "
        "proto groovy gradle php zig scss sass json5 jsonc cu cuh glsl vert frag hlsl wgsl metal sol move sv svh "
        "fs fsx fsi d odin bicep jenkinsfile thrift fbs capnp cue pkl dot gv styl stylus ino typ prisma libsonnet "
        "jsonnet code-workspace tsp adoc asciidoc"
    ),
    C: "css less pcss postcss s",
    DASHES: "sql psql ddl pgsql lua hs lhs elm adb ads vhd vhdl purs dhall applescript plsql luau idr agda ada",
    SEMICOLON: "lisp lsp el clj cljs cljc edn scm ss rkt ini asm nasm ahk inf reg au3 fnl janet wat zone",
    PERCENT: "tex sty ltx bib erl hrl dtx ps eps",
    QUOTE: "vim vimrc",
    BANG: "f90 f95 f03 f08 f xresources xdefaults",
    APOSTROPHE: "vb vbs bas",
    REM: "bat cmd",
    RST: "rst rest",
    ML: "ml mli pas dpr wl sml",
    DNL: "m4 ac",
    MDX: "mdx",
    JINJA: "j2 jinja jinja2 njk twig",
    HANDLEBARS: "hbs handlebars",
    GO_TEMPLATE: "gotmpl",
    JSP: "jsp",
    ROFF: "man roff",
}

_NAMES = {
    HASH: (
        "makefile gnumakefile bsdmakefile dockerfile containerfile gemfile rakefile vagrantfile justfile .justfile "
        "brewfile podfile fastfile appfile guardfile capfile berksfile codeowners procfile snakefile tiltfile "
        "earthfile .gitignore .gitattributes .gitmodules .gitconfig .mailmap .dockerignore .containerignore "
        ".npmignore .eslintignore .prettierignore .stylelintignore .helmignore .gcloudignore .cfignore .slugignore "
        ".vercelignore .ignore .rgignore .fdignore .hgignore .editorconfig .env .envrc .flaskenv .bashrc "
        ".bash_profile .bash_aliases .bash_logout .profile .zshrc .zshenv .zprofile .inputrc .tmux.conf .npmrc "
        ".yarnrc .curlrc .wgetrc .gemrc .irbrc .rspec .pylintrc .flake8 .coveragerc pipfile setup.cfg tox.ini "
        "mypy.ini pytest.ini .cursorignore .cursorindexingignore .aiderignore .geminiignore cmakelists.txt "
        "meson.build meson_options.txt build workspace build.bazel module.bazel .bazelrc .bazelignore "
        "requirements.txt constraints.txt crontab hosts fstab sshd_config ssh_config known_hosts authorized_keys "
        "config.fish pkgbuild apkbuild robots.txt .tool-versions pre-commit commit-msg pre-push post-merge "
        "nginx.conf caddyfile pylintrc gitconfig npmrc .pypirc .screenrc .gdbinit"
    ),
    SLASHES: (
        "jenkinsfile go.mod go.work tsconfig.json jsconfig.json .eslintrc.json .swcrc .jshintrc devcontainer.json "
        "deno.jsonc .hintrc settings.gradle"
    ),
    QUOTE: ".vimrc .gvimrc .ideavimrc _vimrc",
    SEMICOLON: ".emacs .guile",
    BANG: ".xresources .xdefaults",
}

_BEGINNINGS = {"dockerfile.": HASH, "containerfile.": HASH, "makefile.": HASH, "jenkinsfile.": SLASHES, ".env.": HASH,
               "requirements-": HASH, "requirements.": HASH, "constraints-": HASH}  # fmt: skip


_BY_SUFFIX = {suffix: form for form, row in _SUFFIXES.items() for suffix in row.split()}
_BY_NAME = {name: form for form, row in _NAMES.items() for name in row.split()}


KNOWN = tuple(dict.fromkeys((*_SUFFIXES, *_NAMES, BATCH, LOUD)))  # every form a marker may have been written in


_INTERPRETERS = {
    HASH: "sh bash dash ash zsh ksh fish csh tcsh python pypy perl ruby awk gawk sed tclsh rscript make nu nix-shell",
    SLASHES: "node nodejs deno bun php swift scala",
    DASHES: "lua luajit runghc",
}

_BY_INTERPRETER = {name: form for form, row in _INTERPRETERS.items() for name in row.split()}
_SHEBANG = re.compile(rb"#![ \t]*(?:\S*/)?(?:env[ \t]+(?:-\S+[ \t]+|\w+=\S*[ \t]+)*(?:\S*/)?)?([^\s/]+)")


def of_script(content: bytes) -> Comment | None:
    """Return the comment form of a script by the interpreter in its first line, or None if it has none."""
    found = _SHEBANG.match(content.removeprefix(b"\xef\xbb\xbf"))
    name = found[1].decode("utf-8", "replace").lower().rstrip("0123456789.") if found else ""
    return _BY_INTERPRETER.get(name)


def of(path: PurePosixPath) -> Comment | None:
    """Return the comment form of a file with that name, or None if it is not known."""
    name = path.name.lower()
    if name in _BY_NAME:
        return _BY_NAME[name]
    beginning = next((form for start, form in _BEGINNINGS.items() if name.startswith(start)), None)
    suffix = name.rpartition(".")[2] if "." in name else ""
    return _BY_SUFFIX.get(suffix, beginning)
