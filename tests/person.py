"""The person who works in a test: the settings that their git has, and nothing of this machine."""

GITCONFIG = """\
[user]
\tname = Pat Person
\temail = pat@example.org
[init]
\tdefaultBranch = main
[commit]
\tgpgsign = false
[protocol "file"]
\tallow = always
[gc]
\tauto = 0
"""
